#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""loss: a thousand calls while the network loses a share of all datagrams both ways."""
import http.client
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import House
from sipwaketest.lossy import lossy_calls
from sipwaketest.tap import main, test

OPEN = ("calls", "legs", "dialogs", "transactions")


def gauges(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = {name: re.search(rf"^sipwake_{name}_open (\S+)$", text, re.M) for name in OPEN}
    assert all(found.values()), f"the metrics lack {[n for n in OPEN if not found[n]]}"
    return {name: float(match.group(1)) for name, match in found.items()}


def resident_kb(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))


@test(limit=150)
def a_thousand_calls_with_five_percent_lost(stage):
    port = ports.free_port("127.0.0.1")
    house = House(stage, config={"metrics": {"listen": f"127.0.0.1:{port}"},
                                 "daemon": {"log-level": "warning"}})
    phone = house.phone(path="")
    phone.register_ok()
    uri = house.pbx.contact("alice").uri
    calls = lossy_calls(house, phone, 0.05)
    try:
        left = calls.run(1000, 60, uri, "alice", house.pbx.domain, 80)
        assert left == 0, f"{left} calls hang"
        assert calls.caller.lost > 100 and calls.phone.lost > 100, "nothing was lost"
        refused = {c.status for c in calls.calls.values()} - {200}
        assert not refused, f"calls ended with {refused}"
        assert calls.byes == 1000, f"{calls.byes} of 1000 calls ended at the phone"
        deadline = time.monotonic() + 40
        while any(gauges(port).values()) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert not any(gauges(port).values()), f"left over: {gauges(port)}"
    finally:
        calls.close()
    print(f"# resident: {resident_kb(house.daemon)} kB")
    house.daemon.assert_alive()


if __name__ == "__main__":
    main()
