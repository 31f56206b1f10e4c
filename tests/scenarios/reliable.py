#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""reliable: a PBX that requires or supports reliable provisional answers (RFC 3262)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.tap import main, test

REQUIRED = [("Require", "100rel"), ("Supported", "100rel, timer")]


def prack(call, answer):
    """Acknowledges a reliable answer, which the daemon does by itself on the other side."""
    assert "100rel" in answer.get("Require"), answer.get("Require")
    return call.send("PRACK", headers=[("RAck", f"{answer.get('RSeq')} {call.invite.cseq[0]} "
                                                "INVITE")])


def distinct(stage, status):
    return {e.message.get("RSeq") for e in stage.trace.received("pbx")
            if e.message and e.message.status == status and e.message.method == "INVITE"}


def early_answer(stage):
    """A phone whose reliable 183 the PBX has, and has not acknowledged yet."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, headers=[("Supported", "100rel")])
    leg = phone.expect_call()
    leg.ring(183, ANSWER, headers=reliably(1))
    early = call.expect(183)
    return house, phone, call, leg, early


@test
def the_held_answer_is_reliable(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER, headers=REQUIRED)
    held = call.expect(180)
    call.expect(180)  # once more, since nobody acknowledged it
    prack(call, held).expect(200)
    house.wake(phone)
    leg = phone.expect_call()
    assert "100rel" not in (leg.invite.get("Require") or "")
    assert leg.invite.get("Supported") == "timer", leg.invite.get("Supported")
    leg.ring(183, ANSWER)
    early = call.expect(183)
    assert early.body == ANSWER
    assert int(early.get("RSeq")) == int(held.get("RSeq")) + 1
    prack(call, early).expect(200)
    leg.answer(ANSWER)
    answered = call.expect(200)
    assert answered.body == ANSWER and answered.get("RSeq") is None
    call.ack()
    leg.expect_ack()
    phone.expect_nothing(0.2)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def the_answer_waits_for_the_prack(stage):
    """RFC 3262 section 3: no 2xx before a reliable answer with SDP is acknowledged."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, headers=REQUIRED)
    leg = phone.expect_call()
    leg.ring(183, ANSWER)
    early = call.expect(183)
    leg.answer(ANSWER)
    house.pbx.expect_nothing(0.3)
    prack(call, early).expect(200)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    house.assert_settled(phone)


@test
def a_call_without_offer_is_not_held_reliably(stage):
    """The first reliable answer would have to bring an offer, and a PRACK the answer to it."""
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", headers=REQUIRED)
    call.expect(100)
    house.wake(phone)
    leg = phone.expect_call()
    leg.ring()
    leg.ring(183, OFFER)  # no offer yet, since it is not reliable (RFC 3262 section 5)
    phone.expect_nothing(0.2)
    assert not distinct(stage, 180) and not distinct(stage, 183)
    leg.answer(OFFER)
    assert call.expect(200).body == OFFER
    call.ack(body=ANSWER)
    assert leg.expect_ack().body == ANSWER
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_stray_prack(stage):
    house = House(stage)
    house.sleeper()
    call = house.pbx.call("alice", OFFER, headers=REQUIRED)
    held = call.expect(180)
    prack(call, held).expect(200)
    again = call.send("PRACK", headers=[("RAck", "4711 1 INVITE")])
    again.expect(481)
    call.cancel().expect(200)
    call.expect(487)
    house.assert_settled()


@test(limit=60)
def a_prack_that_never_comes(stage):
    house = House(stage, wake={"timeout": 60})
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER, headers=REQUIRED)
    call.expect(180)
    assert call.transaction.final(40).status == 504
    phone.wake()
    phone.register_ok()
    phone.expect_nothing(0.5)
    house.assert_settled(phone)


@test
def who_only_supports_it_gets_plain_answers(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER, headers=[("Supported", "100rel")])
    assert call.expect(180).get("RSeq") is None
    house.wake(phone)
    leg = phone.expect_call()
    assert leg.invite.get("Supported") == "100rel"
    leg.ring()
    assert call.expect(180).get("RSeq") is None
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


def reliably(number):
    return [("Require", "100rel"), ("RSeq", number)]


@test
def one_phone_and_its_pracks(stage):
    """With one phone they go from end to end, under other numbers."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, headers=[("Supported", "100rel, timer")])
    leg = phone.expect_call()
    assert leg.invite.get("Supported") == "timer, 100rel", leg.invite.get("Supported")
    numbers = []
    for number, status, body in ((4711, 183, ANSWER), (4712, 180, b"")):
        leg.ring(status, body, headers=reliably(number))
        leg.ring(status, body, headers=reliably(number))  # until it is acknowledged
        early = call.expect(status)
        assert early.get("Require") == "100rel" and early.body == body
        numbers.append(int(early.get("RSeq")))
        sent = prack(call, early)
        request = leg.expect_request("PRACK")
        assert request.get("RAck") == f"{number} {leg.invite.cseq[0]} INVITE", request.get("RAck")
        phone.expect_nothing(0.2)
        leg.reply(request, 200)
        sent.expect(200)
    assert numbers[1] == numbers[0] + 1
    update = call.send("UPDATE", OFFER)
    request = leg.expect_request("UPDATE")
    leg.reply(request, 200, ANSWER)
    assert update.expect(200).body == ANSWER
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_reliable_answer_that_overtakes_another(stage):
    """RFC 3262 section 4: it waits for the one before, and comes again."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, headers=[("Supported", "100rel")])
    leg = phone.expect_call()
    for number in (1, 3, 2, 3):
        leg.ring(180 + number, headers=reliably(number))
    for number in (1, 2, 3):
        sent = prack(call, call.expect(180 + number))
        request = leg.expect_request("PRACK")
        assert request.get("RAck").split()[0] == str(number), request.get("RAck")
        leg.reply(request, 200)
        sent.expect(200)
    call.cancel().expect(200)
    leg.expect_cancel()
    call.expect(487)
    house.assert_settled(phone)


@test
def the_phone_s_answer_waits_for_the_prack(stage):
    """It has sent its 200 too early; the PBX hears of it when it has acknowledged the 183."""
    house, phone, call, leg, early = early_answer(stage)
    leg.answer(ANSWER)
    house.pbx.expect_nothing(0.3)
    sent = prack(call, early)
    leg.reply(leg.expect_request("PRACK"), 200)
    sent.expect(200)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    house.assert_settled(phone)


def early_and_ringing(stage):
    """The same, and it says plainly that it rings."""
    house, phone, call, leg, early = early_answer(stage)
    leg.ring(181)
    leg.ring()
    return house, phone, call, leg, early


@test
def a_plain_answer_waits_for_the_prack(stage):
    """Meanwhile the reliable one before it comes again, and of several the last one goes."""
    house, phone, call, leg, early = early_and_ringing(stage)
    for _ in range(2):
        assert call.expect(183, 5).get("RSeq") == early.get("RSeq")
    assert not distinct(stage, 180)
    sent = prack(call, early)
    assert call.expect(180).get("RSeq") is None
    leg.reply(leg.expect_request("PRACK"), 200)
    sent.expect(200)
    house.pbx.expect_nothing(1.5)
    assert not distinct(stage, 181)
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    house.assert_settled(phone)


@test
def a_phone_that_answers_before_the_prack(stage):
    """What it said before it answered is out of date then."""
    house, phone, call, leg, early = early_and_ringing(stage)
    leg.answer(ANSWER)
    call.expect(183, 5)
    sent = prack(call, early)
    call.expect(200)
    leg.reply(leg.expect_request("PRACK"), 200)
    sent.expect(200)
    call.ack()
    leg.expect_ack()
    assert not distinct(stage, 180)
    house.finish(leg, call)
    house.assert_settled(phone)


@test(limit=60)
def a_prack_that_never_comes_ends_the_call(stage):
    house, phone, call, leg, _ = early_and_ringing(stage)
    assert call.transaction.final(40).status == 504
    leg.expect_cancel()
    assert not distinct(stage, 180)
    house.assert_settled(phone)


@test
def a_call_that_ends_before_the_prack(stage):
    house, phone, call, leg, early = early_answer(stage)
    call.cancel().expect(200)
    leg.expect_cancel()
    call.expect(487)
    prack(call, early).expect(481)
    house.assert_settled(phone)


@test
def a_phone_that_goes_while_it_rings(stage):
    """It is woken and rings once more; the PBX's requests reach it where it is then."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, headers=[("Supported", "100rel")])
    for pushes, number in enumerate((4711, 9, 17), 1):
        leg = phone.expect_call()
        leg.ring(183, ANSWER, headers=reliably(number))
        sent = prack(call, call.expect(183))
        request = leg.expect_request("PRACK")
        assert request.get("RAck") == f"{number} {leg.invite.cseq[0]} INVITE", request.get("RAck")
        leg.reply(request, 200)
        sent.expect(200)
        if pushes < 3:
            phone.sleep()
            house.wake(phone, pushes=pushes)
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def several_phones_are_not_asked(stage):
    house = House(stage)
    phones = [house.phone(transport="tcp", address=address, path="") for address in
              (ports.PHONE, ports.OTHER_PHONE)]
    for number, phone in enumerate(phones):
        phone.instance = f"urn:uuid:00000000-0000-4000-8000-00000000000{number}"
        phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice", headers=[("Supported", "100rel")])
    legs = [phone.expect_call() for phone in phones]
    for leg in legs:
        assert leg.invite.get("Supported") is None, leg.invite.get("Supported")
        leg.ring()
    legs[0].answer(ANSWER)
    call.expect(200)
    call.ack()
    legs[0].expect_ack()
    legs[1].expect_cancel()
    house.finish(call, legs[0])
    house.assert_settled(*phones)


@test
def a_phone_that_others_may_join_is_not_asked(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice", headers=[("Supported", "100rel")])
    leg = phone.expect_call()
    assert leg.invite.get("Supported") is None, leg.invite.get("Supported")
    leg.ring()
    call.cancel().expect(200)
    leg.expect_cancel()
    call.expect(487)
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
