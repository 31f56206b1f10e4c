#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-registrar: what 100,000 sleeping phones weigh, and how soon a restart has them back."""
import os
import secrets
import socket
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.agent import new_branch
from sipwaketest.bench import below, main
from sipwaketest.house import House
from sipwaketest.message import Message
from sipwaketest.uri import host_port

PHONES = 100_000
TOKEN = 160  # bytes of a push token
WEEK = 604800


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS:")).split()[1])


def fill(state, push):
    """As a week of registrations leaves the disk; every phone has an address of its own."""
    database = sqlite3.connect(os.path.join(state, "state.db"))
    columns = [row[1] for row in database.execute("PRAGMA table_info (binding)")]
    now = int(time.time())

    def row(number):
        user, host = f"user{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        values = {
            "token": f"{number:026d}", "pbx": "office", "aor": f"sip:{user}@pbx.test",
            "contact": f"<sip:{user}@{host}:5060>;"
                       f'+sip.instance="<urn:uuid:00000000-0000-4000-8000-{number:012d}>"',
            "call_id": secrets.token_hex(12), "user_agent": "Linphone-Android/5.2.5",
            "flow_listener": "phones-udp", "flow_address": f"{host}:5060", "provider": "webpush",
            "prid": f"{push}/{number:08d}{'x' * TOKEN}"[:TOKEN], "dialect": "rfc8599", "q": -1,
            "expires_wall": now + WEEK, "updated_wall": now, "created_wall": now}
        numbers = ("reg_id", "cseq", "pn_flags", "upstream_cseq", "upstream_expires_wall",
                   "last_wake_wall", "wake_ok", "wake_failed")
        return [values.get(name, 0 if name in numbers else None) for name in columns]

    with database:
        database.executemany(f"INSERT INTO binding VALUES ({','.join('?' * len(columns))})",
                             map(row, range(PHONES)))
    database.close()


def first_answer(house):
    """Seconds from the start of the process to its first answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((ports.PHONE, 0))
        sock.settimeout(0.02)
        here = host_port(*sock.getsockname())
        uri = f"sip:{host_port(*house.phones_door)}"
        request = Message.request("OPTIONS", uri, [
            ("Via", f"SIP/2.0/UDP {here};branch={new_branch()}"), ("Max-Forwards", "70"),
            ("From", "<sip:load@pbx.test>;tag=1"), ("To", f"<{uri}>"), ("Call-ID", "first"),
            ("CSeq", "1 OPTIONS")]).to_bytes()
        started = time.monotonic()
        house.start()
        while True:
            sock.sendto(request, house.phones_door)
            try:
                if sock.recv(4096).startswith(b"SIP/2.0 200"):
                    return time.monotonic() - started
            except (TimeoutError, ConnectionError):
                assert time.monotonic() - started < 60, "no answer"


def measure(stage):
    house = House(stage, start=False)
    house.start()
    time.sleep(0.5)
    empty = resident_kb(house.daemon.pid)
    house.daemon.stop()
    fill(house.groups["daemon"]["state-dir"], house.push.prid("/push"))
    seconds = first_answer(house)
    time.sleep(2)
    full = resident_kb(house.daemon.pid)
    assert f"{PHONES} phones are back" in house.daemon.errors()
    return [below("binding_kb", (full - empty) / PHONES, 2.0, "kB"),
            below("restart_100k_s", seconds, 1.0, "s")]


if __name__ == "__main__":
    main(measure)
