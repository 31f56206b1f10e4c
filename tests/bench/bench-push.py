#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-push: CPU per push at 500/s beside libcurl's own, and the connections of 1,000 at once."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.bench import below, main, told


def measure(_):
    build = os.environ.get("top_builddir", ".")
    environment = {**os.environ, "G_TEST_BUILDDIR": os.path.join(build, "tests", "unit")}
    done = subprocess.run([os.path.join(build, "tests", "bench", "bench-push")], check=True,
                          stdout=subprocess.PIPE, text=True, env=environment, timeout=120)
    found = dict(line.split() for line in done.stdout.splitlines() if line.startswith("push_"))
    peer = float(found["push_cpu_peer_us"])
    return [below("push_cpu_us", float(found["push_cpu_us"]), 150, "us", "libcurl alone", peer),
            told("push_cpu_peer_us", peer, "us"),
            below("push_connections", int(found["push_connections"]), 5, "connections"),
            below("push_failed", int(found["push_failed"]), 1, "pushes")]


if __name__ == "__main__":
    main(measure)
