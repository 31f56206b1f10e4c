#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-calls: CPU per bridged call beside Kamailio's stateful proxy, and the most calls a second.

A bare B2BUA on the daemon's SIP stack takes its turns with them: what it costs, any on that stack
does. Half of sipwake's calls go from phones to the PBX, half from the PBX to phones that are awake;
the others' go one way, for them both are the same. What a server does for ended calls (transactions
linger for 32 s) counts: a turn lasts from its first call to the first call of its next turn.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.bench import above, below, is_quick, main, told
from sipwaketest.callload import BareUnderCalls, ProxyUnderCalls, SipwakeUnderCalls, take_turns

RATE = 1000
RATES = (2000, 3000, 4000, 5000, 6000)  # tried in order until a call fails


def most_calls(party, seconds):
    """The highest rate at which no call failed, in both directions."""
    best = 0
    for rate in RATES:
        failed = sum(line.run(rate, seconds, may_fail=True)[1] for line in party.lines)
        print(f"{party.name}, {rate} calls a second: {failed} failed", file=sys.stderr)
        if failed:
            break
        best = rate
        time.sleep(1)
    return best


def beside_proxy(ours, theirs):
    return below("calls_cpu_ratio", ours / theirs, 1.5, "ratio", "Kamailio proxy, us",
                 round(theirs))


def measure(stage):
    sipwake, proxy = SipwakeUnderCalls(stage), ProxyUnderCalls(stage)
    if is_quick():
        return [beside_proxy(*take_turns((sipwake, proxy), RATE, 4))]
    bare = BareUnderCalls(stage)
    ours, least, theirs = take_turns((sipwake, bare, proxy), RATE, 12)
    return [beside_proxy(ours, theirs),
            told("calls_cpu_bare_ratio", least / theirs, "ratio", "bare B2BUA, us", round(least)),
            above("calls_max_cps", most_calls(sipwake, 4), 4999, "calls/s"),
            told("calls_max_cps_bare", most_calls(bare, 4), "calls/s")]


if __name__ == "__main__":
    main(measure)
