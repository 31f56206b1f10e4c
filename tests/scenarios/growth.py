#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""growth: many calls one after the other leave no memory behind.

SIPWAKE_TEST_LONG=1 makes 60,000 calls and judges the memory; without it a few hundred, of which only
the counters tell.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import House
from sipwaketest.metrics import Metrics, resident_kb
from sipwaketest.sipp import PATIENT, Sipp
from sipwaketest.tap import main, test

LONG = bool(os.environ.get("SIPWAKE_TEST_LONG"))
FIRST, MORE = (10000, 50000) if LONG else (200, 400)
RATE = 150
TIMERS = 40  # seconds: 64*T1 of the last transaction, and time to tidy up
GROWTH_KB = 256  # of what is in use; what is resident also tells how high the highest peak was


def talk(stage, house, phone, calls):
    """sipp calls, and sipp answers in the phone's place."""
    seconds = calls // RATE * 2 + 60
    answering = Sipp(stage, "phone", "sipp-phone-answer.xml", house.phones_door, phone.address,
                     phone.port, calls=calls, seconds=seconds, more=PATIENT)
    calling = Sipp(stage, "pbx", "sipp-pbx-call.xml", house.pbx_door, ports.PBX, calls=calls,
                   rate=RATE, seconds=seconds, more=PATIENT,
                   keys={"uri": house.pbx.contact("alice").uri, "domain": house.pbx.domain})
    calling.expect_success(seconds)
    answering.expect_success(20)


@test(limit=1800 if LONG else 120)
def calls_leave_nothing_behind(stage):
    metrics = Metrics()
    house = House(stage, config={**metrics.settings, "daemon": {"log-level": "warning"}})
    phone = house.phone(path="")
    phone.register_ok()
    phone.close()
    allocated = []
    for calls in (FIRST, MORE):
        talk(stage, house, phone, calls)
        metrics.wait_none_open()
        if LONG:
            time.sleep(TIMERS)
        allocated.append(metrics.allocated_kb())
        print(f"# after {calls} calls: {allocated[-1]:.0f} kB in use, "
              f"{resident_kb(house.daemon)} kB resident")
    if LONG:
        assert 0 < allocated[1] < allocated[0] + GROWTH_KB, f"it grew: {allocated} kB"
    house.daemon.assert_alive()


if __name__ == "__main__":
    main()
