#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""loss: a thousand calls while the network loses a share of all datagrams both ways."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import House
from sipwaketest.lossy import lossy_calls
from sipwaketest.metrics import Metrics, resident_kb
from sipwaketest.tap import main, test


@test(limit=150)
def a_thousand_calls_with_five_percent_lost(stage):
    metrics = Metrics()
    house = House(stage, config={**metrics.settings, "daemon": {"log-level": "warning"}})
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
        metrics.wait_none_open()
    finally:
        calls.close()
    print(f"# resident: {resident_kb(house.daemon)} kB")
    house.daemon.assert_alive()


if __name__ == "__main__":
    main()
