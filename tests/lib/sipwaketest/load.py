# SPDX-License-Identifier: LGPL-2.1-or-later
"""load: many requests and many idle connections, and what they cost the daemon."""
import resource
import socket
import time

from . import ports
from .agent import new_branch
from .message import Message
from .uri import host_port

SOURCES = 50  # addresses that the connections come from
FEW, MANY = 100, 5000
RATE = 1000


def raise_descriptor_limit(wanted):
    """For this process and those that it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard >= wanted, f"{wanted} descriptors are needed and the hard limit is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


class IdleConnections:
    """TCP connections to a listener on which nothing is said."""

    def __init__(self, door):
        self.door = door
        self.sockets = []

    def grow(self, count):
        while len(self.sockets) < count:
            source = f"127.0.1.{1 + len(self.sockets) % SOURCES}"
            self.sockets.append(socket.create_connection(self.door, 5, (source, 0)))

    def shrink(self, count):
        while len(self.sockets) > count:
            self.sockets.pop().close()

    def assert_open(self):
        """None of them was closed by the other side, which would make the load lighter."""
        closed = 0
        for sock in self.sockets:
            sock.setblocking(False)
            try:
                closed += sock.recv(1) == b""
            except BlockingIOError:
                pass
            except ConnectionError:
                closed += 1
        assert not closed, f"{closed} of {len(self.sockets)} idle connections were closed"


class OptionsLoad:
    """OPTIONS for one contact over UDP at a steady rate."""

    def __init__(self, address, door, uri):
        self.door = door
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind((address, 0))
        self.sock.setblocking(False)
        local = host_port(*self.sock.getsockname())
        self.template = Message.request("OPTIONS", uri, [
            ("Via", f"SIP/2.0/UDP {local};branch=BRANCH"), ("Max-Forwards", "70"),
            ("From", "<sip:load@pbx.test>;tag=BRANCH"), ("To", f"<{uri}>"),
            ("Call-ID", "BRANCH"), ("CSeq", "1 OPTIONS")]).to_bytes()

    def drain(self):
        answered = 0
        while True:
            try:
                answered += self.sock.recv(4096).startswith(b"SIP/2.0 200")
            except BlockingIOError:
                return answered

    def run(self, seconds, rate=RATE):
        """Returns how many requests were answered with 200; all of them must be."""
        started = time.monotonic()
        total, sent, answered = int(seconds * rate), 0, 0
        while sent < total:
            due = min(total, int((time.monotonic() - started) * rate))
            while sent < due:
                self.sock.sendto(self.template.replace(b"BRANCH", new_branch().encode()),
                                 self.door)
                sent += 1
            answered += self.drain()
            time.sleep(0.001)
        deadline = time.monotonic() + 10
        while answered < sent and time.monotonic() < deadline:
            answered += self.drain()
            time.sleep(0.01)
        assert answered >= sent * 0.999, f"{answered} of {sent} OPTIONS were answered"
        return answered

    def close(self):
        self.sock.close()


def cpu_per_request(daemon, load, seconds):
    """The daemon's microseconds per request."""
    before = daemon.cpu_seconds()
    answered = load.run(seconds)
    return (daemon.cpu_seconds() - before) * 1e6 / answered


def idle_connections_cost(house, rounds=2, seconds=3, most=MANY):
    """CPU per OPTIONS in microseconds with FEW and with `most` idle connections, in turn."""
    raise_descriptor_limit(most + 1000)
    house.start()
    house.sleeper()
    load = OptionsLoad(ports.PBX, house.pbx_door, house.pbx.contact("alice").uri)
    idle = IdleConnections((house.phones_side, house.phones_port))
    few, many = [], []
    try:
        load.run(1)
        for _ in range(rounds):
            idle.shrink(FEW)
            idle.grow(FEW)
            few.append(cpu_per_request(house.daemon, load, seconds))
            idle.grow(most)
            time.sleep(0.5)
            many.append(cpu_per_request(house.daemon, load, seconds))
            idle.assert_open()
    finally:
        idle.shrink(0)
        load.close()
    return sum(few) / rounds, sum(many) / rounds
