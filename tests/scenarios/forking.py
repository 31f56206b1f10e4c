#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""forking: several phones of one user, and which of their answers the caller gets."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.sdp import sdp
from sipwaketest.tap import main, test

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


def one_of(house, number, transport="tcp", path=None, **more):
    """One of alice's phones: each with an address, an identity and a push resource of its own."""
    address = (ports.PHONE, ports.OTHER_PHONE, ports.CALLER)[number - 1]
    return house.phone(transport=transport, address=address, instance=False,
                       path=f"/push/phone{number}" if path is None else path, **more)


def ring_all(house, count=2, **more):
    """Awake phones that all ring; returns the call, the phones and their ends of it."""
    phones = [one_of(house, n + 1, **more) for n in range(count)]
    for phone in phones:
        phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice")
    legs = [phone.expect_call() for phone in phones]
    for leg in legs:
        leg.ring()
        call.expect(180)
    return call, phones, legs


@test
def the_first_answer_wins(stage):
    house = House(stage)
    call, phones, legs = ring_all(house, 3)
    legs[1].answer(ANSWER)
    assert call.expect(200).body == ANSWER
    call.ack()
    legs[1].expect_ack()
    for leg in (legs[0], legs[2]):
        assert leg.expect_cancel().get("Reason") == ELSEWHERE
    house.finish(call, legs[1])
    house.assert_settled(*phones)


@test
def all_phones_have_one_call_id(stage):
    house = House(stage)
    call, phones, legs = ring_all(house)
    assert legs[0].call_id == legs[1].call_id != call.call_id
    for leg in legs:
        leg.reject(486)
        leg.expect_ack()
    call.expect(486)
    house.assert_settled(*phones)


@test
def sleeping_phones_join_as_they_wake(stage):
    house = House(stage)
    phones = [one_of(house, 1), one_of(house, 2)]
    for phone in phones:
        phone.register_ok()
        phone.sleep()
    call = house.pbx.call("alice", OFFER, request_user="alice")
    call.expect(180)
    house.wake(phones[0], path="/push/phone1")
    first = phones[0].expect_call()
    first.ring()
    call.expect(180)
    house.wake(phones[1], path="/push/phone2")
    second = phones[1].expect_call()
    second.ring()
    call.expect(180)
    second.answer(ANSWER)
    call.expect(200)
    call.ack()
    second.expect_ack()
    assert first.expect_cancel().get("Reason") == ELSEWHERE
    house.finish(second, call)
    house.assert_settled(*phones)


@test
def a_phone_that_registers_meanwhile_joins(stage):
    house = House(stage)
    phone, newcomer = one_of(house, 1), one_of(house, 2)
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice")
    leg = phone.expect_call()
    leg.ring()
    call.expect(180)
    newcomer.register_ok()
    joined = newcomer.expect_call()
    joined.ring()
    joined.answer(ANSWER)
    call.expect(200)
    call.ack()
    joined.expect_ack()
    leg.expect_cancel()
    house.finish(call, joined)
    house.assert_settled(phone, newcomer)


@test
def nobody_joins_a_call_to_one_contact(stage):
    house = House(stage)
    phone, other = one_of(house, 1), one_of(house, 2)
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.ring()
    other.register_ok()
    other.expect_nothing(0.3)
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone, other)


@test
def nobody_joins_after_early_media(stage):
    """With one To tag, the caller takes the first SDP for the answer."""
    house = House(stage)
    phone, other = one_of(house, 1), one_of(house, 2)
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice")
    leg = phone.expect_call()
    leg.ring(183, ANSWER)
    assert call.expect(183).body == ANSWER
    other.register_ok()
    other.expect_nothing(0.3)
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone, other)


@test
def sdp_of_several_phones_is_held_back(stage):
    house = House(stage)
    phones = [one_of(house, 1), one_of(house, 2)]
    for phone in phones:
        phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice")
    legs = [phone.expect_call() for phone in phones]
    for number, leg in enumerate(legs):
        assert "100rel" not in (leg.invite.get("Supported") or "")
        leg.ring(183, sdp(f"early{number}"))
        early = call.expect(183)
        assert early.body == b"" and early.get("Content-Type") is None
    legs[0].answer(ANSWER)
    assert call.expect(200).body == ANSWER
    call.ack()
    legs[0].expect_ack()
    legs[1].expect_cancel()
    house.finish(call, legs[0])
    house.assert_settled(*phones)


def refusals(stage, statuses, best, groups=None, bodies=None):
    house = House(stage, config={"call": groups or {}})
    call, phones, legs = ring_all(house, len(statuses))
    for leg, status in zip(legs, statuses):
        leg.answer_with(status, (bodies or {}).get(status, b""), [("X-Who", f"{status}")])
        leg.expect_ack()
    answer = call.expect(best)
    house.assert_settled(*phones)
    house.tear_down(*phones)
    return answer


@test
def the_best_refusal_goes_to_the_caller(stage):
    """RFC 3261 section 16.7 step 6."""
    assert refusals(stage, (486, 404), 404).get("X-Who") == "404"
    assert refusals(stage, (404, 486), 404).get("X-Who") == "404"
    assert refusals(stage, (500, 486), 486).get("X-Who") == "486"
    assert refusals(stage, (486, 503, 415), 415).get("X-Who") == "415"
    assert refusals(stage, (302, 486), 302).get("X-Who") == "302"


@test
def the_best_refusal_keeps_its_body(stage):
    body = b"v=0\r\nx=what is possible\r\n"
    assert refusals(stage, (488, 503), 488, bodies={488: body}).body == body


@test
def merged_is_no_refusal(stage):
    assert refusals(stage, (482, 486), 486).get("X-Who") == "486"
    assert refusals(stage, (482, 482), 480).get("X-Who") is None


def one_refuses(stage, status, ends, groups=None):
    house = House(stage, config={"call": groups or {}})
    call, phones, legs = ring_all(house)
    legs[0].reject(status, [("X-Who", "first")])
    legs[0].expect_ack()
    if ends:
        assert call.expect(status).get("X-Who") == "first"
        legs[1].expect_cancel()
    else:
        phones[1].expect_nothing(0.3)
        legs[1].answer(ANSWER)
        call.expect(200)
        call.ack()
        legs[1].expect_ack()
        house.finish(call, legs[1])
    house.assert_settled(*phones)
    house.tear_down(*phones)


@test
def a_busy_phone_leaves_the_others_ringing(stage):
    one_refuses(stage, 486, False)


@test
def a_busy_phone_may_end_the_call(stage):
    one_refuses(stage, 486, True, {"busy": "end"})


@test
def a_declined_call_ends_everywhere(stage):
    one_refuses(stage, 603, True)
    one_refuses(stage, 606, True)


@test
def a_declined_call_may_ring_on(stage):
    one_refuses(stage, 603, False, {"decline": "wait"})
    one_refuses(stage, 604, False, {"failure": "wait"})


@test
def one_asleep_and_one_that_refuses(stage):
    """The caller waits for the phone that may still wake."""
    house = House(stage, wake={"timeout": 3})
    sleeper, phone = one_of(house, 1), one_of(house, 2)
    sleeper.register_ok()
    sleeper.sleep()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice")
    leg = phone.expect_call()
    leg.ring()
    leg.reject(486)
    leg.expect_ack()
    call.expect(486, 5)
    house.assert_settled(phone)


@test
def a_dead_token_is_not_the_end_of_a_phone(stage):
    """Its push is refused, but it comes by itself while another phone still rings."""
    house = House(stage)
    dead, phone = one_of(house, 1, path="/gone/phone1"), one_of(house, 2)
    dead.register_ok()
    dead.sleep()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice")
    leg = phone.expect_call()
    leg.ring()
    call.expect(180)
    house.push.wait_pushes(1, "/gone/phone1")
    dead.wake()
    dead.register_ok()
    late = dead.expect_call()
    late.ring()
    late.answer(ANSWER)
    call.expect(200)
    call.ack()
    late.expect_ack()
    leg.expect_cancel()
    house.finish(late, call)
    house.assert_settled(dead, phone)


@test
def a_suspended_phone_that_took_the_older_invite(stage):
    """It says 482 to the newer one, and goes on with the older."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    first = phone.expect_call()
    house.push.wait_pushes(1)
    call.expect(180)
    phone.renew_flow()
    phone.new_identity()
    phone.register_ok()
    second = phone.expect_call()
    assert second.call_id == first.call_id and second.flow is not first.flow
    second.reject(482)
    second.expect_ack()
    first.ring()
    call.expect(180)
    first.answer(ANSWER)
    assert call.expect(200).body == ANSWER
    call.ack()
    first.expect_ack()
    house.finish(call, first)
    house.assert_settled(phone)


@test
def max_breadth_is_split(stage):
    """RFC 5393 section 5.3."""
    house = House(stage)
    phones = [one_of(house, 1), one_of(house, 2)]
    for phone in phones:
        phone.register_ok()
    call = house.pbx.call("alice", OFFER, request_user="alice", headers=[("Max-Breadth", "7")])
    for phone in phones:
        leg = phone.expect_call()
        assert leg.invite.get_all("Max-Breadth") == ["3"]
        leg.reject(486)
        leg.expect_ack()
    call.expect(486)
    house.pbx.call("alice", OFFER, request_user="alice",
                   headers=[("Max-Breadth", "1")]).expect(440)
    for phone in phones:
        phone.expect_nothing(0.2)
    house.assert_settled(*phones)


@test
def a_caller_who_is_not_registered(stage):
    house = House(stage)
    phone = house.phone()
    phone.dial("2000", OFFER).expect(403)
    house.assert_settled(phone)
    house.tear_down(phone)
    house = House(stage, config={"call": {"callers": "any"}})
    phone = house.phone()
    call = phone.dial("2000", OFFER)
    leg = house.pbx.expect_call()
    house.pbx.expect_request("ACK")
    leg.reject(486)
    leg.expect_ack()
    call.expect(486)
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
