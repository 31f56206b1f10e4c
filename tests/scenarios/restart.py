#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""restart: no end of the daemon loses a phone, and a full disk is no end."""
import os
import resource
import signal
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.daemon import Sipwaked, write_config
from sipwaketest.house import OFFER, House
from sipwaketest.process import Process
from sipwaketest.tap import build_file, main, test


def kill(house):
    """The power fails: no word of farewell."""
    daemon = house.daemon
    house.trace.note("sipwaked is killed")
    daemon.ended = True
    daemon.child.send_signal(signal.SIGKILL)
    daemon.wait(5)


def call_sleeper(house, phone):
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone, pushes=len(house.push.pushes()) or 1)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def a_sleeping_phone_is_woken_after_a_stop(stage):
    house = House(stage)
    phone = house.sleeper()
    contact = [c.uri for c in house.pbx.contacts("alice")]
    house.restart()
    assert [c.uri for c in house.pbx.contacts("alice")] == contact
    call_sleeper(house, phone)


@test
def a_sleeping_phone_is_woken_after_a_crash(stage):
    house = House(stage)
    for transport in ("udp", "tcp"):
        phone = house.sleeper(transport=transport)
        registered = len(house.pbx.registers())
        kill(house)
        house.start()
        time.sleep(0.3)
        assert len(house.pbx.registers()) == registered, "a restart is no reason to register"
        call_sleeper(house, phone)
        assert phone.deregister().status == 200
        phone.close()


@test
def a_dead_token_is_not_pushed_to_after_a_restart(stage):
    house = House(stage)
    house.sleeper(path="/gone/alice")
    house.pbx.call("alice", OFFER).expect(480, 5)
    house.push.assert_pushes(1)
    house.restart()
    house.pbx.call("alice", OFFER).expect(480, 5)
    house.push.assert_pushes(1)


@test
def an_acknowledged_phone_is_there_after_a_crash_at_once(stage):
    house = House(stage)
    names = ("alice", "bob", "carol")
    for name in names:
        house.sleeper(name)
    kill(house)
    house.start()
    for name in names:
        call = house.pbx.call(name, OFFER)
        call.expect(180)
        call.cancel()
        call.expect(487)


@test
def a_phone_that_left_does_not_come_back(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    uri = house.pbx.contact("alice").uri
    assert phone.deregister().status == 200
    kill(house)
    house.start()
    call = house.pbx.call("alice", OFFER, uri=uri)
    call.expect(404)
    house.push.assert_pushes(0)


@test
def a_phone_that_expired_meanwhile_is_gone(stage):
    house = House(stage, grant=2)
    phone = house.phone()
    phone.register_ok()
    uri = house.pbx.contact("alice").uri
    phone.sleep()
    kill(house)
    time.sleep(2.5)
    house.start()
    call = house.pbx.call("alice", OFFER, uri=uri)
    call.expect(404)
    house.push.assert_pushes(0)


@test
def a_phone_that_is_overdue_is_woken_to_renew(stage):
    """Whose registration ends soon: it had an hour, most of which passed without a daemon."""
    house = House(stage)
    house.sleeper()
    house.daemon.stop()
    database = sqlite3.connect(os.path.join(house.groups["daemon"]["state-dir"], "state.db"))
    with database:
        database.execute("UPDATE binding SET expires_wall = expires_wall - 3580,"
                         " updated_wall = updated_wall - 3580")
    database.close()
    house.start()
    house.push.wait_pushes(1, timeout=15)
    assert "at risk" not in house.daemon.errors()


@test
def a_second_daemon_keeps_its_hands_off(stage):
    house = House(stage)
    from sipwaketest.daemon import refused_config
    code, errors, _ = refused_config(stage, house.groups)
    assert code == 2, f"it ended with {code}: {errors}"
    assert "state" in errors, errors


@test
def a_signal_during_the_start_is_heeded(stage):
    house = House(stage, start=False)
    config = os.path.join(stage.path, "starting.conf")
    write_config(config, house.groups)
    daemon = stage.own(Process(stage, "starting", [build_file(*Sipwaked.program),
                                                   "--config", config]))
    while not daemon.errors():
        assert daemon.alive()
    daemon.child.send_signal(signal.SIGHUP)
    daemon.wait_line("is ready")
    daemon.wait_line("configuration and certificates re-read")
    code = daemon.end()
    assert code == 0, f"it ended with {code}: {daemon.tail(4)}"


@test
def a_full_disk_stops_new_phones_only(stage):
    house = House(stage)
    phone = house.sleeper()
    state = os.path.join(stage.path, "state")
    largest = max(os.path.getsize(os.path.join(state, name)) for name in os.listdir(state))
    # Room for what is there and not for a byte more: the kernel refuses as a full disk does.
    resource.prlimit(house.daemon.pid, resource.RLIMIT_FSIZE,
                     (min(4096, largest), resource.RLIM_INFINITY))
    stranger = house.phone("bob")
    assert stranger.register().status == 500
    call_sleeper(house, phone)
    assert phone.register().status == 200
    resource.prlimit(house.daemon.pid, resource.RLIMIT_FSIZE,
                     (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert stranger.register().status == 200, "space is back"
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
