#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""callout: a phone calls through the PBX, which challenges it."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.message import uri_of
from sipwaketest.tap import main, test


def call_out(stage, transport, pbx_transport):
    house = House(stage, pbx_transport=pbx_transport)
    phone = house.phone(transport=transport)
    phone.register_ok()
    for phone_hangs_up in (True, False):
        call = phone.dial("2000", OFFER)
        leg = house.pbx.expect_call()
        house.pbx.expect_request("ACK")  # of the 407
        assert leg.invite.uri == f"sip:2000@{house.pbx.domain}", leg.invite.uri
        assert uri_of(leg.invite.get("From")) == phone.aor
        assert leg.invite.body == OFFER and leg.flow.transport == pbx_transport
        assert leg.invite.flow.remote[0] == ports.PBX_SIDE
        leg.ring()
        call.expect(180)
        leg.answer(ANSWER)
        assert call.expect(200).body == ANSWER
        call.ack()
        leg.expect_ack()
        info = leg.send("INFO")
        call.reply(call.expect_request("INFO"), 200)
        info.expect(200)
        if phone_hangs_up:
            house.finish(call, leg)
        else:
            house.finish(leg, call)
        house.assert_settled(phone)
    stage.trace.assert_order("alice> INVITE", "pbx< INVITE", "pbx> 407 INVITE", "alice< 407 INVITE",
                             "alice> INVITE", "pbx< INVITE", "pbx> 180 INVITE",
                             "alice< 180 INVITE", "pbx> 200 INVITE", "alice< 200 INVITE",
                             "alice> ACK", "pbx< ACK", "alice> BYE", "pbx< BYE")
    house.push.assert_pushes(0)
    house.assert_pbx_clean()


@test
def a_udp_phone_calls_out(stage):
    call_out(stage, "udp", "udp")


@test
def a_tcp_phone_calls_out(stage):
    call_out(stage, "tcp", "udp")


@test
def a_tcp_phone_calls_out_to_a_tcp_pbx(stage):
    call_out(stage, "tcp", "tcp")


@test
def the_challenge_of_a_call_is_relayed(stage):
    house = House(stage, algorithm="SHA-256")
    phone = house.phone()
    phone.register_ok()
    call = phone.invite("2000", OFFER)
    answer = call.expect(407)
    sent = [m for m in stage.trace.once("pbx", sent=True) if m.status == 407]
    assert answer.get("Proxy-Authenticate") == sent[0].get("Proxy-Authenticate")
    again = phone.invite("2000", OFFER, answer, call.call_id, number=2)
    leg = house.pbx.expect_call()
    mine = leg.invite.get("Proxy-Authorization")
    assert mine and f'uri="sip:2000@{house.pbx.domain}"' in mine, mine
    leg.reject(486)
    again.expect(486)
    for _ in range(2):
        house.pbx.expect_request("ACK")
    house.assert_settled(phone)


@test
def a_wrong_password_calls_nobody(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    phone.credentials.password = "wrong"
    phone.dial("2000", OFFER).expect(407)
    for _ in range(2):
        house.pbx.expect_request("ACK")
    house.assert_settled(phone)


@test
def a_phone_gives_up_its_call(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = phone.dial("2000", OFFER)
    leg = house.pbx.expect_call()
    house.pbx.expect_request("ACK")
    leg.ring()
    call.expect(180)
    cancelled = call.cancel()
    leg.expect_cancel()
    cancelled.expect(200)
    call.expect(487)
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
