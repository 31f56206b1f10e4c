#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""authority: on the system bus polkit decides who may read, test and change."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.bus import NAME, ROOT, Bus, Ctl, Monitor, Polkit, mock_python
from sipwaketest.house import House
from sipwaketest.tap import main, test

READ, TEST, CHANGE = (f"org.sipwake.sipwake1.{what}" for what in ("read", "test", "change"))
FAILED, DENIED = 1, 4


def guarded_house(stage):
    bus = Bus(stage, "system")
    house = House(stage, config={"daemon": {"bus": "system"}})
    bus.wait_name()
    return house, bus, Ctl(bus)


@test
def polkit_denies_what_it_was_not_told_to_allow(stage):
    bus = Bus(stage, "system")
    Polkit(stage, bus)
    house = House(stage, config={"daemon": {"bus": "system"}})
    bus.wait_name()
    ctl = Ctl(bus)
    house.phone().register_ok()
    for words in (("status",), ("counters",), ("bindings",), ("calls",), ("push", "check"),
                  ("push", "test", "alice"), ("reload",), ("drain",), ("log-level", "info")):
        ctl.run(*words, code=DENIED)
        assert "org.sipwake.sipwake1." in ctl.errors and "sudo" in ctl.errors, ctl.errors
    for path, interface in ((ROOT, "Manager"), (f"{ROOT}/pbx/office", "Pbx")):
        code, text = bus.call(NAME, path, "org.freedesktop.DBus.Properties.GetAll",
                              f"{NAME}.{interface}")
        assert code and f"{NAME}.Error.Denied" in text, text
    code, text = bus.call(NAME, ROOT, "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
    assert code and f"{NAME}.Error.Denied" in text, text
    monitor = Monitor(stage, bus)
    phone = house.phone("bob")
    for _ in range(60):
        phone.register_ok()
        if not monitor.alive():
            break
        phone.expect_nothing(0.2)
    assert monitor.wait(2) == DENIED


@test
def polkit_allows_each_action_by_itself(stage):
    bus = Bus(stage, "system")
    polkit = Polkit(stage, bus)
    house = House(stage, config={"daemon": {"bus": "system"}})
    bus.wait_name()
    ctl = Ctl(bus)
    house.phone().register_ok()
    polkit.allow(READ)
    assert len(ctl.json("bindings")) == 1 and ctl.json("status")["NBindings"] == 1
    ctl.run("push", "test", "alice", code=DENIED)
    ctl.run("push", "check", code=DENIED)
    ctl.run("log-level", "info", code=DENIED)
    house.push.assert_pushes(0)
    polkit.allow(READ, TEST)
    ctl.run("push", "test", "alice")
    ctl.run("push", "check")
    house.push.assert_pushes(1)
    ctl.run("binding", "remove", "alice", code=DENIED)
    assert len(ctl.json("bindings")) == 1
    polkit.allow(CHANGE)
    ctl.run("log-level", "info")
    ctl.run("bindings", code=DENIED)
    polkit.allow(READ, CHANGE)
    ctl.run("binding", "remove", "alice")
    assert ctl.json("bindings") == []


@test
def without_polkit_only_root_may(stage):
    house, bus, ctl = guarded_house(stage)
    if os.geteuid():
        ctl.run("status", code=DENIED)
        assert "root" in ctl.errors, ctl.errors
        return
    assert ctl.json("status")["NBindings"] == 0
    os.chmod(stage.path, 0o755)
    nobody = Ctl(bus)
    nobody.options = ["--reuid=65534", "--clear-groups", nobody.program, *nobody.options]
    nobody.program = shutil.which("setpriv")
    nobody.run("status", code=DENIED)
    assert "root" in nobody.errors, nobody.errors
    house.daemon.assert_alive()


@test
def a_polkit_that_keeps_silent_stops_nobody_from_stopping(stage):
    bus = Bus(stage, "system")
    polkit = Polkit(stage, bus)
    house = House(stage, config={"daemon": {"bus": "system"}})
    bus.wait_name()
    bus.call("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
             "org.freedesktop.DBus.Mock.SimulateHang", "true")
    waiting = Monitor(stage, bus)
    phone = house.phone()
    for _ in range(3):
        phone.register_ok()
        phone.expect_nothing(0.4)
    assert polkit.alive() and waiting.alive()
    house.daemon.stop(5)


if __name__ == "__main__":
    missing = [tool for tool in ("dbus-daemon", "gdbus", "setpriv") if not shutil.which(tool)]
    if missing or not mock_python():
        print(f"1..0 # SKIP {missing or 'python3-dbusmock'} not installed")
    else:
        main()
