#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench-idle: CPU per OPTIONS at 1000/s on UDP beside 10,000 idle TCP connections and beside 100."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.bench import below, main
from sipwaketest.house import House
from sipwaketest.load import idle_connections_cost

MANY = 10_000


def measure(stage):
    few, many = idle_connections_cost(House(stage, start=False), rounds=3, seconds=5, most=MANY)
    return [below("growth_connections", many / few, 1.25, "ratio")]


if __name__ == "__main__":
    main(measure)
