#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-woken: calls that wait for a phone to wake: their CPU, their memory, and how soon the phone
has its INVITE, beside Kamailio's tsilo, which sends no push.

The time is taken from the packets: from the phone's authorised REGISTER to its INVITE, less what
the PBX took to answer the REGISTER.
"""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import meter
from sipwaketest.bench import below, is_quick, main, told
from sipwaketest.wakeload import KamailioAsleep, SipwakeAsleep
from sipwaketest.wire import Wire, enter_own_network

RATE = 50
WAITING = 5000
HOLD_RATE = 400  # calls a second that begin to wait
REPEATS = 12     # seconds after which a push is not repeated any more


def cpu_per_call(party, count):
    before = meter.cpu_seconds(party.server)
    party.run(count, RATE)
    return (meter.cpu_seconds(party.server) - before) * 1e6 / count


def wake_times(party, count):
    """p50 and p99 in milliseconds."""
    wire = Wire()
    party.run(count, RATE)
    times = sorted(seconds * 1000 for seconds in party.wakes(wire.take()))
    assert len(times) >= count * 0.99, f"{party.name}: {len(times)} of {count} wakes were seen"
    p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
    print(f"{party.name}: p50 {p50:.3f}, p99 {p99:.3f} ms", file=sys.stderr)
    return p50, p99


def hold(party, count):
    """So many calls wait from now on; returns the kilobytes that each of them takes."""
    before = meter.resident_kb(party.server.pid)
    calls = party.hold(count, HOLD_RATE)
    time.sleep(count / HOLD_RATE + REPEATS)
    assert calls.sipp.alive() and len(party.house.push.pushes()) >= party.next
    return (meter.resident_kb(party.server.pid) - before) / count


def in_turns(measure, parties, rounds, *arguments):
    """The median of each number that is measured, for each party."""
    found = {party: [] for party in parties}
    for _ in range(rounds):
        for party in parties:
            found[party].append(measure(party, *arguments))
    return [[statistics.median(values) for values in zip(*found[party])] for party in parties]


def measure(stage):
    rounds, count = (1, 200) if is_quick() else (3, 500)
    sipwake = SipwakeAsleep(stage, count * 2 * rounds + 100)
    parties = (sipwake, KamailioAsleep(stage))
    for party in parties:
        party.run(100, RATE)
    (ours,), (theirs,) = in_turns(lambda party: (cpu_per_call(party, count),), parties, rounds)
    (p50, p99), (peer_p50, peer_p99) = in_turns(wake_times, parties, rounds, count)
    # More would be refreshes, which are another matter.
    sipwake.house.push.assert_pushes(sipwake.next)
    figures = [
        below("woken_cpu_us", ours, 900, "us", "Kamailio tsilo", round(theirs)),
        told("woken_cpu_peer_us", theirs, "us"),
        told("woken_cpu_ratio", ours / theirs, "ratio"),
        below("wake_p50_ms", p50, min(0.4, 3 * peer_p50), "ms", "Kamailio tsilo",
              round(peer_p50, 3)),
        below("wake_p99_ms", p99, min(1, 3 * peer_p99), "ms", "Kamailio tsilo",
              round(peer_p99, 3))]
    if is_quick():
        return figures
    # A new one, for freed memory that a process still has would hide what the calls take.
    sipwake.house.daemon.stop()
    sipwake = SipwakeAsleep(stage, count + WAITING + 100)
    sipwake.run(100, RATE)
    held = hold(sipwake, WAITING)
    _, p99_waiting = wake_times(sipwake, count)
    return figures + [below("held_call_kb", held, 12, "kB"),
                      below("wake_p99_5000_ms", p99_waiting, 3, "ms")]


if __name__ == "__main__":
    enter_own_network()
    main(measure)
