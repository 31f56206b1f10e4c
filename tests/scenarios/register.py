#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""register: what a phone's REGISTER becomes at the PBX, and what comes back."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.accounts import house_with_account
from sipwaketest.house import OFFER, House
from sipwaketest.message import parameter, uri_of
from sipwaketest.tap import main, test
from sipwaketest.uri import Uri

FEATURE_CAPS = re.compile(r'\*;\+sip\.pns="webpush";\+sip\.vapid="[A-Za-z0-9_-]{87}"'
                          r';\+sip\.pnspurr="[a-z0-9]{20,}"')


def see_an_opaque_contact(stage, transport, pbx_transport, ipv6=False):
    house = House(stage, pbx_transport=pbx_transport, ipv6=ipv6)
    phone = house.phone(transport=transport, contact_params=";ob", header_params=";reg-id=1")
    phone.register_ok(headers=[("Path", "<sip:192.0.2.9;lr>")])
    contact = Uri(house.pbx.contact("alice").uri)
    assert contact.address == house.pbx_door, f"the PBX's Contact is {contact.text}"
    assert contact.user and "alice" not in contact.user, contact.text
    for request in house.pbx.registers():
        assert request.uri == f"sip:{house.pbx.domain}", request.uri
        assert uri_of(request.get("To")) == phone.aor
        assert house.pbx.registrar.asked(request) == 3600
        assert request.flow.transport == pbx_transport
    assert len(house.pbx.registers()) == 2
    house.assert_pbx_clean()
    house.assert_settled(phone)


@test
def the_pbx_sees_an_opaque_contact_udp(stage):
    see_an_opaque_contact(stage, "udp", "udp")


@test
def the_pbx_sees_an_opaque_contact_tcp(stage):
    see_an_opaque_contact(stage, "tcp", "tcp")


@test
def the_pbx_sees_an_opaque_contact_ipv6(stage):
    see_an_opaque_contact(stage, "tcp", "udp", ipv6=True)


@test
def challenge_and_credentials_are_relayed(stage):
    house = House(stage)
    phone = house.phone()
    challenge = phone.send_register().expect(401)
    sent = [m for m in stage.trace.once("pbx", sent=True) if m.status == 401]
    assert challenge.get("WWW-Authenticate") == sent[0].get("WWW-Authenticate")
    phone.send_register(challenge=challenge).expect(200)
    stage.trace.assert_order("alice> REGISTER", "pbx< REGISTER", "pbx> 401 REGISTER",
                             "alice< 401 REGISTER", "alice> REGISTER", "pbx< REGISTER",
                             "pbx> 200 REGISTER", "alice< 200 REGISTER")
    first, second = house.pbx.registers()
    assert first.call_id == second.call_id and first.cseq[0] < second.cseq[0]
    house.assert_settled(phone)


@test
def every_digest_goes_through(stage):
    for algorithm, qop in (("SHA-256", "auth"), ("MD5", ""), ("SHA-256", "")):
        house = House(stage, algorithm=algorithm, qop=qop)
        house.pbx.stale_once = True
        phone = house.phone()
        phone.register_ok()
        assert len(house.pbx.contacts("alice")) == 1
        house.tear_down(phone)


@test
def the_phone_gets_its_own_contact_back(stage):
    house = House(stage, grant=1800)
    phone = house.phone()
    answer = phone.register_ok()
    assert len(answer.values("Contact")) == 1, answer.values("Contact")
    contact = answer.values("Contact")[0]
    assert uri_of(contact) == uri_of(phone.contact()), contact
    assert 1790 <= int(parameter(contact, "expires")) <= 1800, contact
    caps = answer.values("Feature-Caps")
    assert len(caps) == 1 and FEATURE_CAPS.fullmatch(caps[0].replace("; ", ";")), caps
    assert house.pbx.contact("alice").uri not in answer.raw.decode()


@test
def a_phone_without_push_is_promised_none(stage):
    house = House(stage)
    answer = house.phone(path="").register_ok()
    assert not answer.values("Feature-Caps")
    assert len(house.pbx.contacts("alice")) == 1


@test
def repeated_registrations_keep_one_contact(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    contact = house.pbx.contact("alice").uri
    phone.register_ok()
    phone.send_register().expect(401)  # and is interrupted
    for _ in range(2):
        phone.sleep()
        phone.wake()
        phone.register_ok()
    assert house.pbx.contact("alice").uri == contact
    house.restart()
    phone.register_ok()
    assert house.pbx.contact("alice").uri == contact, "the token outlives the process"


def change_address(stage, first, expires, **identity):
    """A phone that learns behind which address it is names both in one REGISTER."""
    house = House(stage)
    phone = house.phone(**identity)
    new = phone.contact()
    old = new.replace(f"@{phone.address}:{phone.port}", "@192.0.2.9:5060")
    both = [f"{new};expires=3600", f"{old};expires={expires}"]
    answer = phone.register_ok(contact=", ".join(both if first else reversed(both)))
    assert [uri_of(c) for c in answer.values("Contact")] == [uri_of(new)], answer.values("Contact")
    assert all(len(r.values("Contact")) == 1 for r in house.pbx.registers()), \
        "the PBX was told to remove what it was to add"
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, phone))
    house.tear_down(phone)


@test
def a_phone_removes_its_old_address_with_the_new_one(stage):
    change_address(stage, True, 0)
    change_address(stage, False, 0)
    change_address(stage, True, 0, instance=False)
    change_address(stage, False, 600)


@test
def two_devices_have_two_contacts(stage):
    house = House(stage)
    for number, address in enumerate((ports.PHONE, ports.OTHER_PHONE)):
        phone = house.phone(path=f"/push/alice{number}", address=address)
        phone.instance = f"urn:uuid:00000000-0000-4000-8000-00000000000{number}"
        phone.register_ok()
    assert len(house.pbx.contacts("alice")) == 2


@test
def a_wrong_password_leaves_the_old_binding(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    contact = house.pbx.contact("alice").uri
    thief = house.phone(path="/push/thief", password="wrong", address=ports.STRANGER)
    assert thief.register().status == 401
    assert house.pbx.contact("alice").uri == contact
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    thief.assert_quiet()
    house.push.assert_pushes(0, "/push/thief")
    house.assert_settled(phone)


@test
def what_the_pbx_forbids_is_not_stored(stage):
    house = House(stage)
    house.pbx.forbidden.add("alice")
    phone = house.phone()
    assert phone.register().status == 403
    uri = f"sip:alice@{ports.PBX_SIDE}:{house.pbx_port}"
    house.pbx.call("alice", OFFER, uri=uri).expect(404)
    house.push.assert_pushes(0)
    house.assert_settled()


@test
def a_de_registration_reaches_the_pbx(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    contact = house.pbx.contact("alice").uri
    assert phone.deregister().status == 200
    assert not house.pbx.contacts("alice")
    house.pbx.call("alice", OFFER, uri=contact).expect(404)
    house.push.assert_pushes(0)
    house.assert_pbx_clean()


@test
def answers_that_cross_change_nothing_back(stage):
    """The PBX has both REGISTERs, and its answer to the older one comes late."""
    house = House(stage, qop="")
    phone = house.phone()
    challenge = phone.send_register().expect(401)
    house.pbx.hold_registers = True
    coming = phone.send_register(challenge=challenge)
    older = house.pbx.expect_request("REGISTER")
    leaving = phone.send_register(0, challenge)
    newer = house.pbx.expect_request("REGISTER")
    house.pbx.finish_register(newer)
    leaving.expect(200)
    house.pbx.reply(older, 200, headers=[("Contact", f"{older.get('Contact')}")])
    coming.expect(500)
    house.pbx.call("alice", OFFER, uri=uri_of(older.get("Contact"))).expect(404)


@test
def an_older_removal_of_all_removes_nothing(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_number = 10
    phone.register_ok()
    registers = len(house.pbx.registers())
    phone.register_number = 1
    assert phone.register(expires=0, contact="*").status == 500
    assert len(house.pbx.registers()) == registers, "it did not reach the PBX"
    phone.register_number = 20
    assert phone.register(expires=0, contact="*").status == 200
    assert not house.pbx.contacts("alice")


@test
def a_removal_of_all_removes_what_was_renewed_meanwhile(stage):
    """Here and on the disk, as at the PBX, which had the renewal first."""
    house = House(stage)
    first, second = house.phone(), house.phone(address=ports.OTHER_PHONE)
    number(second, 2)
    for phone in (first, second):
        phone.register_ok()
    contacts = [contact.uri for contact in house.pbx.contacts("alice")]
    leave, renew = (phone.send_register().expect(401) for phone in (first, second))
    house.pbx.hold_registers = True
    leaving = first.send_register(0, leave, contact="*")
    late = house.pbx.expect_request("REGISTER")
    renewing = second.send_register(challenge=renew)
    house.pbx.finish_register(house.pbx.expect_request("REGISTER"))
    renewing.expect(200)
    house.pbx.finish_register(late)
    leaving.expect(200)
    assert not house.pbx.contacts("alice")
    for uri in contacts:
        house.pbx.call("alice", OFFER, uri=uri).expect(404)


@test
def what_is_granted_for_ever_does_not_end_at_once(stage):
    house = House(stage)
    usual = house.pbx.automatic["REGISTER"]

    def grant(request):
        if not request.get("Authorization"):
            return usual(request)
        contact = uri_of(request.get("Contact"))
        return house.pbx.reply(request, 200, headers=[
            ("Contact", f"<{contact}>;expires=9223372036854775807")]) or True
    house.pbx.automatic["REGISTER"] = grant
    phone = house.phone()
    phone.register_ok()
    uri = uri_of(house.pbx.registers()[-1].get("Contact"))
    for _ in range(2):
        call = house.pbx.call("alice", OFFER, uri=uri)
        house.finish(call, house.connect(call, phone))
        house.restart()


@test
def an_interval_too_brief_comes_back(stage):
    house = House(stage, config={"pbx:office": {"register-expires": 60}}, min_expires=600)
    phone = house.phone()
    answer = phone.register(expires=300)
    assert (answer.status, answer.get("Min-Expires")) == (423, "600"), answer.start
    assert not house.pbx.contacts("alice")


@test
def an_interval_too_brief_to_push_in_is_refused(stage):
    house = House(stage)
    phone = house.phone()
    answer = phone.register(expires=239)
    assert (answer.status, answer.get("Min-Expires")) == (423, "240"), answer.start
    assert not house.pbx.registers()
    phone.register_ok(expires=240)
    house.phone("bob", path="").register_ok(expires=60)


def disable_and_call(stage, instance):
    """A phone that turns its pushes off is called and not pushed to."""
    house = House(stage, wake={"timeout": 2})
    phone = house.phone(instance=instance)
    phone.register_ok()
    uri = house.pbx.contact("alice").uri
    phone.push = {"provider": "webpush"}
    phone.register_ok()
    assert house.pbx.contact("alice").uri == uri
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    phone.sleep()
    house.pbx.call("alice", OFFER).expect(480, 6)
    house.push.assert_pushes(0)


@test
def a_phone_that_turns_pushes_off_is_never_pushed(stage):
    disable_and_call(stage, True)


@test
def a_phone_without_instance_turns_pushes_off_too(stage):
    disable_and_call(stage, False)


@test
def a_restarted_phone_without_instance_turns_pushes_off(stage):
    house = House(stage)
    phone = house.phone(instance=False)
    phone.register_ok()
    uri = house.pbx.contact("alice").uri
    phone.call_id, phone.register_number, phone.push = "another", 0, None
    phone.register_ok()
    assert house.pbx.contact("alice").uri == uri


@test
def a_phone_that_left_is_not_pushed(stage):
    for instance in (True, False):
        house = House(stage)
        phone = house.phone(instance=instance)
        phone.register_ok()
        uri = house.pbx.contact("alice").uri
        assert phone.deregister().status == 200
        assert not house.pbx.contacts("alice")
        house.pbx.call("alice", OFFER, uri=uri).expect(404)
        house.push.assert_pushes(0)
        house.tear_down(phone)


def number(phone, count):
    """Another device of the same user."""
    phone.instance = f"urn:uuid:00000000-0000-4000-8000-00000000000{count}"
    return phone


@test
def a_user_has_so_many_phones_and_no_more(stage):
    house = House(stage, config={"registrar": {"phones-per-user": 2}})
    first = number(house.phone(), 0)
    first.register_ok()
    number(house.phone(path="/push/1"), 1).register_ok()
    third = number(house.phone(path="/push/2"), 2)
    registered = len(house.pbx.registers())
    assert third.register().status == 403
    assert len(house.pbx.registers()) == registered, "the PBX heard of it"
    first.register_ok()
    house.phone("bob").register_ok()
    first.deregister()
    third.register_ok()


@test
def an_address_has_so_many_phones_and_no_more(stage):
    house = House(stage, config={"registrar": {"phones-per-address": 2}})
    alice, bob = house.phone(), house.phone("bob")
    alice.register_ok()
    bob.register_ok()
    carol = house.phone("carol")
    assert carol.register().status == 403
    house.phone("2000", address=ports.OTHER_PHONE).register_ok()
    alice.sleep()
    alice.wake()
    alice.register_ok()
    house.restart()
    assert carol.register().status == 403, "they are counted after a restart too"
    bob.deregister()
    carol.register_ok()


@test
def there_are_so_many_phones_and_no_more(stage):
    house = House(stage, config={"registrar": {"phones": 2}})
    house.phone().register_ok()
    house.phone("bob").register_ok()
    answer = house.phone("carol").register()
    assert answer.status == 503 and answer.get("Retry-After"), answer.start


def come_at_once(house, refusal):
    """Three phones wait for the PBX at the same time where there may be two."""
    phones = [number(house.phone(path=f"/push/{count}"), count) for count in range(3)]
    challenges = [phone.send_register().expect(401) for phone in phones]
    house.pbx.hold_registers = True
    asked = [phone.send_register(challenge=challenge)
             for phone, challenge in zip(phones, challenges)]
    held = [house.pbx.expect_request("REGISTER") for _ in range(2)]
    asked[2].expect(refusal)
    house.pbx.hold_registers = False
    for request in held:
        house.pbx.finish_register(request)
    for answer in asked[:2]:
        answer.expect(200)
    assert phones[2].register().status == refusal
    phones[0].deregister()
    phones[2].register_ok()
    return phones


@test
def phones_that_come_at_once_do_not_pass_the_limits(stage):
    for limit, refusal in (("phones-per-user", 403), ("phones-per-address", 403), ("phones", 503)):
        house = House(stage, config={"registrar": {limit: 2}})
        house.tear_down(*come_at_once(house, refusal))


@test
def phones_with_an_account_that_come_at_once_do_not_either(stage):
    come_at_once(house_with_account(stage, config={"registrar": {"phones-per-user": 2}}), 403)


@test
def whom_the_pbx_refused_does_not_count(stage):
    house = House(stage, config={"registrar": {"phones-per-user": 1}})
    phone = house.phone()
    house.pbx.forbidden.add("alice")
    assert phone.register().status == 403
    assert phone.register().status == 403
    house.pbx.forbidden.clear()
    phone.register_ok()


@test
def nothing_is_pushed_after_expiry(stage):
    house = House(stage, grant=2)
    phone = house.phone()
    assert parameter(phone.register_ok().values("Contact")[0], "expires") in ("1", "2")
    contact = house.pbx.contact("alice").uri
    phone.sleep()
    phone.open()
    phone.expect_nothing(3.2)
    house.pbx.call("alice", OFFER, uri=contact).expect(404)
    house.push.assert_pushes(0)


@test
def a_ping_is_answered_over_tcp(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    phone.ping()
    phone.wait_pongs(1)
    phone.register_ok()


if __name__ == "__main__":
    main()
