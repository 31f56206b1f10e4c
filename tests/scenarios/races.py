#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""races: messages that cross, come late, come twice or never come."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.message import parameter
from sipwaketest.sdp import sdp
from sipwaketest.tap import main, test

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


def give_up(call):
    """The caller cancels and is released at once."""
    cancelled = call.cancel()
    cancelled.expect(200)
    call.expect(487)


def two_phones(house, transport="tcp"):
    """Two awake phones of one user."""
    phones = [house.phone(transport=transport, instance=False, path=path, address=address)
              for path, address in (("/push/one", ports.PHONE), ("/push/two", ports.OTHER_PHONE))]
    for phone in phones:
        phone.register_ok()
    return phones


def wait_received(stage, who, label, count):
    """So many of these have come, repetitions among them."""
    deadline = time.monotonic() + 5
    while (found := [e.label for e in stage.trace.received(who)].count(f"{who}< {label}")) < count:
        assert time.monotonic() < deadline, f"{found} times {label}, wanted {count}"
        time.sleep(0.02)
    return found


def answer_twice(leg, body=ANSWER):
    """The 200 again, as when the ACK to it was lost."""
    leg.agent.answered[(leg.invite.branch, "INVITE")] = None
    leg.answer(body)


# CANCEL

@test
def cancel_before_the_push_is_accepted(stage):
    house = House(stage)
    phone = house.sleeper(path="/slow/1500/alice")
    call = house.pbx.call("alice", OFFER)
    call.expect(100)
    house.push.wait_pushes(1)
    give_up(call)
    phone.wake()
    phone.register_ok()
    phone.expect_nothing(2)
    house.assert_settled(phone)


@test
def cancel_during_the_challenge(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    phone.wake()
    challenge = phone.send_register().expect(401)
    give_up(call)
    phone.send_register(challenge=challenge).expect(200)
    phone.expect_nothing(0.5)
    house.assert_settled(phone)


@test
def cancel_between_register_and_invite(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    phone.wake()
    challenge = phone.send_register().expect(401)
    house.pbx.hold_registers = True
    answered = phone.send_register(challenge=challenge)
    held = house.pbx.expect_request("REGISTER")
    give_up(call)
    house.pbx.hold_registers = False
    house.pbx.finish_register(held)
    answered.expect(200)
    phone.expect_nothing(0.5)
    house.assert_settled(phone)


@test
def cancel_before_the_phone_says_anything(stage):
    """RFC 3261 section 9.1: the CANCEL waits for a provisional answer."""
    house = House(stage, wake={"direct-try": 5000})
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    give_up(call)
    phone.expect_nothing(0.5, "CANCEL")
    leg.ring()
    leg.expect_cancel()
    house.assert_settled(phone)


@test
def cancel_crosses_the_answer_of_the_phone(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.ring()
    call.expect(180)
    give_up(call)
    cancel = leg.expect_request("CANCEL")
    leg.answer(ANSWER)
    phone.reply(cancel, 200)
    leg.expect_ack()
    leg.expect_bye()
    house.assert_settled(phone)
    stage.trace.assert_order("alice< CANCEL", "alice> 200 INVITE", "alice< ACK", "alice< BYE")


@test
def cancel_crosses_the_answer_to_the_pbx(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.ring()
    leg.answer(ANSWER)
    call.expect(200)
    assert call.cancel().final().status in (200, 481)
    phone.expect_nothing(0.3, "CANCEL")
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_late_answer_after_the_wait_is_over(stage):
    house = House(stage, wake={"timeout": 1, "direct-try": 200})
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    call.expect(480)
    phone.expect_nothing(0.3)
    leg.answer(ANSWER)
    leg.expect_ack()
    leg.expect_bye()
    house.assert_settled(phone)


# Two answers

@test
def two_phones_answer_at_once(stage):
    house = House(stage)
    phones = two_phones(house)
    call = house.pbx.call("alice", OFFER, request_user="alice")
    legs = [phone.expect_call() for phone in phones]
    for leg in legs:
        leg.ring()
    call.expect(180)
    winner, loser = legs
    winner.answer(ANSWER)
    loser.answer(sdp("too late"))
    answered = call.expect(200)
    if answered.body != ANSWER:
        winner, loser = loser, winner
    loser.expect_ack()
    loser.expect_bye()
    call.ack()
    winner.expect_ack()
    for message in list(loser.agent.inbox):
        if message.is_request and message.method == "CANCEL":
            loser.expect_request("CANCEL")
    house.finish(call, winner)
    house.assert_settled(*phones)


@test
def the_loser_answers_instead_of_ending(stage):
    house = House(stage)
    phones = two_phones(house)
    call = house.pbx.call("alice", OFFER, request_user="alice")
    winner, loser = [phone.expect_call() for phone in phones]
    winner.ring()
    loser.ring()
    winner.answer(ANSWER)
    call.expect(200)
    cancel = loser.expect_request("CANCEL")
    assert cancel.get("Reason") == ELSEWHERE
    loser.answer(sdp("too late"))
    loser.agent.reply(cancel, 200)
    loser.expect_ack()
    loser.expect_bye()
    call.ack()
    winner.expect_ack()
    house.finish(winner, call)
    house.assert_settled(*phones)


# In the call

def talk(house, transport="tcp"):
    phone = house.phone(transport=transport)
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    return phone, call, house.connect(call, phone)


@test
def bye_crosses_a_re_invite(stage):
    house = House(stage)
    for phone_hangs_up in (True, False):
        phone, call, leg = talk(house)
        one, other = (call, leg) if phone_hangs_up else (leg, call)
        again = one.send("INVITE", sdp("again", version=2))
        pending = other.expect_request("INVITE")
        bye = other.send("BYE")
        one.expect_bye()
        bye.expect(200)
        assert again.final().status in (481, 487)
        other.reply(pending, 487)
        other.expect_ack()
        for message in list(other.agent.inbox):
            if message.is_request and message.method == "CANCEL":
                other.reply(other.expect_request("CANCEL"), 200)
        house.assert_settled(phone)
        assert phone.deregister().status == 200
        phone.close()


@test
def a_re_invite_that_is_refused_leaves_the_call_up(stage):
    house = House(stage)
    phone, call, leg = talk(house)
    for one, other, status in ((call, leg, 488), (leg, call, 491), (call, leg, 415)):
        again = one.send("INVITE", sdp("again", version=2))
        other.reply(other.expect_request("INVITE"), status)
        other.expect_ack()
        assert again.final().status == status
    info = call.send("INFO")
    leg.reply(leg.expect_request("INFO"), 200)
    info.expect(200)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_second_re_invite_of_the_same_side_waits(stage):
    house = House(stage)
    phone, call, leg = talk(house)
    first = call.send("INVITE", sdp("first", version=2))
    pending = leg.expect_request("INVITE")
    refused = call.send("INVITE", sdp("second", version=3)).final()
    assert refused.status == 500 and refused.get("Retry-After") is not None
    leg.reply(pending, 200, ANSWER)
    first.expect(200)
    call.ack(first)
    leg.expect_ack()
    house.finish(leg, call)
    house.assert_settled(phone)


@test(limit=90)
def a_cancelled_re_invite_that_nobody_ends_is_over_at_last(stage):
    """RFC 3261 section 9.1: 64*T1 after the CANCEL, and the call goes on."""
    house = House(stage)
    phone, call, leg = talk(house)
    again = call.send("INVITE", sdp("again", version=2))
    leg.reply(leg.expect_request("INVITE"), 100)
    cancelled = time.monotonic()
    call.cancel(transaction=again).expect(200)
    leg.reply(leg.expect_request("CANCEL"), 200)
    again.expect(487, 60)
    assert time.monotonic() - cancelled > 30
    another = call.send("INVITE", sdp("another", version=3))
    leg.reply(leg.expect_request("INVITE"), 200, ANSWER)
    another.expect(200)
    call.ack(another)
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


# What is repeated and what is lost

@test
def a_re_invite_meets_one_of_the_other_side(stage):
    """RFC 3261 section 14.2: 491 at once, and the one that was first goes on."""
    house = House(stage)
    phone, call, leg = talk(house)
    for one, other in ((call, leg), (leg, call)):
        first = one.send("INVITE", sdp("first", version=2))
        request = other.expect_request("INVITE")
        second = other.send("INVITE", sdp("second", version=2))
        assert second.final().status == 491
        one.agent.expect_nothing(0.2, "INVITE")
        other.reply(request, 200, ANSWER)
        first.expect(200)
        one.ack(first)
        other.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_repeated_invite_is_one_call(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    for _ in range(3):
        call.flow.send(call.invite.to_bytes())
    house.wake(phone)
    leg = phone.expect_call()
    call.flow.send(call.invite.to_bytes())
    leg.ring()
    leg.answer(ANSWER)
    call.expect(200)
    call.flow.send(call.invite.to_bytes())
    call.ack()
    leg.expect_ack()
    phone.expect_nothing(0.5, "INVITE")
    house.push.assert_pushes(1)
    house.finish(leg, call)
    house.assert_settled(phone)


@test
def a_lost_ack_of_the_pbx(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.ring()
    leg.answer(ANSWER)
    call.expect(200)
    wait_received(stage, "pbx", "200 INVITE", 2)  # it is repeated until the ACK comes
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_lost_ack_to_the_phone_is_repeated(stage):
    house = House(stage)
    phone, call, leg = talk(house, "udp")
    for acks in (2, 3):
        answer_twice(leg)
        assert wait_received(stage, "alice", "ACK", acks) == acks
    phone.inbox[:] = [m for m in phone.inbox if m.method != "ACK"]
    house.finish(call, leg)
    house.assert_settled(phone)


@test(limit=60)
def an_ack_that_never_comes_ends_the_call(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.answer(ANSWER)
    call.expect(200)
    call.expect_bye(40)
    leg.expect_ack()
    leg.expect_bye()
    house.assert_settled(phone)


# A connection that closes

@test
def closed_between_register_and_invite(stage):
    house = House(stage)
    phone = house.sleeper(transport="tcp")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    phone.wake()
    challenge = phone.send_register().expect(401)
    house.pbx.hold_registers = True
    phone.send_register(challenge=challenge)
    held = house.pbx.expect_request("REGISTER")
    phone.close_connections()
    house.pbx.hold_registers = False
    house.pbx.finish_register(held)
    house.wake_again(phone)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def closed_during_the_challenge(stage):
    """The phone loses its connection before it is registered, and comes again."""
    house = House(stage)
    phone = house.sleeper(transport="tcp")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    phone.wake()
    phone.send_register().expect(401)
    house.wake_again(phone)
    house.finish(call, house.connect(call, phone))
    house.push.assert_pushes(1)
    house.assert_settled(phone)


@test
def closed_before_the_phone_says_anything(stage):
    house = House(stage, wake={"direct-try": 5000})
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    phone.expect_call()
    phone.close_connections()
    house.push.wait_pushes(1)
    call.expect(180)
    phone.register_ok()
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def closed_while_it_rings(stage):
    """A phone that goes from one network to another while it rings."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    phone.expect_call().ring()
    call.expect(180)
    phone.close_connections()
    house.push.wait_pushes(1)
    phone.register_ok()
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def closed_while_it_rings_and_nobody_comes_back(stage):
    house = House(stage, wake={"timeout": 2})
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    phone.expect_call().ring()
    call.expect(180)
    phone.close_connections()
    call.expect(480, 6)
    house.assert_settled(phone)


@test
def closed_before_the_ack(stage):
    """The call is up, and the phone comes back with it on a new connection."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.ring()
    leg.answer(ANSWER)
    call.expect(200)
    phone.close_connections()
    phone.register_ok()
    leg.flow = phone.flow
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def closed_in_the_call(stage):
    house = House(stage)
    phone, call, leg = talk(house)
    phone.close_connections()
    phone.register_ok()
    leg.flow = phone.flow
    info = call.send("INFO")
    leg.reply(leg.expect_request("INFO"), 200)
    info.expect(200)
    house.finish(leg, call)
    house.assert_settled(phone)


@test
def closed_in_the_call_and_the_phone_speaks_first(stage):
    house = House(stage)
    phone, call, leg = talk(house)
    phone.close_connections()
    leg.flow = phone.flow
    again = leg.send("INVITE", sdp("moved", "192.0.2.9", version=2))
    call.reply(call.expect_request("INVITE"), 200, ANSWER)
    again.expect(200)
    leg.ack(again)
    call.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def closed_in_the_call_and_the_pbx_hangs_up(stage):
    house = House(stage)
    phone, call, leg = talk(house)
    phone.close_connections()
    call.hang_up()
    house.assert_settled(phone)


@test
def a_request_in_a_call_wakes_the_phone(stage):
    """RFC 8599 section 6.2: the phone was told, and its call outlives its process."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    told = [phone.register_ok().get("Feature-Caps"), phone.register_ok().get("Feature-Caps")]
    assert all('+sip.pnspurr="' in caps for caps in told), told
    assert told[0] != told[1], "a PURR is another one each time"
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    phone.close_connections()
    again = call.send("INVITE", sdp("again", version=2))
    again.expect(100)
    house.push.wait_pushes(1)
    phone.register_ok()
    leg.flow = phone.flow
    request = leg.expect_request("INVITE")
    leg.reply(request, 200, ANSWER)
    again.expect(200)
    call.ack(again)
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_request_in_a_call_is_refused_when_nobody_wakes(stage):
    house = House(stage)
    phone, call, leg = talk(house)
    assert phone.deregister().status == 200
    phone.push = {**phone.push, "prid": house.push.prid("/gone/alice")}
    phone.register_ok()
    phone.close_connections()
    assert call.send("INFO").final().status in (480, 503, 504)
    call.hang_up()
    house.assert_settled(phone)


@test
def one_to_tag_for_all_answers(stage):
    house = House(stage)
    phones = two_phones(house)
    call = house.pbx.call("alice", OFFER, request_user="alice")
    legs = [phone.expect_call() for phone in phones]
    for leg in legs:
        leg.ring()
        call.expect(180)
    legs[1].answer(ANSWER)
    call.expect(200)
    call.ack()
    legs[1].expect_ack()
    legs[0].expect_cancel()
    tags = {parameter(e.message.get("To"), "tag") for e in stage.trace.received("pbx")
            if e.message and e.message.call_id == call.call_id and e.message.status > 100}
    assert len(tags) == 1, tags
    house.finish(call, legs[1])
    house.assert_settled(*phones)


if __name__ == "__main__":
    main()
