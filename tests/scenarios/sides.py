#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""sides: every message leaves by the socket of its side, with that socket in its Via."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import OFFER, House
from sipwaketest.pbx import ScriptedPbx
from sipwaketest.tap import main, test
from sipwaketest.uri import host_port


def check_sides(house, party, door):
    """Everything that a party received came from one door of the daemon, and says so."""
    sent_by = host_port(*door)
    for event in house.trace.received(party):
        assert event.message, f"no SIP: {event.data!r}"
        if event.transport == "udp" or event.source == door:
            assert event.source == door, f"{event.label} came from {event.source}, not {door}"
        else:
            assert event.source[0] == door[0], f"{event.label} came from {event.source}"
        if event.message.is_request:
            vias = event.message.values("Via")
            assert len(vias) == 1, f"{event.label} carries {vias}"
            expected = f"SIP/2.0/{event.transport.upper()} {sent_by}"
            assert vias[0].split(";")[0] == expected, f"{event.label} has Via {vias[0]}"
        for other in {house.phones_door, house.pbx_door} - {door}:
            text = event.message.to_bytes().split(b"\r\n\r\n")[0].decode("utf-8", "replace")
            assert host_port(*other) not in text, f"{event.label} tells of {other}"


def everything(stage, transport, pbx_transport):
    house = House(stage, pbx_transport=pbx_transport)
    phone = house.sleeper(transport=transport)
    pushes = 0
    for phone_hangs_up in (True, False):
        call = house.pbx.call("alice", OFFER)
        call.expect(180)
        pushes += 1
        house.wake(phone, pushes=pushes)
        leg = house.connect(call, phone)
        for here, there in ((call, leg), (leg, call)):
            info = here.send("INFO")
            there.reply(there.expect_request("INFO"), 200)
            info.expect(200)
        house.finish(*((leg, call) if phone_hangs_up else (call, leg)))
        if phone_hangs_up:
            phone.sleep()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.ring()
    call.expect(180)
    cancelled = call.cancel()
    leg.expect_cancel()
    cancelled.expect(200)
    call.expect(487)
    out = phone.dial("2000", OFFER)
    answering = house.pbx.expect_call()
    house.pbx.expect_request("ACK")
    answering.answer(OFFER)
    out.expect(200)
    out.ack()
    answering.expect_ack()
    house.finish(out, answering)
    assert phone.deregister().status == 200
    house.assert_settled(phone)
    for method in ("INVITE", "ACK", "CANCEL", "BYE", "INFO"):
        assert [e for e in stage.trace.select("alice", method)
                if not e.sent and e.message.is_request], f"no {method} to the phone was seen"
    check_sides(house, "alice", house.phones_door)
    check_sides(house, "pbx", house.pbx_door)


@test
def sockets_and_vias_udp(stage):
    everything(stage, "udp", "udp")


@test
def sockets_and_vias_tcp(stage):
    everything(stage, "tcp", "tcp")


@test
def sockets_and_vias_tcp_phone(stage):
    everything(stage, "tcp", "udp")


@test
def several_listeners_of_a_side(stage):
    """A phone is answered and called through the listener at which it registered."""
    house = House(stage, start=False)
    other = (house.phones_side, ports.free_port(house.phones_side))
    house.groups["listen:more"] = {"side": "phones",
                                   "uri": f"sip:{host_port(*other)};transport=udp"}
    house.start()
    alice = house.phone()
    bob = house.phone("bob", address=ports.OTHER_PHONE)
    bob.proxy = other
    for phone, door in ((alice, house.phones_door), (bob, other)):
        phone.register_ok()
        call = house.pbx.call(phone.user, OFFER)
        leg = house.connect(call, phone)
        house.finish(call, leg)
        check_sides(house, phone.user, door)
    house.assert_settled(alice, bob)


@test
def strangers_are_not_heard_on_the_pbx_side(stage):
    house = House(stage)
    phone = house.sleeper()
    contact = house.pbx.contact("alice").uri
    stranger = ScriptedPbx(stage, {}, address=ports.STRANGER)
    stranger.name = "stranger"
    stranger.call("alice", OFFER, uri=contact).expect(403)
    stranger.request("OPTIONS", contact).expect(403)
    house.push.assert_pushes(0)
    phone.open()
    phone.expect_nothing(0.3)
    house.assert_settled(phone)


@test
def accept_from_names_further_addresses(stage):
    house = House(stage, config={"pbx:office": {"accept-from": f"{ports.PBX};{ports.CALLER}"}})
    house.sleeper()
    contact = house.pbx.contact("alice").uri
    for address, status in ((ports.CALLER, 200), (ports.STRANGER, 403)):
        other = ScriptedPbx(stage, {}, address=address)
        other.name = f"at {address}"
        other.request("OPTIONS", contact).expect(status)
    house.pbx.request("OPTIONS", contact).expect(200)


if __name__ == "__main__":
    main()
