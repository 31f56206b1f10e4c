#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""idle: what a request costs does not grow with the connections that lie idle beside it."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import House
from sipwaketest.load import idle_connections_cost
from sipwaketest.tap import main, test


@test(limit=240)
def five_thousand_idle_connections_cost_nothing(stage):
    """What the machine's other work disturbs is measured again; what grows does so each time."""
    ratios = []
    while len(ratios) < 3 and (not ratios or ratios[-1] >= 1.5):
        house = House(stage, start=False)
        few, many = idle_connections_cost(house)
        house.tear_down()
        print(f"# {few:.0f} us per request beside 100 connections, {many:.0f} us beside 5000")
        ratios.append(many / few)
    assert ratios[-1] < 1.5, f"{ratios} times the CPU per request"


if __name__ == "__main__":
    main()
