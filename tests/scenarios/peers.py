#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""peers: Kamailio as the unmodified PBX, and sipp on both sides of a hundred woken calls."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.accounts import give_account
from sipwaketest.authority import Authority
from sipwaketest.baresip import Baresip
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.kamailio import Kamailio
from sipwaketest.phone import Phone
from sipwaketest.sipp import PATIENT, Sipp
from sipwaketest.tap import main, test
from sipwaketest.uri import host_port

CALLS = 100


def house_of(stage, algorithm="MD5", **more):
    return House(stage, Kamailio(stage, algorithm=algorithm), **more)


def desk_phone(stage, house):
    """An ordinary phone, registered at the PBX itself."""
    desk = Phone(stage, "2000", (house.pbx.address, house.pbx.port), house.pbx.domain,
                 address=ports.CALLER)
    desk.register_ok()
    return desk


def assert_clean(house):
    """Nothing of push and nothing of the phone's own reached Kamailio from the daemon's side."""
    for text in house.pbx.received():
        assert "pn-" not in text.lower(), text
        if f"SIP/2.0/UDP {ports.CALLER}" not in text:
            for word in ("+sip.instance", "reg-id"):
                assert word not in text, text


def house_by_tls(stage, name="pbx.test", start=True, **habits):
    """Both sides ask for each other's certificates."""
    authority = Authority(stage.path)
    kamailio = Kamailio(stage, tls=authority.issue("kamailio", f"DNS:{name}"), authority=authority,
                        **habits)
    return House(stage, kamailio, authority=authority, pbx_transport="tls", secure=("tls",),
                 start=start)


def wake_and_talk(stage, transport, pbx_transport):
    wake_and_talk_at(stage, house_of(stage, pbx_transport=pbx_transport), transport)


def wake_and_talk_at(stage, house, transport):
    desk = desk_phone(stage, house)
    phone = house.sleeper(transport=transport)
    for pushes in (1, 2):
        call = desk.dial("alice", OFFER)
        call.expect(180)
        house.wake(phone, pushes=pushes)
        leg = house.connect(call, phone)
        info = leg.send("INFO")
        call.reply(call.expect_request("INFO"), 200)
        info.expect(200)
        if pushes == 1:
            house.finish(leg, call)
        else:
            house.finish(call, leg)
        phone.assert_quiet()
        desk.assert_quiet()
        phone.sleep()
    house.push.assert_pushes(2)
    assert_clean(house)
    house.daemon.assert_alive()


@test
def kamailio_rings_a_sleeping_udp_phone(stage):
    wake_and_talk(stage, "udp", "udp")


@test
def kamailio_rings_a_sleeping_tcp_phone_over_tcp(stage):
    wake_and_talk(stage, "tcp", "tcp")


@test
def kamailio_with_sha_256(stage):
    """A phone that proves itself, and one for which the daemon does."""
    house = house_of(stage, start=False, algorithm="SHA-256")
    give_account(house, "bob", realm=None)
    house.start()
    desk = desk_phone(stage, house)
    for name in ("alice", "bob"):
        phone = house.phone(name)
        assert "SHA-256" in phone.send_register().expect(401).get("WWW-Authenticate")
        phone.register_ok()
        phone.register_ok()
        phone.sleep()
        call = desk.dial(name, OFFER)
        call.expect(180)
        house.wake(phone)
        house.finish(call, house.connect(call, phone))
        out = phone.dial("2000", OFFER)
        leg = desk.expect_call()
        leg.answer(ANSWER)
        out.expect(200)
        out.ack()
        leg.expect_ack()
        house.finish(out, leg)
        phone.close()
    assert any("User-Agent: sipwake" in text for text in house.pbx.registers())


@test
def kamailio_refuses_a_wrong_password(stage):
    house = house_of(stage)
    assert house.phone(password="wrong").register().status == 401
    house.phone().register_ok()
    house.daemon.assert_alive()


@test
def a_caller_at_kamailio_gives_up(stage):
    house = house_of(stage)
    desk = desk_phone(stage, house)
    phone = house.sleeper()
    call = desk.dial("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    cancelled = call.cancel()
    cancelled.expect(200)
    call.expect(487)
    phone.wake()
    phone.register_ok()
    phone.expect_nothing(0.5)
    desk.assert_quiet()


@test
def nobody_wakes_for_kamailio(stage):
    house = house_of(stage, wake={"timeout": 2})
    desk = desk_phone(stage, house)
    house.sleeper()
    desk.dial("alice", OFFER).expect(480, 6)
    desk.assert_quiet()


@test
def a_phone_calls_out_through_kamailio(stage):
    house = house_of(stage)
    desk = desk_phone(stage, house)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = phone.dial("2000", OFFER)
    leg = desk.expect_call()
    assert leg.invite.body == OFFER
    leg.ring()
    call.expect(180)
    leg.answer(ANSWER)
    assert call.expect(200).body == ANSWER
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    phone.assert_quiet()
    desk.assert_quiet()
    assert_clean(house)


@test
def one_phone_calls_another_that_sleeps(stage):
    house = house_of(stage)
    bob = house.sleeper("bob", address=ports.OTHER_PHONE)
    alice = house.phone(transport="tcp")
    alice.register_ok()
    call = alice.dial("bob", OFFER)
    call.expect(180)
    house.wake(bob)
    leg = house.connect(call, bob)
    house.finish(call, leg)
    alice.assert_quiet()
    bob.assert_quiet()
    assert_clean(house)


def call_out(phone, desk):
    call = phone.dial("2000", OFFER)
    leg = desk.expect_call()
    leg.ring()
    leg.answer(ANSWER)
    assert call.expect(200).body == ANSWER
    call.ack()
    leg.expect_ack()
    call.hang_up()
    leg.expect_bye()


@test
def kamailio_by_tls_rings_a_sleeping_tls_phone_and_is_called(stage):
    house = house_by_tls(stage)
    house.daemon.wait_line("is up, verified as pbx.test")
    wake_and_talk_at(stage, house, "tls")
    way = host_port(house.pbx_side, house.pbx_tls_port)
    of_phone = [text for text in house.pbx.registers() if "sip:alice@" in text]
    for text in of_phone:
        assert f"SIP/2.0/TLS {way};" in text and f"@{way};transport=tls>" in text, text
    assert len(of_phone) >= 3, of_phone
    phone = house.phone("bob", "tls")
    phone.register_ok()
    call_out(phone, desk_phone(stage, house))


@test
def kamailio_that_proves_another_name_gets_nothing(stage):
    house = house_by_tls(stage, name="pbx.example")
    house.daemon.wait_line("no TLS to the PBX: .*does not prove the name pbx.test")
    assert house.phone(transport="tls").register(timeout=8).status == 503
    assert not house.pbx.registers()


@test(limit=60)
def a_tls_connection_that_kamailio_closes_is_opened_again(stage):
    house = house_by_tls(stage, lifetime=2)
    phone = house.phone(transport="tls")
    house.daemon.wait_line("is up, verified as pbx.test")
    phone.register_ok()
    house.daemon.wait_line("(?s)the TLS connection to .* is lost.*is up, verified as pbx.test", 30)
    phone.register_until_ok()
    call_out(phone, desk_phone(stage, house))


@test
def baresip_by_tls_is_called_through_kamailio(stage):
    house = house_of(stage, secure=("tls",), names=f"IP:{ports.PHONES_SIDE}")
    baresip = Baresip(stage, "alice", house.pbx.domain,
                      f"sip:{host_port(*house.door('tls'))};transport=tls", house.authority.file,
                      ports.PHONE)
    baresip.wait_word("TLS.*200 OK")
    desk = desk_phone(stage, house)
    for hangs_up in (True, False):
        call = desk.dial("alice", OFFER)
        call.expect(200)
        call.ack()
        if hangs_up:
            call.hang_up()
        else:
            baresip.child.send_signal(signal.SIGINT)
            call.expect_bye()
    desk.assert_quiet()
    house.daemon.assert_alive()


@test(limit=120)
def sipp_has_a_hundred_calls_woken(stage):
    """All calls wait at once; then all phones wake, register with digest and answer."""
    house = house_of(stage, wake={"timeout": 30})
    users = [f"u{number}" for number in range(CALLS)]
    values = [f"{user};[authentication username={user} password=pw{user}];"
              f"{house.push.prid('/push/' + user)}" for user in users]
    keys = {"domain": house.pbx.domain}
    first = Sipp(stage, "phones", "sipp-phone-register.xml", house.phones_door, ports.PHONE,
                 calls=CALLS, rate=100, users=values, keys=keys, more=PATIENT)
    first.expect_success(30)
    caller = Sipp(stage, "caller", "sipp-caller.xml", (house.pbx.address, house.pbx.port),
                  ports.CALLER, calls=CALLS, rate=50, keys=keys, more=PATIENT,
                  users=[f"{user};[authentication username=2000 password=pw2000]"
                         for user in users])
    house.push.wait_pushes(CALLS, timeout=20)
    woken = Sipp(stage, "phones", "sipp-phone-register.xml", house.phones_door, ports.PHONE,
                 calls=CALLS, rate=50, users=values, keys=keys, also="sipp-phone-answer.xml",
                 hold=5, more=PATIENT)
    caller.expect_success(40)
    woken.expect_success(40)
    house.push.assert_pushes(CALLS)
    assert len({push["path"] for push in house.push.pushes()}) == CALLS
    assert_clean(house)
    house.daemon.assert_alive()


if __name__ == "__main__":
    main()
