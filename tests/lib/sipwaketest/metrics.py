# SPDX-License-Identifier: LGPL-2.1-or-later
"""metrics: what the daemon says of itself, and what the kernel says of its memory."""
import http.client
import re
import time

from . import ports

OPEN = ("calls", "legs", "dialogs", "transactions")


class Metrics:
    """`settings` are for the house that shall have them."""

    def __init__(self):
        self.port = ports.free_port("127.0.0.1")
        self.settings = {"metrics": {"listen": f"127.0.0.1:{self.port}"}}

    def values(self, *names):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        found = {name: re.search(rf"^sipwake_{name} (\S+)$", text, re.M) for name in names}
        assert all(found.values()), f"the metrics lack {[n for n in names if not found[n]]}"
        return {name: float(match.group(1)) for name, match in found.items()}

    def open(self):
        """How many calls, legs, dialogs and transactions there are."""
        return self.values(*(f"{name}_open" for name in OPEN))

    def allocated_kb(self):
        return self.values("memory_allocated_bytes")["memory_allocated_bytes"] / 1024

    def wait_none_open(self, timeout=40):
        deadline = time.monotonic() + timeout
        while any(self.open().values()) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert not any(self.open().values()), f"left over: {self.open()}"


def resident_kb(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))
