# SPDX-License-Identifier: LGPL-2.1-or-later
"""population: phones that the daemon finds on its disk when it starts, as after a week's work."""
import os
import secrets
import sqlite3
import time

TOKEN = 160  # bytes of a push token
WEEK = 604800
NUMBERS = ("reg_id", "cseq", "pn_flags", "upstream_cseq", "upstream_expires_wall",
           "last_wake_wall", "wake_ok", "wake_failed")


def user_of(number):
    return f"user{number}"


def token_of(number):
    """What the PBX knows the phone by."""
    return f"{number:026d}"


def address_of(number):
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}:5060"


def fill(state, push, count, address=address_of):
    """Writes so many phones; `address` says where a phone was last seen."""
    database = sqlite3.connect(os.path.join(state, "state.db"))
    columns = [row[1] for row in database.execute("PRAGMA table_info (binding)")]
    now = int(time.time())

    def row(number):
        user, seen = user_of(number), address(number)
        values = {
            "token": token_of(number), "pbx": "office", "aor": f"sip:{user}@pbx.test",
            "contact": f"<sip:{user}@{seen}>;"
                       f'+sip.instance="<urn:uuid:00000000-0000-4000-8000-{number:012d}>"',
            "call_id": secrets.token_hex(12), "user_agent": "Linphone-Android/5.2.5",
            "flow_listener": "phones-udp", "flow_address": seen, "provider": "webpush",
            "prid": f"{push}/{number:08d}{'x' * TOKEN}"[:TOKEN], "dialect": "rfc8599", "q": -1,
            "expires_wall": now + WEEK, "updated_wall": now, "created_wall": now}
        return [values.get(name, 0 if name in NUMBERS else None) for name in columns]

    with database:
        database.executemany(f"INSERT INTO binding VALUES ({','.join('?' * len(columns))})",
                             map(row, range(count)))
    database.close()
