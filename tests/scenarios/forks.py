#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""forks: a PBX that forks what it gets: several early dialogs for one INVITE of a phone."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.call import Call
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.kamailio import Kamailio
from sipwaketest.message import parameter
from sipwaketest.phone import Phone
from sipwaketest.sdp import sdp
from sipwaketest.tap import main, test

OTHER_ANSWER = sdp("other", "192.0.2.3", 40004)


def tag(message):
    return parameter(message.get("To"), "tag")


def call_out(stage, transport="tcp", headers=(), **more):
    """A phone calls; returns what two ends behind the PBX have of it."""
    house = House(stage, **more)
    house.pbx.challenge_calls = False
    phone = house.phone(transport=transport)
    phone.register_ok()
    call = phone.invite("2000", OFFER, headers=headers)
    one = house.pbx.expect_call()
    return house, phone, call, one, Call.incoming(house.pbx, one.invite)


def expect_next(call, status):
    """The next answer, be it one that came before."""
    phone = call.agent
    return phone.take(lambda m: not m.is_request and m.call_id == call.call_id
                      and m.status == status, 5, f"{status}")


def let_the_second_win(stage, **more):
    """The phone tells the early dialogs apart, and what follows goes to the winner."""
    house, phone, call, one, other = call_out(stage, **more)
    one.ring(183, ANSWER)
    first = expect_next(call, 183)
    other.ring(183, OTHER_ANSWER)
    second = expect_next(call, 183)
    assert first.body == ANSWER and second.body == OTHER_ANSWER
    one.ring()
    assert tag(expect_next(call, 180)) == tag(first) != tag(second)
    other.answer(OTHER_ANSWER)
    answered = call.expect(200)
    assert answered.body == OTHER_ANSWER and tag(answered) == tag(second)
    call.ack()
    ack = other.expect_ack()
    assert tag(ack) == parameter(other.local, "tag")
    info = call.send("INFO")
    request = other.expect_request("INFO")
    assert tag(request) == parameter(other.local, "tag")
    other.reply(request, 200)
    info.expect(200)
    info = other.send("INFO")
    call.reply(call.expect_request("INFO"), 200)
    info.expect(200)
    phone.expect_nothing(0.7)  # the ACK has ended the repeating of the 200
    house.finish(other, call)
    house.assert_settled(phone)


@test
def each_early_dialog_is_one_for_the_phone(stage):
    """RFC 3261 section 13.2.1: of SDPs with one To tag it would take the first for the answer."""
    let_the_second_win(stage)


@test
def each_early_dialog_is_one_for_a_udp_phone(stage):
    let_the_second_win(stage, transport="udp")


@test
def the_first_early_dialog_may_win(stage):
    house, phone, call, one, other = call_out(stage)
    one.ring(183, ANSWER)
    first = expect_next(call, 183)
    other.ring(183, OTHER_ANSWER)
    expect_next(call, 183)
    one.answer(ANSWER)
    answered = call.expect(200)
    assert answered.body == ANSWER and tag(answered) == tag(first)
    call.ack()
    assert tag(one.expect_ack()) == parameter(one.local, "tag")
    house.finish(call, one)
    house.assert_settled(phone)


@test
def a_phone_in_one_of_its_early_dialogs(stage):
    """What it asks there goes to who is there; the numbers of what it gets never go back."""
    house, phone, call, one, other = call_out(stage)
    for leg in (one, other, one):
        leg.ring(183, ANSWER)
        call.remote = expect_next(call, 183).get("To")
        update = call.send("UPDATE", OFFER)
        request = leg.expect_request("UPDATE")
        assert tag(request) == parameter(leg.local, "tag")
        leg.reply(request, 200, ANSWER)
        update.expect(200)
        asked = leg.send("UPDATE", OFFER)
        call.reply(call.expect_request("UPDATE"), 200, ANSWER)
        asked.expect(200)
    for side in ("pbx", phone.user):
        numbers = [m.cseq[0] for m in stage.trace.once(side)
                   if m.is_request and m.method == "UPDATE"]
        assert numbers == sorted(set(numbers)) and len(numbers) == 3, numbers
    cancelled = call.cancel()
    one.expect_cancel()
    cancelled.expect(200)
    call.expect(487)
    house.assert_settled(phone)


@test
def a_phone_that_requires_reliable_answers(stage):
    """The stack numbers them for one early dialog only, so that there is one."""
    house, phone, call, one, other = call_out(stage, headers=[("Require", "100rel"),
                                                              ("Supported", "100rel")])
    tags = set()
    for leg in (one, other):
        leg.ring()
        early = call.expect(180)
        tags.add(tag(early))
        call.send("PRACK", headers=[("RAck", f"{early.get('RSeq')} 1 INVITE")]).expect(200)
    other.answer(OTHER_ANSWER)
    tags.add(tag(call.expect(200)))
    assert len(tags) == 1, tags
    call.ack()
    other.expect_ack()
    house.finish(call, other)
    house.assert_settled(phone)


@test
def the_second_answer_of_a_fork_is_ended(stage):
    """RFC 3261 section 13.2.2.4: it is acknowledged and hung up, by the way that it came."""
    house, phone, call, one, other = call_out(stage)
    one.answer(ANSWER)
    call.expect(200)
    call.ack()
    assert tag(one.expect_ack()) == parameter(one.local, "tag")
    other.answer(OTHER_ANSWER)
    assert tag(other.expect_ack()) == parameter(other.local, "tag")
    bye = other.expect_bye()
    assert tag(bye) == parameter(other.local, "tag")
    phone.expect_nothing(0.2)
    house.finish(call, one)
    house.assert_settled(phone)


def desks(stage, house, count=2):
    """Ordinary phones of one user, registered at the PBX itself."""
    found = []
    for number in range(count):
        desk = Phone(stage, "2000", house.pbx.door, house.pbx.domain, address=ports.CALLER)
        desk.instance = f"urn:uuid:00000000-0000-4000-8000-00000000001{number}"
        desk.register_ok()
        found.append(desk)
    return found


@test
def kamailio_forks_the_call_of_a_phone(stage):
    house = House(stage, Kamailio(stage))
    one, other = desks(stage, house)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = phone.dial("2000", OFFER)
    first, second = one.expect_call(), other.expect_call()
    first.ring(183, ANSWER)
    early = expect_next(call, 183)
    second.ring(183, OTHER_ANSWER)
    later = expect_next(call, 183)
    second.answer(OTHER_ANSWER)
    first.expect_cancel()
    answered = call.expect(200)
    assert answered.body == OTHER_ANSWER and tag(early) != tag(later) == tag(answered)
    call.ack()
    second.expect_ack()
    info = call.send("INFO")
    second.reply(second.expect_request("INFO"), 200)
    info.expect(200)
    house.finish(second, call)
    for party in (phone, one, other):
        party.assert_quiet()
    house.daemon.assert_alive()


@test
def kamailio_forks_to_phones_of_one_user(stage):
    """Each phone is a Contact of its own there, and the fork is Kamailio's: one is awake, one woken."""
    house = House(stage, Kamailio(stage))
    desk = desks(stage, house, 1)[0]
    awake, asleep = (house.phone(transport="tcp", path=f"/push/{number}", address=address)
                     for number, address in ((1, ports.PHONE), (2, ports.OTHER_PHONE)))
    for number, phone in enumerate((awake, asleep)):
        phone.instance = f"urn:uuid:00000000-0000-4000-8000-00000000002{number}"
        phone.register_ok()
    asleep.sleep()
    call = desk.dial("alice", OFFER)
    rings = awake.expect_call()
    rings.ring()
    call.expect(180)
    house.wake(asleep, "/push/2")
    woken = asleep.expect_call()
    woken.ring(183, OTHER_ANSWER)
    woken.answer(OTHER_ANSWER)
    cancel = rings.expect_cancel()
    assert cancel.get("Reason") is None or "200" in cancel.get("Reason"), cancel.get("Reason")
    assert call.expect(200).body == OTHER_ANSWER
    call.ack()
    woken.expect_ack()
    house.push.assert_pushes(0, "/push/1")
    house.finish(call, woken)
    for party in (awake, asleep, desk):
        party.assert_quiet()
    house.daemon.assert_alive()


if __name__ == "__main__":
    main()
