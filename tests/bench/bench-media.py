#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-media: what a call costs more with rtpengine, and whom one that stands still delays.

One daemon has two PBXs, each with a phone: one's media go directly, the other's through a real
rtpengine. Their calls are the same otherwise, so the difference is the price of the NG protocol.
It is small beside what a call costs anyway and beside what the machine's other work does to that, so
many short turns are taken in pairs, each pair in the other order than the one before. A pair does not
count when the machine's host took the core away meanwhile: messages come in heaps then, which a
daemon takes at one go. rtpengine has the daemon's core: to wake a process on another core costs some
virtual machines more than all else.
"""
import csv
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import meter, ports
from sipwaketest.bench import below, main
from sipwaketest.house import USERS, House
from sipwaketest.pbx import ScriptedPbx
from sipwaketest.rtpengine import Rtpengine
from sipwaketest.sipp import Sipp

WARM_UP, PAIRS = 4, 40
CALLS, RATE = 200, 400         # of one mode in one pair
STOLEN = 0.03                  # seconds of a pair for which its core may do the host's own work
STALLS = 3
OTHERS, OTHERS_RATE = 200, 80  # calls without rtpengine, while
NEEDY, NEEDY_RATE = 60, 20     # these need one that stands still


class Line:
    """A PBX, and a phone behind the daemon that answers its calls."""

    def __init__(self, house, pbx, user):
        self.stage, self.pbx, self.door = house.stage, pbx, house.pbx_door
        phone = house.phone(user, path="")
        phone.domain = pbx.domain
        phone.register_ok()
        self.contact = pbx.contact(user).uri
        phone.sleep()
        self.place = (phone.address, phone.port)

    def bound(self):
        """The kernel's line of the phone's socket, as soon as there is one."""
        with open("/proc/net/udp", encoding="ascii") as file:
            return "".join(line for line in file if f":{self.place[1]:04X} 00000000" in line)

    def call(self, count, rate):
        """Begins that many calls; returns the caller's process and the phone's."""
        answering = Sipp(self.stage, self.stage.unique("phone"), "sipp-phone-answer.xml",
                         address=self.place[0], port=self.place[1], calls=count)
        answering.wait_line(".", read=self.bound)
        name = self.stage.unique("pbx")
        calling = Sipp(self.stage, name, "media-caller.xml", self.door, address=self.pbx.address,
                       calls=count, rate=rate, keys={"uri": self.contact}, folder="bench",
                       more=("-trace_stat", "-stf", self.times_of(name), "-fd", "1"))
        return calling, answering

    def times_of(self, name):
        return os.path.join(self.stage.path, f"{name}.stat")

    def cost(self, daemon):
        """The daemon's microseconds for one call."""
        before = daemon.cpu_seconds()
        for process in self.call(CALLS, RATE):
            process.expect_success()
        return (daemon.cpu_seconds() - before) * 1e6 / CALLS

    def p99(self, calling):
        """In how many milliseconds 99 of 100 calls were answered, rounded up to a step."""
        with open(self.times_of(calling.name), encoding="ascii") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        steps = [(float(name.partition("_<")[2]), int(count)) for name, count in last.items()
                 if name and name.startswith("ResponseTimeRepartition1_<")]
        calls = 0
        for step, count in steps:
            calls += count
            if calls >= OTHERS * 0.99:
                return step
        raise AssertionError(f"some calls took more than {steps[-1][0]} ms to be answered")


def delay(others, needy):
    """The p99 of calls without rtpengine while others need it."""
    waiting = needy.call(NEEDY, NEEDY_RATE)
    calling, answering = others.call(OTHERS, OTHERS_RATE)
    calling.expect_success()
    answering.expect_success()
    for process in waiting:
        process.close()
    return others.p99(calling)


def price(daemon, direct, ng, core):
    """The microseconds that rtpengine adds to a call."""
    differences, pair = [], 0
    while len(differences) < PAIRS:
        stolen = meter.stolen_seconds(core)
        turns = (direct, ng) if pair % 2 else (ng, direct)
        costs = {line: line.cost(daemon) for line in turns}
        if pair >= WARM_UP and meter.stolen_seconds(core) - stolen <= STOLEN:
            differences.append(costs[ng] - costs[direct])
        pair += 1
        assert pair < 2 * PAIRS, "the machine's host needs the core itself"
    quarters = statistics.quantiles(differences)
    print("a call costs %.0f us more with rtpengine, in half of the pairs %.0f to %.0f" %
          (quarters[1], quarters[0], quarters[2]), file=sys.stderr)
    return quarters[1]


def measure(stage):
    server_core, load_cores = meter.share_cores()
    os.sched_setaffinity(0, load_cores)
    rtpengine = Rtpengine(stage, rtp_ports=8000)
    relayed = ScriptedPbx(stage, dict(USERS), "relayed.test", ports.SECOND_PBX)
    house = House(stage, start=False)
    house.groups["daemon"]["log-level"] = "info"
    house.groups["pbx:relayed"] = {**house.groups["pbx:office"], "domains": relayed.domain,
                                   "route": f"{relayed.route};transport=udp",
                                   "media": "rtpengine"}
    house.groups["media:relay"] = {"rtpengine": rtpengine.uri}
    house.start()
    for server in (house.daemon, rtpengine.process):
        meter.pin(server, server_core)
    direct, ng = Line(house, house.pbx, "alice"), Line(house, relayed, "bob")
    added = price(house.daemon, direct, ng, server_core)
    delays = []
    for _ in range(STALLS):
        healthy = delay(direct, ng)
        rtpengine.pause()
        delays.append((healthy, delay(direct, ng)))
        rtpengine.resume()
        print("p99 of the others: %g ms, %g while rtpengine stands still" % delays[-1],
              file=sys.stderr)
        house.daemon.wait_log("rtpengine is up", 2 + len(delays) - 1)
    return [below("ng_cpu_us", added, 60, "us"),
            below("ng_stall_p99_ms", statistics.median(b - a for a, b in delays), 10, "ms")]


if __name__ == "__main__":
    main(measure)
