#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""habits: what PBXs do that a proxy does not, and the call or registration goes on."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.message import parameter
from sipwaketest.sdp import sdp
from sipwaketest.tap import main, test


def woken_call(house, phone, pushes=1):
    """A call to a sleeping phone, up to where both talk; returns both ends."""
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone, pushes=pushes)
    return call, house.connect(call, phone)


@test
def a_pbx_that_grants_a_minute(stage):
    house = House(stage, grant=60)
    phone = house.phone()
    contact = phone.register_ok().values("Contact")[0]
    assert 50 <= int(parameter(contact, "expires")) <= 60, contact
    phone.sleep()
    call, leg = woken_call(house, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_pbx_that_keeps_one_contact(stage):
    house = House(stage, keep_one=True)
    phone = house.sleeper(transport="tcp")
    for turn in (1, 2):
        call, leg = woken_call(house, phone, turn)
        house.finish(leg, call)
        phone.sleep()
    assert len(house.pbx.contacts("alice")) == 1
    house.assert_settled(phone)


@test
def a_pbx_that_closes_its_connections(stage):
    house = House(stage, pbx_transport="tcp")
    phone = house.sleeper()
    house.pbx.close_tcp()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.pbx.close_tcp()
    phone.register_ok()
    assert len(house.pbx.contacts("alice")) == 1
    house.assert_settled(phone)


@test
def a_pbx_that_restarts_with_nothing(stage):
    for pbx_transport in ("udp", "tcp"):
        house = House(stage, pbx_transport=pbx_transport)
        phone = house.phone()
        phone.register_ok()
        contact = house.pbx.contact("alice").uri
        house.pbx.restart()
        assert not house.pbx.contacts("alice")
        phone.register_ok()
        assert house.pbx.contact("alice").uri == contact
        phone.sleep()
        call, leg = woken_call(house, phone)
        house.finish(leg, call)
        house.assert_settled(phone)
        house.tear_down(phone)


@test
def a_pbx_that_is_silent(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    contact = house.pbx.contact("alice").uri
    house.pbx.silent = True
    answer = phone.send_register()
    phone.expect_nothing(1)
    house.pbx.silent = False
    answer.final(10)
    phone.register_ok()
    assert house.pbx.contact("alice").uri == contact
    house.daemon.assert_alive()


def refuse_glare(end):
    """What a party does that has a re-INVITE of its own under way (RFC 3261 section 14.2)."""
    def crossing(message):
        return message.is_request and message.method == "INVITE"
    try:
        request = end.agent.take(crossing, 0.5, "crossing INVITE")
    except AssertionError:
        return  # it was refused on its way
    end.reply(request, 491)
    end.expect_ack()


@test
def crossing_re_invites_are_both_refused(stage):
    house = House(stage)
    phone = house.sleeper()
    call, leg = woken_call(house, phone)
    from_pbx = call.send("INVITE", sdp("pbx", version=2))
    from_phone = leg.send("INVITE", sdp("phone", version=2))
    refuse_glare(leg)
    refuse_glare(call)
    assert from_pbx.final().status == 491
    assert from_phone.final().status == 491
    again = call.send("INVITE", sdp("pbx", version=3))
    leg.reply(leg.expect_request("INVITE"), 200, sdp("phone", version=3))
    again.expect(200)
    call.ack(again)
    leg.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def an_update_while_the_call_is_held(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    held = call.expect(180)
    assert "UPDATE" not in (held.get("Allow") or "")
    refused = call.send("UPDATE", sdp("pbx", version=2)).final()
    assert refused.status in (488, 500, 491), refused.start
    assert refused.status != 500 or refused.get("Retry-After") is not None
    house.wake(phone)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_pbx_that_asks_about_its_contacts(stage):
    house = House(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    for _ in range(3):
        house.pbx.request("OPTIONS", house.pbx.contact("alice").uri).expect(200)
    house.wake(phone)
    leg = house.connect(call, phone)
    house.pbx.request("OPTIONS", house.pbx.contact("alice").uri).expect(200)
    house.finish(leg, call)
    house.assert_settled(phone)


@test(limit=60)
def a_pbx_that_bans_our_address(stage):
    house = House(stage)
    good = house.phone("bob", address=ports.OTHER_PHONE)
    good.register_ok()
    house.pbx.forbidden.add("alice")
    house.pbx.ban_after = 5
    scanner = house.phone(address=ports.STRANGER)
    for _ in range(5):
        assert scanner.register().status == 403
    answer = good.send_register().final(40)
    assert answer.status >= 400, answer.start
    assert len(house.pbx.contacts("bob")) == 1
    house.pbx.refusals.clear()
    good.register_until_ok()
    house.daemon.assert_alive()


if __name__ == "__main__":
    main()
