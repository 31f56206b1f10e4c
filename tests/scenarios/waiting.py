#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""waiting: what may happen to a call while its phone sleeps."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.tap import main, test


@test
def a_caller_who_gives_up_is_released_at_once(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    cancelled = call.cancel([("Reason", 'SIP;cause=200;text="Call completed elsewhere"')])
    cancelled.expect(200)
    call.expect(487)
    phone.wake()
    phone.register_ok()
    phone.expect_nothing(1.0)
    house.assert_settled(phone)
    house.daemon.wait_log("call: ended: answered elsewhere")


@test
def a_cancel_while_it_rings_reaches_the_phone(stage):
    house = House(stage)
    phone = house.sleeper(transport="tcp")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    leg = phone.expect_call()
    leg.ring()
    call.expect(180)
    reason = 'SIP;cause=200;text="Call completed elsewhere"'
    cancelled = call.cancel([("Reason", reason)])
    assert leg.expect_cancel().get("Reason") == reason
    cancelled.expect(200)
    call.expect(487)
    house.assert_settled(phone)


@test
def a_caller_may_hang_up_in_the_early_dialog(stage):
    """With BYE (RFC 3261 section 15), which is the first that is heard of the dialog."""
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    call.hang_up()
    call.expect(487)
    call.send("INFO").expect(481)
    phone.wake()
    phone.register_ok()
    phone.expect_nothing(1.0, "INVITE")
    house.assert_settled(phone)


def ask(call, method, number, local=None, remote=None):
    """Such a request in the early dialog, or one that only seems to be in it."""
    request = call.build(method, number)
    request.set("From", local or call.local)
    request.set("To", remote or call.remote)
    return call.agent.send_request(request, call.flow)


@test
def what_a_caller_asks_meanwhile_reaches_its_call(stage):
    """Nobody is there to pass it to; 481 would say that there is no call (RFC 3261 section 12.2.2)."""
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    ask(call, "INFO", 2, local=call.local + "x").expect(481)
    ask(call, "INFO", 2, remote=call.remote + "x").expect(481)
    assert ask(call, "INFO", 0).expect(500).get("Retry-After") is None  # comes too late
    address, _, tag = call.remote.rpartition("=")
    assert ask(call, "INFO", 4, remote=f"{address}={tag.upper()}").expect(500).get("Retry-After")
    assert ask(call, "INFO", 3).expect(500).get("Retry-After") is None
    assert ask(call, "UPDATE", 5).expect(500).get("Retry-After")
    ask(call, "INFO", 6, local=call.local + "x").expect(481)
    call.number = 6
    house.wake(phone)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_phone_that_never_wakes(stage):
    house = House(stage, wake={"timeout": 2})
    phone = house.sleeper()
    started = time.monotonic()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    call.expect(480, 6)
    took = time.monotonic() - started
    assert 1.9 < took < 6, f"480 after {took:.1f} s"
    phone.wake()
    phone.register_ok()
    phone.expect_nothing(0.5)
    house.push.assert_pushes(1)
    house.assert_settled(phone)


@test
def a_phone_that_the_pbx_refuses_is_told_apart(stage):
    house = House(stage, wake={"timeout": 2})
    phone = house.sleeper()
    house.pbx.forbidden.add("alice")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    phone.wake()
    assert phone.register().status == 403
    call.expect(480, 6)
    house.daemon.wait_log("no wake-up: the phone came, and the PBX refused to register it: 403 ")
    house.assert_settled(phone)


@test
def a_phone_that_wakes_and_keeps_silent_is_told_apart(stage):
    house = House(stage, wake={"timeout": 2})
    phone = house.sleeper(transport="tcp")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    phone.expect_call()
    phone.freeze()
    call.expect(480, 6)
    house.daemon.wait_log("no answer: the phone registered and then kept silent")
    phone.thaw()


@test
def a_phone_that_wakes_late_gets_the_next_call(stage):
    house = House(stage, wake={"timeout": 2})
    phone = house.sleeper()
    house.pbx.call("alice", OFFER).expect(480, 5)
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone, pushes=2)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_dead_push_token_is_no_wait(stage):
    house = House(stage)
    house.sleeper(path="/gone/alice")
    started = time.monotonic()
    call = house.pbx.call("alice", OFFER)
    call.expect(480)
    assert time.monotonic() - started < 5, "480 at once"
    house.push.assert_pushes(1)
    house.pbx.call("alice", OFFER).expect(480)
    house.push.assert_pushes(1)
    house.daemon.wait_log("could not be delivered", 2)
    house.assert_settled()


@test
def a_phone_that_is_gone_says_why(stage):
    house = House(stage)
    house.sleeper(path="/gone/alice", transport="tcp")
    house.pbx.call("alice", OFFER).expect(480)
    house.daemon.wait_log("no wake-up: token-dead: the service said 410")
    house.pbx.call("alice", OFFER).expect(480)
    house.daemon.wait_log("the phone's connection is closed, and its push token is dead")
    house.push.assert_pushes(1)
    house.assert_settled()


@test
def a_push_that_is_refused_is_no_wait(stage):
    house = House(stage)
    house.sleeper(path="/status/403/alice")
    call = house.pbx.call("alice", OFFER)
    call.expect(480, 6)
    house.assert_settled()


@test
def an_unreachable_push_service_is_no_long_wait(stage):
    closed = f"https://127.0.0.1:{ports.free_port('127.0.0.1')}"
    house = House(stage, start=False, wake={"timeout": 5})
    house.groups["push:webpush"]["allow-origins"] = closed
    house.start()
    house.sleeper(push={"provider": "webpush", "prid": f"{closed}/push/alice"})
    house.pbx.call("alice", OFFER).expect(480, 8)
    house.assert_settled()


@test
def a_push_service_that_hangs_does_not_hold_the_call_longer(stage):
    house = House(stage, wake={"timeout": 2})
    house.sleeper(path="/hang/alice")
    house.pbx.call("alice", OFFER).expect(480, 6)
    house.assert_settled()


@test
def a_second_call_joins_the_wake_up(stage):
    house = House(stage)
    phone = house.sleeper(transport="tcp")
    first = house.pbx.call("alice", OFFER, caller="2000")
    first.expect(180)
    house.push.wait_pushes(1)
    second = house.pbx.call("alice", OFFER, caller="3000")
    second.expect(180)
    house.wake(phone)
    legs = [phone.expect_call(), phone.expect_call()]
    phone.expect_nothing(0.3, "INVITE")
    one = next(leg for leg in legs if "2000" in leg.invite.get("From"))
    other = next(leg for leg in legs if "3000" in leg.invite.get("From"))
    other.reject(486)
    second.expect(486)
    other.agent.expect_request("ACK", call_id=other.call_id)
    one.ring()
    first.expect(180)
    one.answer(ANSWER)
    first.expect(200)
    first.ack()
    one.expect_ack()
    house.finish(first, one)
    house.push.assert_pushes(1)
    house.assert_settled(phone)


@test
def two_phones_are_woken_apart(stage):
    house = House(stage)
    alice = house.sleeper()
    bob = house.sleeper("bob", address=ports.OTHER_PHONE)
    to_alice, to_bob = house.pbx.call("alice", OFFER), house.pbx.call("bob", OFFER)
    to_alice.expect(180)
    to_bob.expect(180)
    house.wake(bob)
    leg = house.connect(to_bob, bob)
    house.finish(leg, to_bob)
    house.wake(alice)
    leg = house.connect(to_alice, alice)
    house.finish(leg, to_alice)
    house.push.assert_pushes(1, "/push/alice")
    house.push.assert_pushes(1, "/push/bob")
    house.assert_settled(alice, bob)


@test
def the_call_stays_through_the_challenge(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    phone.wake()
    challenge = phone.send_register().expect(401)
    phone.expect_nothing(1.0)
    house.pbx.assert_quiet()
    house.pbx.hold_registers = True
    answered = phone.send_register(challenge=challenge)
    held = house.pbx.expect_request("REGISTER")
    phone.expect_nothing(0.3)
    house.pbx.hold_registers = False
    house.pbx.finish_register(held)
    answered.expect(200)
    leg = house.connect(call, phone)
    house.finish(leg, call)
    house.assert_settled(phone)


@test
def a_phone_with_a_wrong_password_is_not_given_the_call(stage):
    house = House(stage, wake={"timeout": 3})
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    thief = house.phone(password="wrong", address=ports.STRANGER)
    assert thief.register().status == 401
    thief.expect_nothing(0.5)
    house.wake(phone)
    leg = house.connect(call, phone)
    house.finish(leg, call)
    house.assert_settled(phone, thief)


@test
def a_call_while_the_phone_is_cancelled_and_called_again(stage):
    house = House(stage)
    phone = house.sleeper()
    first = house.pbx.call("alice", OFFER)
    first.expect(180)
    first.cancel().expect(200)
    first.expect(487)
    second = house.pbx.call("alice", OFFER)
    second.expect(180)
    house.wake(phone)
    leg = house.connect(second, phone)
    phone.expect_nothing(0.3, "INVITE")
    house.finish(second, leg)
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
