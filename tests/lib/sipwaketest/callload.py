# SPDX-License-Identifier: LGPL-2.1-or-later
"""callload: sipp on both sides of a server, and calls through it at a steady rate."""
import csv
import os
import statistics
import sys

from . import meter, ports, tap
from .house import House
from .kamailio import Kamailio
from .population import inhabit, user_of
from .process import Process
from .sipp import Sipp
from .uri import host_port

CALLEE = "sip:2000@pbx.test"
TALK = 0.1  # seconds of a call between ACK and BYE
BUFFER = ("-buff_size", "4194304")
ENDLESS = 100_000_000


class Seat:
    """An address at which calls are taken, or what else the scenario says."""

    def __init__(self, stage, name, address, cores, scenario="calls-called.xml"):
        self.domain = "pbx.test"
        self.address = address
        self.port = ports.free_port(address)
        self.sipp = Sipp(stage, name, scenario, None, address, self.port, calls=ENDLESS,
                         folder="bench", seconds=ENDLESS,
                         more=("-deadcall_wait", "0", *BUFFER))
        meter.pin(self.sipp, cores)
        self.sipp.wait_bound()

    @property
    def route(self):
        return f"sip:{host_port(self.address, self.port)}"


class Line:
    """One direction of calls: from an address of its own to a door of the server."""

    def __init__(self, stage, name, address, door, values, cores):
        self.stage = stage
        self.name = name
        self.address = address
        self.port = ports.free_port(address)
        self.door = door
        self.values = values
        self.cores = cores

    def start(self, rate, calls, patience=20):
        """Begins to make so many calls, which wait so many seconds for an answer."""
        return Calls(self, self.stage.unique(self.name), rate, calls, patience)

    def run(self, rate, seconds, may_fail=False):
        """Makes the calls; returns (how many there were, how many failed)."""
        calls = self.start(rate, int(rate * seconds))
        return calls.count, calls.finish(may_fail)


class Disturbed(AssertionError):
    """With many repetitions it is their cost that is measured, on a machine that is too busy."""


class Calls:
    """Calls that are under way."""

    def __init__(self, line, name, rate, count, patience):
        self.count = count
        self.seconds = count / rate + patience + 20
        self.path = os.path.join(line.stage.path, f"{name}.stat")
        self.sipp = Sipp(line.stage, name, "calls-caller.xml", line.door, line.address, line.port,
                         calls=count, rate=rate, users=line.values, hold=TALK, folder="bench",
                         seconds=self.seconds,
                         more=("-recv_timeout", str(patience * 1000), "-trace_stat", "-stf",
                               self.path, "-fd", "1", *BUFFER))
        meter.pin(self.sipp, line.cores)

    def finish(self, may_fail=False):
        """Waits for their end; returns how many failed."""
        code = self.sipp.wait(self.seconds + 10)
        with open(self.path, encoding="ascii", errors="replace") as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        done, failed = int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])
        again = int(last["Retransmissions(C)"])
        told = (f"{self.sipp.name}: {done} of {self.count} calls went well, {failed} failed, "
                f"{again} repetitions: {self.sipp.complaints()[:1000]}")
        if not may_fail and again > done / 100:
            raise Disturbed(told)
        assert may_fail or (code == 0 and done == self.count), told
        return self.count - done


class SipwakeUnderCalls:
    """The daemon with phones that are awake, in both directions: from phones, and to phones."""

    name = "sipwake"

    def __init__(self, stage, phones=100, called=100):
        """So many phones altogether, of which the last `called` are called."""
        server_cores, load_cores = meter.share_cores()
        self.pbx = Seat(stage, "pbx", ports.PBX, load_cores)
        self.phone = Seat(stage, "phone", ports.PHONE, load_cores)
        self.house = House(stage, pbx=self.pbx, start=False)
        self.house.groups["daemon"]["log-level"] = "info"
        out = Line(stage, "from-phones", ports.PHONE, self.house.phones_door, (), load_cores)
        caller = host_port(ports.PHONE, out.port)
        taker = host_port(ports.PHONE, self.phone.port)
        tokens = inhabit(self.house, phones + called,
                         address=lambda number: caller if number < phones else taker)
        meter.pin(self.house.daemon, server_cores)
        out.values = [f"{CALLEE};sip:{user_of(number)}@pbx.test;{CALLEE}"
                      for number in range(min(phones, 10_000))]
        door = host_port(*self.house.pbx_door)
        self.lines = [out, Line(stage, "to-phones", ports.PBX, self.house.pbx_door, [
            f"sip:{tokens[number]}@{door};{CALLEE};sip:{user_of(number)}@pbx.test"
            for number in range(phones, phones + called)], load_cores)]

    @property
    def server(self):
        return self.house.daemon


def line_through(stage, name, door, cores):
    """Calls to a server that sends all of them to one seat."""
    values = [f"sip:2000@{host_port(*door)};sip:{user_of(number)}@pbx.test;{CALLEE}"
              for number in range(100)]
    return Line(stage, name, ports.CALLER, door, values, cores)


class ProxyUnderCalls:
    """Debian's Kamailio as a stateful proxy, with its fast allocator and one worker."""

    name = "Kamailio"

    def __init__(self, stage):
        server_cores, load_cores = meter.share_cores()
        called = Seat(stage, "called", ports.OTHER_PHONE, load_cores)
        self.server = Kamailio(stage, address=ports.SECOND_PBX,
                               config=("tests", "bench", "kamailio-proxy.cfg"),
                               words={"DESTINATION": host_port(called.address, called.port)},
                               options=("-x", "fm", "-X", "fm", "-m", "1024"))
        meter.pin(self.server, server_cores)
        self.lines = [line_through(stage, "proxied", self.server.door, load_cores)]


class BareUnderCalls:
    """A B2BUA that does nothing but what any on the daemon's SIP stack must do."""

    name = "bare B2BUA"

    def __init__(self, stage):
        server_cores, load_cores = meter.share_cores()
        called = Seat(stage, "bare-called", ports.OTHER_PHONE, load_cores)
        door = (ports.STRANGER, ports.free_port(ports.STRANGER))
        self.server = stage.own(Process(stage, "bare-b2bua", [
            tap.build_file("tests", "bench", "bare-b2bua"),
            f"sip:{host_port(*door)};transport=udp", called.route]))
        self.server.wait_line("^listening$")
        meter.pin(self.server, server_cores)
        self.lines = [line_through(stage, "bare", door, load_cores)]


def take_turns(parties, rate, seconds, turns=3):
    """CPU per call in microseconds of each party, the median of its turns but a first one."""
    starts = {party: [] for party in parties}
    calls = {}
    for _ in range(turns + 1):
        for party in parties:
            starts[party].append(meter.cpu_seconds(party.server))
            calls[party] = sum(line.run(rate, seconds / len(party.lines))[0]
                               for line in party.lines)
    costs = []
    for party in parties:
        starts[party].append(meter.cpu_seconds(party.server))
        turned = [(after - before) * 1e6 / calls[party]
                  for before, after in zip(starts[party][1:], starts[party][2:])]
        print(f"{party.name}: {', '.join(f'{cost:.0f}' for cost in turned)} us for a call",
              file=sys.stderr)
        costs.append(statistics.median(turned))
    return costs
