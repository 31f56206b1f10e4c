#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-edge: what idle TLS and WebSocket connections cost, and whom a storm of handshakes delays.

The many connections are 10,000, or as many as the limit of descriptors allows, which is printed.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.bench import below, main
from sipwaketest.house import House
from sipwaketest.secureload import WANTED, idle_cost, possible, storm_delay


def measure(stage):
    count = possible()
    if count < WANTED:
        print(f"descriptors allow {count} connections instead of {WANTED}", file=sys.stderr)
    house = House(stage, secure=("tls", "ws"), start=False)
    house.groups["daemon"]["log-level"] = "info"
    few, many, tls_kb = idle_cost(house, "tls", count)
    print(f"{count} TLS connections: {few:.0f} and {many:.0f} us for a request", file=sys.stderr)
    house.daemon.stop()
    _, _, ws_kb = idle_cost(house, "ws", count, seconds=1)
    house.daemon.stop()
    delay, rate = storm_delay(house)
    print(f"the storm had {rate:.0f} handshakes a second", file=sys.stderr)
    return [below("tls_growth", many / few, 1.25, "ratio"),
            below("tls_conn_kb", tls_kb, 20, "kB"),
            below("ws_conn_kb", ws_kb, 16, "kB"),
            below("storm_p99_ms", delay, 20, "ms")]


if __name__ == "__main__":
    main(measure)
