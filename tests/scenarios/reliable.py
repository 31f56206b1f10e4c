#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""reliable: a PBX that requires reliable provisional answers (RFC 3262)."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
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
    """The first reliable answer would have to bring an offer, and there is none yet."""
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", headers=REQUIRED)
    call.expect(100)
    house.wake(phone)
    leg = phone.expect_call()
    leg.ring()
    phone.expect_nothing(0.2)
    assert not distinct(stage, 180)
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
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
