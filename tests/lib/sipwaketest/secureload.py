# SPDX-License-Identifier: LGPL-2.1-or-later
"""secureload: many TLS and WebSocket connections, and what they cost the daemon and its other side."""
import multiprocessing
import resource
import select
import socket
import ssl
import threading
import time

from . import ports, stream
from .agent import new_branch
from .load import FEW, RATE, SOURCES, OptionsLoad, cpu_per_request, raise_descriptor_limit

WANTED = 10000
DESCRIPTORS_EACH = 3  # of the daemon: the phone's, and both ends of the way to the stack
THREADS = 8


def possible(wanted=WANTED):
    """How many connections this system's limit of descriptors allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(wanted, (hard - 500) // DESCRIPTORS_EACH)


def careless():
    """A client that verifies nothing, since the client is not what is measured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connect(door, number, transport, tls):
    plain = socket.create_connection(door, 20, (f"127.0.1.{1 + number % SOURCES}", 0))
    return stream.connect(plain, transport, tls).sock


class SecureConnections:
    """Connections to a listener of the edge on which nothing is said."""

    def __init__(self, door, transport):
        self.door = door
        self.transport = transport
        self.tls = careless()
        self.sockets = []

    def grow(self, count):
        numbers = iter(range(len(self.sockets), count))
        lock, wrong = threading.Lock(), []

        def work():
            try:
                while not wrong:
                    with lock:
                        number = next(numbers, None)
                    if number is None:
                        return
                    self.sockets.append(connect(self.door, number, self.transport, self.tls))
            except Exception as error:
                wrong.append(error)
        threads = [threading.Thread(target=work) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong and len(self.sockets) == count, f"after {len(self.sockets)} connections: {wrong}"

    def assert_open(self):
        """None of them was closed by the other side; tickets that came are nothing of that kind."""
        ready, closed = select.poll(), 0
        for sock in self.sockets:
            ready.register(sock, select.POLLIN | select.POLLRDHUP)
        for _, event in ready.poll(0):
            closed += bool(event & (select.POLLRDHUP | select.POLLHUP | select.POLLERR))
        assert not closed, f"{closed} of {len(self.sockets)} idle connections were closed"

    def close(self):
        while self.sockets:
            self.sockets.pop().close()


def resident_kb(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def settled_kb(daemon, patience=8):
    """Once it falls no more: memory is given back some seconds after a storm."""
    least, deadline = resident_kb(daemon), time.monotonic() + patience
    while time.monotonic() < deadline:
        time.sleep(0.5)
        least = min(least, resident_kb(daemon))
    return least


def idle_cost(house, transport, count, seconds=3):
    """(CPU per OPTIONS with FEW connections and with many, in us; kB resident for each)."""
    raise_descriptor_limit(count + 500)
    house.start()
    house.sleeper()
    load = OptionsLoad(ports.PBX, house.pbx_door, house.pbx.contact("alice").uri)
    idle = SecureConnections(house.door(transport), transport)
    try:
        load.run(1)
        idle.grow(FEW)
        few = cpu_per_request(house.daemon, load, seconds)
        before = settled_kb(house.daemon, 3)
        idle.grow(count)
        after = settled_kb(house.daemon)
        many = cpu_per_request(house.daemon, load, seconds)
        idle.assert_open()
    finally:
        idle.close()
        load.close()
    return few, many, (after - before) / (count - FEW)


def handshakes(door, count, rate, done):
    """The storm, in a process of its own: each connection is closed when it stands."""
    tls, failed, started = careless(), 0, time.monotonic()

    def work(first):
        nonlocal failed
        for number in range(first, count, THREADS):
            time.sleep(max(0, started + number / rate - time.monotonic()))
            try:
                connect(door, number, "tls", tls).close()
            except (OSError, AssertionError):
                failed += 1
    threads = [threading.Thread(target=work, args=(first,)) for first in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.put((failed, time.monotonic() - started))


class Probe(OptionsLoad):
    """OPTIONS whose answers are timed."""

    def p99(self, seconds, rate=RATE // 5, until=None):
        """The time in ms within which 99 of 100 answers come; None came too late."""
        sent, times, started = {}, [], time.monotonic()
        number = 0
        while time.monotonic() - started < seconds or (until and until.is_alive()):
            due = started + number / rate
            wait = due - time.monotonic()
            if wait > 0:
                select.select([self.sock], [], [], wait)
                self.collect(sent, times)
                continue
            branch = new_branch()
            sent[branch] = time.monotonic()
            self.sock.sendto(self.template.replace(b"BRANCH", branch.encode()), self.door)
            number += 1
            self.collect(sent, times)
        time.sleep(1)
        self.collect(sent, times)
        assert not sent, f"{len(sent)} of {number} OPTIONS were not answered"
        times.sort()
        return times[int(len(times) * 0.99)] * 1000

    def collect(self, sent, times):
        while True:
            try:
                text = self.sock.recv(4096)
            except BlockingIOError:
                return
            at = text.index(b"z9hG4bK")
            begun = sent.pop(text[at:at + 23].decode(), None)
            if begun:
                times.append(time.monotonic() - begun)


def storm_delay(house, count=5000, rate=500):
    """By how many ms a storm of handshakes delays the PBX side's 99th percentile."""
    raise_descriptor_limit(2000)
    house.start()
    house.sleeper()
    probe = Probe(ports.PBX, house.pbx_door, house.pbx.contact("alice").uri)
    done = multiprocessing.Queue()
    try:
        probe.p99(1)
        calm = probe.p99(6)
        storm = multiprocessing.Process(target=handshakes,
                                        args=(house.door("tls"), count, rate, done), daemon=True)
        storm.start()
        during = probe.p99(count / rate - 1, until=storm)
        failed, took = done.get(timeout=5)
        storm.join(5)
    finally:
        probe.close()
    assert not failed, f"{failed} of {count} handshakes failed"
    return during - calm, count / took
