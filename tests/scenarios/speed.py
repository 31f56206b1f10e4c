#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""speed: a call does not cost far more than `make bench` wants it to, on however busy a machine."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.callload import ProxyUnderCalls, SipwakeUnderCalls, take_turns
from sipwaketest.tap import main, test

TARGET = 1.5   # times what a stateful proxy takes
TOLERANCE = 1.5
RATE = 200     # calls a second, which a busy machine manages too


@test(limit=120)
def a_call_costs_little_more_than_in_a_proxy(stage):
    ours, theirs = take_turns((SipwakeUnderCalls(stage), ProxyUnderCalls(stage)), RATE, 4)
    print(f"# {ours:.0f} us for a call, and {theirs:.0f} in the proxy")
    assert ours / theirs < TARGET * TOLERANCE, f"{ours / theirs:.2f} times the CPU of the proxy"


if __name__ == "__main__":
    main()
