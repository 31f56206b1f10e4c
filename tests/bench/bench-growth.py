#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-growth: what 100,000 sleeping phones cost: CPU while nothing happens, and CPU per call
beside the same with 100; and how much memory ended calls take while their transactions linger."""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import meter
from sipwaketest.bench import below, main
from sipwaketest.callload import SipwakeUnderCalls

FEW, MANY = 100, 100_000
RATE = 500
IDLE_SECONDS = 20
LINGER = 40        # seconds, of which a call's transactions take 32
LINGER_RATE = 100  # in each direction


def cpu_per_call(party, seconds):
    before = meter.cpu_seconds(party.server)
    calls = sum(line.run(RATE, seconds)[0] for line in party.lines)
    return (meter.cpu_seconds(party.server) - before) * 1e6 / calls


def idle_cost(party):
    """Milliseconds of CPU in a second without a message."""
    time.sleep(3)
    before = meter.cpu_seconds(party.server)
    time.sleep(IDLE_SECONDS)
    return (meter.cpu_seconds(party.server) - before) * 1000 / IDLE_SECONDS


def lingering_mb(party):
    """Megabytes that a steady call a second takes, when as much ends to linger as begins."""
    before = meter.resident_kb(party.server.pid)
    calls = [line.start(LINGER_RATE, LINGER_RATE * LINGER) for line in party.lines]
    time.sleep(LINGER - 1)
    grown = meter.resident_kb(party.server.pid) - before
    for call in calls:
        call.finish()
    return grown / 1024 / (LINGER_RATE * len(calls))


def measure(stage):
    few = SipwakeUnderCalls(stage, FEW // 2, FEW // 2)
    lingering = lingering_mb(few)
    many = SipwakeUnderCalls(stage, MANY // 2, MANY // 2)
    idle = idle_cost(many)
    costs = {few: [], many: []}
    for _ in range(4):
        for party, found in costs.items():
            found.append(cpu_per_call(party, 4))
    little, much = (statistics.median(found[1:]) for found in costs.values())
    print(f"{FEW} phones: {little:.0f} us for a call, {MANY}: {much:.0f}", file=sys.stderr)
    return [below("idle_cpu_ms_per_s", idle, 5, "ms/s"),
            below("growth_bindings", much / little, 1.2, "ratio"),
            below("transactions_mb_per_cps", lingering, 0.85, "MB")]


if __name__ == "__main__":
    main(measure)
