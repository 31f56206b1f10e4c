#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-waking: from a call's INVITE to the push that wakes its phone, at 200 calls a second.

The time runs from the PBX's sending to the push service's having read the request, both of which
this machine does as well.
"""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.agent import new_branch
from sipwaketest.bench import below, main
from sipwaketest.house import OFFER, House
from sipwaketest.message import Message
from sipwaketest.population import fill
from sipwaketest.uri import host_port

RATE = 200
WARM_UP, CALLS = 200, 1600


def invite(here, door, token, number):
    uri = f"sip:{token}@{host_port(*door)}"
    return Message.request("INVITE", uri, [
        ("Via", f"SIP/2.0/UDP {here};branch={new_branch()}"), ("Max-Forwards", "70"),
        ("From", f"<sip:2000@pbx.test>;tag={number}"), ("To", f"<sip:user{number}@pbx.test>"),
        ("Call-ID", f"waking-{number}"), ("CSeq", "1 INVITE"),
        ("Contact", f"<sip:2000@{here}>"), ("Content-Type", "application/sdp")],
        OFFER).to_bytes()


def call_evenly(house, tokens):
    """Returns when each INVITE left, in microseconds."""
    sent = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ports.PBX, 0))
        here = host_port(*sock.getsockname())
        started = time.monotonic()
        for number, token in enumerate(tokens):
            time.sleep(max(0, started + number / RATE - time.monotonic()))
            sent.append(time.monotonic_ns() // 1000)
            sock.sendto(invite(here, house.pbx_door, token, number), house.pbx_door)
        time.sleep(1)
    return sent


def measure(stage):
    # No call ends before the last push, for nobody acknowledges its end.
    house = House(stage, start=False, wake={"timeout": 30, "repeat": "0"})
    house.groups["daemon"]["log-level"] = "warning"
    house.start()
    house.daemon.stop()
    tokens = fill(house.groups["daemon"]["state-dir"], house.push.prid("/push"), WARM_UP + CALLS)
    house.start()
    sent = call_evenly(house, tokens)
    came = {int(push["path"].split("/")[2].rstrip("x")): push["us"]
            for push in house.push.pushes()}
    took = sorted(came[number] - sent[number] for number in range(WARM_UP, WARM_UP + CALLS)
                  if number in came)
    assert len(took) == CALLS, f"{len(took)} of {CALLS} pushes came"
    print(f"median {took[CALLS // 2]} us, longest {took[-1]} us", file=sys.stderr)
    return [below("push_p99_ms", took[CALLS * 99 // 100] / 1000, 5, "ms")]


if __name__ == "__main__":
    main(measure)
