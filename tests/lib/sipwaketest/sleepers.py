# SPDX-License-Identifier: LGPL-2.1-or-later
"""sleepers: phones that registered before the daemon started, and sleep."""
import os
import secrets
import sqlite3
import time

TOKEN = 160  # bytes of a push token
WEEK = 604800


def binding_token(number):
    """What the PBX calls the phone by."""
    return f"{number:026d}"


def push_path(number):
    """Its push resource, which starts so."""
    return f"/push/{number:08d}"


def put_to_sleep(house, count):
    """As a week of registrations leaves the disk; every phone has an address of its own.

    The daemon has made the state before and is not running.
    """
    database = sqlite3.connect(os.path.join(house.groups["daemon"]["state-dir"], "state.db"))
    columns = [row[1] for row in database.execute("PRAGMA table_info (binding)")]
    now = int(time.time())

    def row(number):
        user, host = f"user{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        values = {
            "token": binding_token(number), "pbx": "office", "aor": f"sip:{user}@pbx.test",
            "contact": f"<sip:{user}@{host}:5060>;"
                       f'+sip.instance="<urn:uuid:00000000-0000-4000-8000-{number:012d}>"',
            "call_id": secrets.token_hex(12), "user_agent": "Linphone-Android/5.2.5",
            "flow_listener": "phones-udp", "flow_address": f"{host}:5060", "provider": "webpush",
            "prid": f"{house.push.prid(push_path(number))}{'x' * TOKEN}"[:TOKEN],
            "dialect": "rfc8599", "q": -1, "expires_wall": now + WEEK, "updated_wall": now,
            "created_wall": now}
        numbers = ("reg_id", "cseq", "pn_flags", "upstream_cseq", "upstream_expires_wall",
                   "last_wake_wall", "wake_ok", "wake_failed")
        return [values.get(name, 0 if name in numbers else None) for name in columns]

    with database:
        database.executemany(f"INSERT INTO binding VALUES ({','.join('?' * len(columns))})",
                             map(row, range(count)))
    database.close()
