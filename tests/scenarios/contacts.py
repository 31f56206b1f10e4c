#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""contacts: several phones of one user, at PBXs that keep many Contacts or only one."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.accounts import house_with_account
from sipwaketest.house import OFFER, House
from sipwaketest.message import uri_of
from sipwaketest.tap import main, test

ONE = {"pbx:office": {"contacts": "one"}}


def device(house, number, **more):
    """One of several phones of alice."""
    phone = house.phone(path=f"/push/alice{number}",
                        address=(ports.PHONE, ports.OTHER_PHONE, ports.CALLER)[number], **more)
    phone.instance = f"urn:uuid:00000000-0000-4000-8000-00000000000{number}"
    return phone


def two(house):
    phones = device(house, 0), device(house, 1)
    for phone in phones:
        phone.register_ok()
    return phones


def two_at_once(house):
    """The PBX has both REGISTERs before it answers the later one, and then the other."""
    registrar, counts = house.pbx.registrar, []
    save = registrar.save

    def count(user, request):
        values = save(user, request)
        counts.append(len(registrar.of(user)))
        return values
    registrar.save = count
    phones = device(house, 0), device(house, 1)
    challenges = [phone.send_register().expect(401) for phone in phones]
    house.pbx.hold_registers = True
    waiting = [phone.send_register(challenge=challenge)
               for phone, challenge in zip(phones, challenges)]
    held = [house.pbx.expect_request("REGISTER") for _ in phones]
    house.pbx.hold_registers = False
    for request in reversed(held):
        house.pbx.finish_register(request)
    for transaction in waiting:
        transaction.expect(200)
    return phones, counts


def assert_never_without(house, phones, counts):
    """Nor are they when they come again, at the same moment."""
    rings_all(house, phones)
    assert counts and all(counts), counts
    for phone in phones:
        phone.register_ok()
    assert all(counts), counts
    assert len(house.pbx.contacts("alice")) == 1
    rings_all(house, phones)


def two_of_whom_one_is_dropped(house):
    """As two(); then the PBX has the Contact of both, in place of the second one's."""
    phones = two(house)
    wait_shared(house)
    return phones


def wait_shared(house):
    def has_switched():
        switches = [r for r in house.pbx.registers() if len(r.values("Contact")) > 1]
        return switches and uri_of(switches[-1].get("Contact")) == house.pbx.contact("alice").uri
    with house.pbx.changed:
        assert house.pbx.changed.wait_for(has_switched, 5), "they do not share a Contact"


def rings_all(house, phones):
    """A call to the one Contact at the PBX reaches all phones; the last one takes it."""
    call = house.pbx.call("alice", OFFER)
    legs = [phone.expect_call() for phone in phones]
    for leg in legs:
        leg.ring()
    call.expect(180)
    legs[-1].answer(OFFER)
    call.expect(200)
    call.ack()
    legs[-1].expect_ack()
    for leg in legs[:-1]:
        leg.expect_cancel()
    house.finish(call, legs[-1])
    house.assert_settled(*phones)


@test
def all_phones_are_behind_one_contact(stage):
    house = House(stage, config=ONE)
    phones = two(house)
    uri = house.pbx.contact("alice").uri
    rings_all(house, phones)
    house.restart()
    rings_all(house, phones)
    phones[0].register_ok()
    assert house.pbx.contact("alice").uri == uri
    house.assert_pbx_clean()


@test
def the_one_contact_leaves_with_the_last_phone(stage):
    house = House(stage, config=ONE)
    first, second = two(house)
    assert first.deregister().status == 200
    asked = house.pbx.registrar.asked(house.pbx.registers()[-1])
    assert asked == 3600, f"upstream it asked for {asked}"
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, second))
    first.assert_quiet()
    assert second.deregister().status == 200
    assert not house.pbx.contacts("alice")


@test
def removing_all_removes_only_ours(stage):
    house = House(stage, config=ONE)
    first, _ = two(house)
    assert first.register(expires=0, contact="*").status == 200
    assert not house.pbx.contacts("alice")
    assert all(r.get("Contact") != "*" for r in house.pbx.registers())


@test
def a_phone_that_comes_while_the_last_one_leaves(stage):
    house = House(stage, config=ONE)
    first, second = device(house, 0), device(house, 1)
    first.register_ok()
    challenge = second.send_register().expect(401)
    leaving = first.send_register(expires=0).expect(401)
    house.pbx.hold_registers = True
    coming = second.send_register(challenge=challenge)
    held = house.pbx.expect_request("REGISTER")
    going = first.send_register(expires=0, challenge=leaving)
    late = house.pbx.expect_request("REGISTER")
    house.pbx.hold_registers = False
    house.pbx.finish_register(held)
    coming.expect(200)
    house.pbx.finish_register(late)
    going.expect(200)
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, second))


@test
def a_refused_second_contact_makes_them_share(stage):
    house = House(stage, max_contacts=1)
    phones = two(house)
    assert len(house.pbx.contacts("alice")) == 1
    rings_all(house, phones)
    for phone in phones:
        phone.register_ok()
    house.restart()
    rings_all(house, phones)
    refused = [m for m in stage.trace.once("pbx", sent=True) if m.status == 403]
    assert len(refused) == 1, "once it is known, nobody is refused"


def share_at_a_full_pbx(house):
    """Some PBXs say 503 where others say 403."""
    house.pbx.too_many = 503
    phones = two(house)
    assert len(house.pbx.contacts("alice")) == 1
    rings_all(house, phones)
    for phone in phones:
        phone.register_ok()


@test
def a_pbx_that_is_full_may_say_503(stage):
    share_at_a_full_pbx(House(stage, max_contacts=1))


@test
def with_accounts_too_it_may_say_503(stage):
    share_at_a_full_pbx(house_with_account(stage, max_contacts=1))


@test
def a_third_phone_makes_all_share(stage):
    house = House(stage, max_contacts=2)
    phones = [*two(house), device(house, 2)]
    own = {contact.uri for contact in house.pbx.contacts("alice")}
    assert len(own) == 2
    phones[2].register_ok()
    assert house.pbx.contact("alice").uri not in own, "the surplus contacts are still there"
    rings_all(house, phones)


@test
def with_accounts_too_they_share(stage):
    house = house_with_account(stage, max_contacts=1)
    phones = two(house)
    assert len(house.pbx.contacts("alice")) == 1
    rings_all(house, phones)
    assert phones[0].deregister().status == 200
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, phones[1]))
    assert phones[1].deregister().status == 200
    house.pbx.wait_contacts("alice", 0)


@test
def with_accounts_and_one_contact(stage):
    house = house_with_account(stage, config=ONE)
    phones = two(house)
    assert len(house.pbx.contacts("alice")) == 1
    rings_all(house, phones)


@test
def a_dropped_first_contact_makes_them_share(stage):
    house = House(stage, keep_one=True, qop="")
    phones = two_of_whom_one_is_dropped(house)
    rings_all(house, phones)
    for phone in phones:
        phone.register_ok()
    rings_all(house, phones)


@test
def with_accounts_too_a_dropped_contact_is_noticed(stage):
    house = house_with_account(stage, keep_one=True)
    phones = two_of_whom_one_is_dropped(house)
    rings_all(house, phones)


@test
def two_that_come_at_once_share_where_one_is_refused(stage):
    house = House(stage, max_contacts=1, qop="")
    assert_never_without(house, *two_at_once(house))


@test
def two_that_come_at_once_share_where_one_is_dropped(stage):
    house = House(stage, keep_one=True, qop="")
    phones, counts = two_at_once(house)
    wait_shared(house)
    assert_never_without(house, phones, counts)


@test
def two_that_come_at_once_have_one_contact(stage):
    house = House(stage, config=ONE)
    assert_never_without(house, *two_at_once(house))


@test
def a_pbx_that_lists_only_the_newest_is_left_alone(stage):
    house = House(stage, qop="")
    house.pbx.registrar.list_newest = True
    for phone in two(house) * 2:
        phone.register_ok()
    assert len(house.pbx.contacts("alice")) == 2


@test
def a_pbx_that_keeps_many_is_left_so(stage):
    house = House(stage)
    for phone in two(house) * 2:
        phone.register_ok()
    assert len(house.pbx.contacts("alice")) == 2


@test
def who_may_not_register_does_not_make_them_share(stage):
    house = House(stage)
    house.pbx.refuse_wrong = True
    first = device(house, 0)
    first.register_ok()
    thief = device(house, 1, password="wrong")
    assert thief.register().status == 403
    second = device(house, 1)
    second.register_ok()
    assert len(house.pbx.contacts("alice")) == 2


if __name__ == "__main__":
    main()
