#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""secure: phones that come by TLS, WebSocket and secure WebSocket, and a PBX by TLS."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.message import parameter, uri_of
from sipwaketest.tap import main, test
from sipwaketest.uri import Uri, host_port

SECURE = ("tls", "ws", "wss")


def assert_public_address(phone, message):
    """The answer says where the phone really is, as NAT would show it."""
    via = message.get("Via")
    flow = phone.flow
    assert parameter(via, "received") == flow.local[0], via
    assert parameter(via, "rport") == str(flow.local[1]), via


def wake_and_talk(stage, transport):
    house = House(stage, secure=SECURE)
    phone = house.phone(transport=transport)
    assert_public_address(phone, phone.register_ok())
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    house.wake(phone)
    leg = house.connect(call, phone)
    contact = Uri(uri_of(leg.invite.get("Contact")))
    assert (contact.scheme, contact.transport) == ("sip", transport), leg.invite.get("Contact")
    assert leg.invite.get("Via").startswith(f"SIP/2.0/{transport.upper()} "), leg.invite.get("Via")
    info = leg.send("INFO")
    call.reply(call.expect_request("INFO"), 200)
    assert_public_address(phone, info.expect(200))
    house.finish(leg, call)

    # Awake: it is called on the connection that it has.
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    assert len(house.push.pushes()) == 1

    out = phone.dial("2000", OFFER)
    answering = house.pbx.expect_call()
    answering.ring()
    assert_public_address(phone, out.expect(180))
    answering.answer(ANSWER)
    assert out.expect(200).body == ANSWER
    out.ack()
    answering.expect_ack()
    house.finish(answering, out)

    # An answer that the stack gives by itself.
    out = phone.invite("2000", OFFER)
    cancel = out.cancel()
    assert_public_address(phone, cancel.final())
    phone.take(lambda m: not m.is_request and m.status >= 300, 5, "refusal")
    house.daemon.assert_alive()


@test
def a_phone_by_tls_is_woken_called_and_calls(stage):
    wake_and_talk(stage, "tls")


@test
def a_phone_by_websocket_is_woken_called_and_calls(stage):
    wake_and_talk(stage, "ws")


@test
def a_phone_by_secure_websocket_is_woken_called_and_calls(stage):
    wake_and_talk(stage, "wss")


if __name__ == "__main__":
    main()
