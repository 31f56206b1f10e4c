# SPDX-License-Identifier: LGPL-2.1-or-later
"""wakeload: calls that wait for phones that sleep, which then register at a steady rate."""
import time

from . import meter, ports
from .callload import CALLEE, Line, Seat
from .house import House
from .kamailio import Kamailio
from .population import inhabit, instance_of, prid_of, user_of
from .sipp import Sipp
from .uri import host_port

SLEEP = 1.0  # seconds for which a call waits; after 5 Kamailio has lost it
HELD = 120   # seconds for which a call waits in vain
LINGER = 5   # seconds for which a phone stays for its call


class Phones:
    """Where all phones are when they are awake."""

    def __init__(self, stage, door, cores, push):
        self.stage = stage
        self.door = door
        self.cores = cores
        self.push = push
        self.port = ports.free_port(ports.PHONE)

    def values(self, number):
        user = user_of(number)
        return (f"{user};[authentication username={user} password=pw{user}];"
                f"{prid_of(self.push, number)};{instance_of(number)}")

    def wake(self, numbers, rate):
        """They register one after another, and each takes a call."""
        sipp = Sipp(self.stage, "phones", "woken-phone.xml", self.door, ports.PHONE, self.port,
                    calls=len(numbers), rate=rate, users=[self.values(n) for n in numbers],
                    also="calls-called.xml", folder="bench", hold=LINGER,
                    seconds=len(numbers) / rate + 40, more=("-buff_size", "4194304"))
        meter.pin(sipp, self.cores)
        return sipp


class Sleepers:
    """What both servers have in common: callers, and phones that have not been woken before."""

    def __init__(self, stage, caller, phones):
        self.stage = stage
        self.caller = caller
        self.phones = phones
        self.next = 0

    def take(self, count):
        numbers = range(self.next, self.next + count)
        self.next += count
        return numbers

    def call(self, numbers, rate, line=None, **more):
        """Calls these phones."""
        line = line or self.caller
        line.values = [self.called_as(number) for number in numbers]
        return line.start(rate, len(numbers), **more)

    def run(self, count, rate):
        """So many calls, each of which wakes a phone; all of them succeed."""
        numbers = self.take(count)
        calls = self.call(numbers, rate)
        time.sleep(SLEEP)
        phones = self.phones.wake(numbers, rate)
        calls.finish()
        phones.close()


class SipwakeAsleep(Sleepers):
    name = "sipwake"

    def __init__(self, stage, count):
        server_cores, load_cores = meter.share_cores()
        self.pbx = Seat(stage, "registrar", ports.PBX, load_cores, "woken-registrar.xml")
        self.house = House(stage, pbx=self.pbx, start=False, wake={"timeout": 180})
        self.house.groups["daemon"]["log-level"] = "info"
        self.house.groups["push:webpush"]["rate-limit"] = 100_000
        meter.pin(self.house.push, load_cores)
        self.tokens = inhabit(self.house, count, listener="phones-tcp")
        self.server = self.house.daemon
        meter.pin(self.server, server_cores)
        self.door = host_port(*self.house.pbx_door)
        super().__init__(stage, Line(stage, "callers", ports.PBX, self.house.pbx_door, (),
                                     load_cores),
                         Phones(stage, self.house.phones_door, load_cores,
                                self.house.push.prid("/push")))

    def hold(self, count, rate):
        """So many calls, whose phones do not wake, wait from now on."""
        line = Line(self.stage, "waiting", ports.PBX, self.house.pbx_door, (), self.caller.cores)
        return self.call(self.take(count), rate, line, patience=HELD)

    def called_as(self, number):
        return f"sip:{self.tokens[number]}@{self.door};{CALLEE};sip:{user_of(number)}@pbx.test"

    def wakes(self, packets):
        """Seconds from each authorised REGISTER to its INVITE, less what the PBX took to answer."""
        came, passed, answered, found = {}, {}, {}, []
        for packet in packets:
            method = packet.start.partition(b" ")[0]
            if method == b"REGISTER" and packet.header(b"Authorization"):
                where = passed if packet.destination == self.pbx.port else came
                where.setdefault(user_in(packet), packet.time)
            elif packet.start.startswith(b"SIP/2.0 200") and packet.source == self.pbx.port and \
                    packet.header(b"CSeq").endswith(b"REGISTER"):
                answered.setdefault(user_in(packet), packet.time)
            elif method == b"INVITE" and packet.destination == self.phones.port:
                user = user_in(packet)
                if user in answered and user in came:
                    found.append(passed[user] - came.pop(user) + packet.time - answered[user])
        return found


class KamailioAsleep(Sleepers):
    """Kamailio's tsilo, with its fast allocator and one worker."""

    name = "Kamailio tsilo"

    def __init__(self, stage):
        server_cores, load_cores = meter.share_cores()
        self.server = Kamailio(stage, address=ports.SECOND_PBX,
                               config=("tests", "bench", "kamailio-tsilo.cfg"),
                               options=("-x", "fm", "-X", "fm", "-m", "512"))
        meter.pin(self.server, server_cores)
        door = (self.server.address, self.server.port)
        super().__init__(stage, Line(stage, "tsilo-callers", ports.CALLER, door, (), load_cores),
                         Phones(stage, door, load_cores, "https://push.test"))

    def called_as(self, number):
        return f"sip:{user_of(number)}@pbx.test;{CALLEE};sip:{user_of(number)}@pbx.test"

    def wakes(self, packets):
        """Seconds from each authorised REGISTER to its INVITE."""
        came, found = {}, []
        for packet in packets:
            method = packet.start.partition(b" ")[0]
            if method == b"REGISTER" and packet.header(b"Authorization"):
                came.setdefault(user_in(packet), packet.time)
            elif method == b"INVITE" and packet.destination == self.phones.port:
                user = user_in(packet)
                if user in came:
                    found.append(packet.time - came.pop(user))
        return found


def user_in(packet):
    """Whose phone it is about."""
    return packet.header(b"To").partition(b"sip:")[2].partition(b"@")[0]
