#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-register: CPU of a phone's REGISTER with digest, beside Kamailio as the registrar itself.

Without accounts each of the two round trips is one with the phone and one with the PBX: that is what
the target is for. With accounts the daemon asks for the password itself, and the PBX has heard of the
phone already. In the first turn all phones are new, which is the warm-up; later they come anew. As
transactions linger, a turn lasts until the next one of the same server.

Last, what it costs to keep a phone with an account registered while it sleeps: a PBX that grants
seconds is asked again and again, with a challenge each time.
"""
import os
import re
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import meter, ports
from sipwaketest.accounts import give_accounts
from sipwaketest.bench import below, is_quick, main, told
from sipwaketest.callload import BUFFER
from sipwaketest.house import House
from sipwaketest.kamailio import Kamailio
from sipwaketest.sipp import Sipp
from sipwaketest.uri import host_port

RATE = 1000
TURNS = 4
SLEEPERS = 2000    # phones whose registrations are kept
GRANTED = 10       # seconds
KEPT_SECONDS = 20


class StubPbx:
    """A registrar that takes every password, after a challenge, and remembers nothing."""

    domain = "pbx.test"
    challenge = b'WWW-Authenticate: Digest realm="pbx.test", nonce="once", qop="auth"\r\n'
    kept = re.compile(rb"^(?:via|from|call-id|cseq|contact|to):.*\r\n", re.I | re.M)

    def __init__(self, stage, cores, granted=None):
        """It grants what it is asked for, or so many seconds."""
        self.granted = granted
        self.registered = 0
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind((ports.PBX, 0))
        self.address = ports.PBX
        self.thread = threading.Thread(target=self.serve, args=(cores,), daemon=True)
        self.thread.start()
        stage.own(self)

    def serve(self, cores):
        os.sched_setaffinity(threading.get_native_id(), cores)
        while True:
            request, peer = self.sock.recvfrom(8192)
            if not request:
                return
            proved = request.startswith(b"OPTIONS") or b"\nAuthorization:" in request
            self.registered += b"\nAuthorization:" in request
            head = b"SIP/2.0 200 OK\r\n" if proved else b"SIP/2.0 401 Unauthorized\r\n"
            self.sock.sendto(head + b"".join(map(self.answer, self.kept.findall(request)))
                             + (b"" if proved else self.challenge)
                             + b"Content-Length: 0\r\n\r\n", peer)

    def answer(self, line):
        if self.granted and line[:8].lower() == b"contact:":
            return re.sub(rb"expires=\d+", b"expires=%d" % self.granted, line)
        return line[:-2] + b";tag=1\r\n" if line[:3].lower() == b"to:" else line

    def close(self):
        self.sock.sendto(b"", self.sock.getsockname())
        self.thread.join()
        self.sock.close()

    @property
    def route(self):
        return f"sip:{host_port(*self.sock.getsockname())}"


class Registrations:
    """All phones register at a server, once in a turn."""

    def __init__(self, stage, name, server, door, values, pbx=None):
        server_cores, self.load_cores = meter.share_cores()
        self.stage = stage
        self.name = name
        self.server = server
        self.door = door
        self.values = values
        self.pbx = pbx
        self.used = []
        meter.pin(server, server_cores)

    def look(self):
        self.used.append(meter.cpu_seconds(self.server))

    def take_turn(self):
        self.look()
        phones = Sipp(self.stage, self.name, "sipp-phone-register.xml", self.door, ports.PHONE,
                      calls=len(self.values), rate=RATE, users=self.values,
                      keys={"domain": "pbx.test"}, more=BUFFER)
        meter.pin(phones, self.load_cores)
        phones.expect_success()

    def cost(self):
        """Microseconds for one phone, the median of the turns but the first."""
        turns = [(after - before) * 1e6 / len(self.values)
                 for before, after in zip(self.used[1:-1], self.used[2:])]
        print(f"{self.name}: {', '.join(f'{turn:.0f}' for turn in turns)} us for a REGISTER",
              file=sys.stderr)
        return statistics.median(turns)


def registrations_of(stage, name, users, with_accounts=False, granted=None):
    house = House(stage, StubPbx(stage, meter.share_cores()[1], granted), start=False)
    house.groups["daemon"]["log-level"] = "warning"
    if with_accounts:
        give_accounts(house, {user: f"pw{user}" for user in users}, house.pbx.domain)
    house.start()
    values = [f"{user};[authentication username={user} password=pw{user}];"
              f"{house.push.prid(f'/push/{user}')}" for user in users]
    return Registrations(stage, name, house.daemon, house.phones_door, values, house.pbx)


def refresh_cost(stage, users):
    """Microseconds for one registration that is renewed at the PBX."""
    sleeping = registrations_of(stage, "sipwake that renews", users, True, GRANTED)
    sleeping.take_turn()
    time.sleep(GRANTED)
    before, kept = meter.cpu_seconds(sleeping.server), sleeping.pbx.registered
    time.sleep(KEPT_SECONDS)
    renewed = sleeping.pbx.registered - kept
    assert renewed > len(users) * KEPT_SECONDS / GRANTED, f"only {renewed} were renewed"
    return (meter.cpu_seconds(sleeping.server) - before) * 1e6 / renewed


def measure(stage):
    users = [f"u{number}" for number in range(RATE * (2 if is_quick() else 6))]
    kamailio = Kamailio(stage, address=ports.SECOND_PBX,
                        config=("tests", "bench", "kamailio-registrar.cfg"),
                        options=("-x", "fm", "-X", "fm", "-m", "256"))
    ours = registrations_of(stage, "sipwake", users)
    theirs = Registrations(stage, "Kamailio", kamailio, (kamailio.address, kamailio.port),
                           ours.values)
    servers = [ours, theirs]
    if not is_quick():
        servers.append(registrations_of(stage, "sipwake with accounts", users, True))
    for _ in range(TURNS):
        for server in servers:
            server.take_turn()
    for server in servers:
        server.look()
    peer = theirs.cost()
    figures = [below("register_cpu_ratio", ours.cost() / peer, 3.0, "ratio",
                     "Kamailio registrar, us", round(peer))]
    for server in servers[2:]:
        figures.append(told("register_account_cpu_ratio", server.cost() / peer, "ratio"))
        figures.append(told("refresh_cpu_us", refresh_cost(stage, users[:SLEEPERS]), "us"))
    return figures


if __name__ == "__main__":
    main(measure)
