# SPDX-License-Identifier: LGPL-2.1-or-later
"""population: phones that the daemon finds on its disk when it starts, as after a week's work."""
import base64
import hmac
import os
import secrets
import sqlite3
import struct
import time

TOKEN = 160  # bytes of a push token
WEEK = 604800
NUMBERS = ("reg_id", "cseq", "pn_flags", "upstream_cseq", "upstream_expires_wall",
           "last_wake_wall", "wake_ok", "wake_failed")


def user_of(number):
    return f"user{number}"


def token_of(key, number):
    """What the PBX knows the phone by: a keyed hash of its user and its instance."""
    parts = (f"office {user_of(number)}", f"instance <urn:uuid:{instance_of(number)}>")
    text = b"".join(struct.pack(">I", len(part)) + part.encode() for part in parts)
    digest = hmac.digest(key, text, "sha256")
    return base64.b32encode(digest[:16]).decode().rstrip("=").lower()


def instance_of(number):
    """The UUID of the phone."""
    return f"00000000-0000-4000-8000-{number:012d}"


def prid_of(push, number):
    """Its push resource."""
    return f"{push}/{number:08d}{'x' * TOKEN}"[:TOKEN]


def address_of(number):
    return f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}:5060"


def fill(state, push, count, address=address_of, listener="phones-udp"):
    """Writes so many phones; `address` says where a phone was last seen, and at which listener.

    The daemon has run before, so that there is a database. Returns the phones' tokens.
    """
    with open(os.path.join(state, "token.key"), "rb") as file:
        key = file.read()
    tokens = [token_of(key, number) for number in range(count)]
    database = sqlite3.connect(os.path.join(state, "state.db"))
    columns = [row[1] for row in database.execute("PRAGMA table_info (binding)")]
    now = int(time.time())

    def row(number):
        user, seen = user_of(number), address(number)
        values = {
            "token": tokens[number], "pbx": "office", "aor": f"sip:{user}@pbx.test",
            "contact": f"<sip:{user}@{seen}>;"
                       f'+sip.instance="<urn:uuid:{instance_of(number)}>"',
            "call_id": secrets.token_hex(12), "user_agent": "Linphone-Android/5.2.5",
            "flow_listener": listener, "flow_address": seen, "provider": "webpush",
            "prid": prid_of(push, number), "dialect": "rfc8599", "q": -1,
            "expires_wall": now + WEEK, "updated_wall": now, "created_wall": now}
        return [values.get(name, 0 if name in NUMBERS else None) for name in columns]

    with database:
        database.executemany(f"INSERT INTO binding VALUES ({','.join('?' * len(columns))})",
                             map(row, range(count)))
    database.close()
    return tokens


def inhabit(house, count, **more):
    """Starts the daemon of a house with so many phones; returns their tokens."""
    house.start()
    house.daemon.wait_log("is ready")
    house.daemon.stop()
    tokens = fill(house.groups["daemon"]["state-dir"], house.push.prid("/push"), count, **more)
    house.start()
    house.daemon.wait_log("is ready")
    return tokens
