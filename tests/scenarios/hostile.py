#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""hostile: bad input gets an answer or nothing, a log line, and changes no state."""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import OFFER, House
from sipwaketest.tap import main, test
from sipwaketest.uri import Uri

GARBAGE = (
    b"\x00\x01\x02\x03" * 50,
    b"INVITE\r\n\r\n",
    b"REGISTER sip:pbx.test SIP/2.0\r\n\r\n",
    b"SIP/2.0 200 OK\r\n\r\n",
    b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:9;branch=z9hG4bKx\r\nFrom: <<<>>>\r\n"
    b"To: ;;;;\r\nCall-ID: \r\nCSeq: x INVITE\r\nContent-Length: -5\r\n\r\n",
    b"REGISTER sip:pbx.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9:9;branch=z9hG4bKy\r\n"
    b"From: <sip:alice@pbx.test>;tag=1\r\nTo: <sip:alice@pbx.test>\r\nCall-ID: c\r\n"
    b"CSeq: 1 INVITE\r\nContact: <sip:\xff\xfe@x>\r\nContent-Length: 0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"A" * 30000,
)


def settled_after(stage, house, phone):
    """The binding of before is there and a call still wakes the phone."""
    house.daemon.assert_alive()
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def garbage_over_udp(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    registers = len(house.pbx.registers())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ports.STRANGER, 0))
        for data in GARBAGE:
            for door in (house.phones_door, house.pbx_door):
                sock.sendto(data, door)
    phone.expect_nothing(0.3)
    assert len(house.pbx.registers()) == registers, "nothing of it went to the PBX"
    settled_after(stage, house, phone)


@test
def garbage_over_tcp(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    registers = len(house.pbx.registers())
    for data in GARBAGE:
        for door in (house.phones_door, house.pbx_door):
            with socket.create_connection(door, 5, (ports.STRANGER, 0)) as sock:
                sock.sendall(data)
    phone.expect_nothing(0.3)
    assert len(house.pbx.registers()) == registers, "nothing of it went to the PBX"
    settled_after(stage, house, phone)


@test
def malformed_sip_is_logged(stage):
    house = House(stage)
    before = len(house.daemon.errors().splitlines())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ports.STRANGER, 0))
        sock.sendto(GARBAGE[4], house.phones_door)
        house.daemon.wait_line(r"(?i)malformed|invalid|bad|refused", 5,
                               lambda: "\n".join(house.daemon.errors().splitlines()[before:]))


@test
def a_broken_push_parameter_changes_nothing(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    contact = house.pbx.contact("alice")
    good = phone.push
    registers = len(house.pbx.registers())
    phone.push = {"provider": "webpush", "prid": "%ZZ%"}
    answer = phone.register()
    assert 400 <= answer.status < 500, answer.start
    assert len(house.pbx.registers()) == registers, "it did not reach the PBX"
    assert house.pbx.contact("alice").uri == contact.uri
    house.daemon.wait_line(r"(?i)refused|push|pn-")
    phone.push = good
    settled_after(stage, house, phone)


@test
def a_body_over_the_limit_is_refused(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    registers = len(house.pbx.registers())
    call = phone.invite("2000", b"x" * 300000)
    call.expect(413)
    assert len(house.pbx.registers()) == registers
    assert not [e for e in stage.trace.received("pbx") if e.message.method == "INVITE"]
    settled_after(stage, house, phone)


@test
def requests_in_no_dialog_are_refused(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    contact = Uri(house.pbx.contact("alice").uri)
    for method in ("BYE", "INFO", "UPDATE"):
        request = house.pbx.request(method, contact.text,
                                    callee=None, headers=[("X-No", "dialog")])
        assert request.final().status >= 400
    tagged = house.pbx.request("BYE", contact.text, callee=f"{contact.text}")
    assert tagged.final().status >= 400
    phone.expect_nothing(0.3)
    settled_after(stage, house, phone)


@test
def hops_that_are_used_up(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, headers=[("Max-Forwards", "0")])
    call.expect(483)
    phone.expect_nothing(0.3)
    settled_after(stage, house, phone)


if __name__ == "__main__":
    main()
