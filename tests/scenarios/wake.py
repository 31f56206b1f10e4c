#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""wake: the PBX calls a sleeping phone, which is pushed, wakes, registers and rings."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.message import parameter
from sipwaketest.sdp import sdp
from sipwaketest.tap import main, test
from sipwaketest.uri import Uri


def in_dialog(here, there):
    """A re-INVITE and an INFO from one end to the other."""
    changed, agreed = sdp("hold", version=2, direction="sendonly"), sdp("held", version=2)
    again = here.send("INVITE", changed)
    request = there.expect_request("INVITE")
    assert request.body == changed
    there.reply(request, 200, agreed)
    assert again.expect(200).body == agreed
    here.ack(again)
    there.expect_ack()
    info = here.send("INFO", b"Signal=5\r\n", [("Content-Type", "application/dtmf-relay"),
                                               ("X-Own-Header", "kept as it is")])
    request = there.expect_request("INFO")
    assert request.body == b"Signal=5\r\n"
    assert request.get("X-Own-Header") == "kept as it is"
    assert request.get("Content-Type") == "application/dtmf-relay"
    there.reply(request, 200)
    info.expect(200)


def wake_and_talk(stage, transport, pbx_transport, ipv6=False):
    house = House(stage, pbx_transport=pbx_transport, ipv6=ipv6)
    phone = house.sleeper(transport=transport)
    for phone_hangs_up in (True, False):
        pushes = len(house.push.pushes())
        call = house.pbx.call("alice", OFFER)
        call.expect(100)
        held = call.expect(180)
        house.push.wait_pushes(pushes + 1, "/push/alice")
        phone.wake()
        phone.expect_nothing(0.2)
        phone.register_ok()
        leg = phone.expect_call()
        assert leg.flow.transport == transport
        assert leg.invite.body == OFFER
        leg.ring()
        call.expect(180)
        leg.answer(ANSWER)
        answered = call.expect(200)
        assert answered.body == ANSWER
        assert parameter(held.get("To"), "tag") == parameter(answered.get("To"), "tag"), \
            "one To-tag for the whole call"
        call.ack()
        leg.expect_ack()
        in_dialog(call, leg)
        in_dialog(leg, call)
        if phone_hangs_up:
            house.finish(leg, call)
        else:
            house.finish(call, leg)
        house.assert_settled(phone)
        phone.sleep()
    stage.trace.assert_order("pbx> INVITE", "pbx< 100 INVITE", "pbx< 180 INVITE",
                             "alice> REGISTER", "pbx> 200 REGISTER", "alice< INVITE",
                             "alice> 180 INVITE", "pbx< 180 INVITE", "alice> 200 INVITE",
                             "pbx< 200 INVITE", "pbx> ACK", "alice< ACK", "alice> BYE",
                             "pbx< BYE", "pbx> 200 BYE")
    house.push.assert_pushes(2)
    assert all(push["vapid"] == "ok" for push in house.push.pushes())
    house.assert_pbx_clean()


@test
def a_udp_phone_wakes_for_a_udp_pbx(stage):
    wake_and_talk(stage, "udp", "udp")


@test
def a_tcp_phone_wakes_for_a_udp_pbx(stage):
    wake_and_talk(stage, "tcp", "udp")


@test
def a_udp_phone_wakes_for_a_tcp_pbx(stage):
    wake_and_talk(stage, "udp", "tcp")


@test
def a_tcp_phone_wakes_for_a_tcp_pbx(stage):
    wake_and_talk(stage, "tcp", "tcp")


@test
def a_udp_phone_wakes_over_ipv6(stage):
    wake_and_talk(stage, "udp", "udp", ipv6=True)


@test
def a_tcp_phone_wakes_over_ipv6(stage):
    wake_and_talk(stage, "tcp", "tcp", ipv6=True)


@test
def an_awake_phone_needs_no_push(stage):
    house = House(stage)
    for transport in ("udp", "tcp"):
        phone = house.phone(transport=transport)
        phone.register_ok()
        call = house.pbx.call("alice", OFFER)
        leg = house.connect(call, phone)
        house.finish(call, leg)
        house.assert_settled(phone)
        assert phone.deregister().status == 200
        phone.close()
    house.push.assert_pushes(0)


@test
def a_frozen_phone_is_pushed_after_the_direct_try(stage):
    house = House(stage)
    for transport in ("udp", "tcp"):
        pushes = len(house.push.pushes())
        frozen = house.phone(transport=transport)
        frozen.register_ok()
        frozen.freeze()
        call = house.pbx.call("alice", OFFER)
        call.expect(180)
        house.push.wait_pushes(pushes + 1)
        awake = house.phone(transport=transport)
        awake.register_ok()
        leg = house.connect(call, awake)
        house.finish(call, leg)
        house.assert_settled(awake)
        assert awake.deregister().status == 200
        frozen.close()
        awake.close()


@test
def an_invite_without_sdp_is_offered_in_the_answer(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice")
    held = call.expect(180)
    assert not held.body
    house.wake(phone)
    leg = phone.expect_call()
    assert leg.invite.body == b"" and leg.invite.get("Content-Type") is None
    leg.ring()
    leg.answer(OFFER)
    assert call.expect(200).body == OFFER
    call.ack(body=ANSWER)
    assert leg.expect_ack().body == ANSWER
    house.finish(leg, call)
    house.assert_settled(phone)


@test
def three_registers_give_one_invite(stage):
    house = House(stage)
    phone = house.sleeper(transport="tcp")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    phone.register_ok()
    phone.register_ok()
    leg = phone.expect_call()
    phone.expect_nothing(0.5, "INVITE")
    leg.ring()
    phone.register_ok()
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    phone.expect_nothing(0.5, "INVITE")
    house.finish(leg, call)
    house.assert_settled(phone)
    house.push.assert_pushes(1)


@test
def the_invite_takes_the_newest_flow(stage):
    house = House(stage)
    old = house.phone(transport="tcp")
    old.register_ok()
    new = house.phone(transport="tcp")
    new.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, new)
    house.finish(call, leg)
    old.assert_quiet()
    house.assert_settled(new)


@test
def the_extension_in_the_request_uri_finds_the_phone(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER, request_user="alice")
    call.expect(180)
    house.wake(phone)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def an_unknown_contact_is_not_found(stage):
    house = House(stage)
    phone = house.sleeper()
    uri = Uri(house.pbx.contact("alice").uri).with_user("0123456789abcdef")
    call = house.pbx.call("alice", OFFER, uri=uri, callee=uri)
    call.expect(404)
    phone.open()
    phone.expect_nothing(0.3)
    house.push.assert_pushes(0)
    house.assert_settled(phone)


@test
def options_are_answered_for_a_sleeping_phone(stage):
    house = House(stage)
    house.sleeper()
    contact = house.pbx.contact("alice").uri
    for _ in range(3):
        house.pbx.request("OPTIONS", contact).expect(200)
    unknown = Uri(contact).with_user("0123456789abcdef")
    house.pbx.request("OPTIONS", unknown).expect(404)
    house.push.assert_pushes(0)
    house.assert_settled()


@test
def the_hold_response_can_be_chosen(stage):
    for response, first in ((183, 183), (100, 100)):
        house = House(stage, wake={"hold-response": response})
        phone = house.sleeper()
        call = house.pbx.call("alice", OFFER)
        call.expect(first)
        house.push.wait_pushes(1)
        heard = [e.message.status for e in stage.trace.received("pbx")
                 if e.message.method == "INVITE" and e.message.call_id == call.call_id]
        assert set(heard) <= {100, response}, heard
        house.wake(phone)
        leg = house.connect(call, phone)
        house.finish(call, leg)
        house.assert_settled(phone)
        house.tear_down(phone)


@test
def what_is_not_ours_passes_unchanged(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER, headers=[
        ("Max-Forwards", "42"), ("Alert-Info", "<http://192.0.2.1/ring>;info=internal"),
        ("P-Asserted-Identity", '"Two Thousand" <sip:2000@pbx.test>'),
        ("X-Own-Header", "a;b=\"c, d\", <e>")])
    call.expect(180)
    house.wake(phone)
    leg = phone.expect_call()
    for name in ("Alert-Info", "P-Asserted-Identity", "X-Own-Header"):
        assert leg.invite.get(name) == call.invite.get(name), leg.invite.get(name)
    assert int(leg.invite.get("Max-Forwards")) == 41
    leg.reject(486, [("X-Reason", "in a meeting")])
    busy = call.expect(486)
    assert busy.get("X-Reason") == "in a meeting"
    phone.expect_request("ACK")
    house.assert_settled(phone)


@test
def a_push_resource_as_long_as_a_contact_can_be(stage):
    house = House(stage)
    path = "/push/" + "x" * (4096 - len(f"{house.push.url}/push/") - 200)
    phone = house.sleeper(transport="tcp", path=path)
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone, path)
    house.finish(call, house.connect(call, phone))
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
