#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""manage: the daemon on D-Bus, and sipwakectl, on a bus of the test's own."""
import os
import re
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.accounts import give_account
from sipwaketest.bus import NAME, ROOT, Bus, Ctl, Monitor
from sipwaketest.daemon import write_config
from sipwaketest.house import OFFER, House
from sipwaketest.process import Process
from sipwaketest.rtpengine import Rtpengine
from sipwaketest.tap import build_file, main, test

# What the daemon may work for one page; the sanitizers make it several times slower.
PAGE_SECONDS = 0.05
OK, FAILED, USAGE, NO_DAEMON, _, NOT_FOUND = range(6)


def managed_house(stage, start=True, **more):
    bus = Bus(stage)
    config = more.pop("config", {})
    config.setdefault("daemon", {})["bus"] = "session"
    house = House(stage, config=config, start=start, **more)
    if start:
        bus.wait_name()
    return house, bus, Ctl(bus)


def wait_until(good, complaint, timeout=10):
    deadline = time.monotonic() + timeout
    while not good():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.02)


@test
def status_tells_of_daemon_and_pbx(stage):
    house, bus, ctl = managed_house(stage)
    status = ctl.json("status")
    assert re.fullmatch(r"\d+\.\d+\.\d+", status["Version"]), status
    assert (status["NBindings"], status["NCalls"], status["LogLevel"]) == (0, 0, "debug"), status
    pbx, = status["Pbxes"]
    assert pbx["Name"] == "office" and pbx["Domains"] == [house.pbx.domain], pbx
    assert pbx["LastAnswer"] == 0, pbx
    assert [usable for _, usable in pbx["Routes"]] == [True], pbx
    phone = house.phone()
    phone.register_ok()
    status = ctl.json("status")
    assert status["NBindings"] == 1 and status["Pbxes"][0]["Reachable"] is True, status
    assert status["Pbxes"][0]["LastAnswer"] >= status["Started"]
    assert status["Pbxes"][0]["Registrations"] == 1, status
    text = ctl.run("status")
    assert "1 phone is registered\n0 calls run\n" in text and "reachable" in text, text
    assert "\033" not in text, "colours belong on a terminal"
    assert "\033" in ctl.run("--color=always", "status")
    assert ctl.json("counters")["bindings"] == 1
    assert re.search(r"^bindings +1$", ctl.run("counters"), re.M)


@test(limit=60)
def an_rtpengine_that_is_gone_is_told(stage):
    first, second = Rtpengine(stage), Rtpengine(stage)
    _, _, ctl = managed_house(stage, config={
        "pbx:office": {"media": "rtpengine"},
        "media:relay": {"rtpengine": f"{first.uri};{second.uri}"}})
    addresses = [r.uri.removeprefix("udp:") for r in (first, second)]
    ctl.wait(("status",), lambda s: s["Rtpengines"] == [[a, True] for a in addresses])
    second.pause()
    ctl.wait(("status",), lambda s: s["Rtpengines"][1][1] is False, timeout=10)
    text = ctl.run("status")
    assert re.search(rf"{addresses[0]} +reachable", text), text
    assert re.search(rf"{addresses[1]} +not reachable", text), text
    second.resume()
    ctl.wait(("status",), lambda s: s["Rtpengines"][1][1] is True, timeout=10)


@test(limit=60)
def a_pbx_that_is_gone_is_told(stage):
    house, bus, ctl = managed_house(stage, pbx_transport="tcp")
    phone = house.phone()
    phone.register_ok()
    house.pbx.close()
    assert phone.register(timeout=40).status >= 500
    pbx, = ctl.wait(("status",), lambda s: not s["Pbxes"][0]["Reachable"])["Pbxes"]
    assert pbx["LastError"], pbx
    assert "not reachable" in ctl.run("status") and pbx["LastError"] in ctl.run("status")


@test
def bindings_are_listed_by_page_and_filter(stage):
    house, bus, ctl = managed_house(stage)
    assert ctl.json("bindings") == []
    house.phone("bob", "udp").register_ok()
    alice = house.phone("alice", "tcp")
    alice.register_ok()
    house.phone("carol", "tcp", path="").register_ok()
    listed = time.monotonic()
    rows = ctl.json("bindings")
    assert [row["Aor"].split("@")[0] for row in rows] == ["sip:alice", "sip:bob", "sip:carol"], rows
    assert [row["Service"] for row in rows] == ["webpush", "webpush", ""]
    assert [row["State"] for row in rows] == ["awake", "unknown", "awake"]
    first = rows[0]
    assert first["UserAgent"] == "test phone" and first["Pbx"] == "office", first
    assert 3500 < first["Expires"] <= 3600 and first["LastWake"] == 0, first
    assert first["Path"] == f"{ROOT}/binding/{first['Token']}", first
    assert [row["Aor"] for row in ctl.json("--offset=1", "--limit=1", "bindings")] == \
        [rows[1]["Aor"]]
    assert [row["Aor"] for row in ctl.json("bindings", "carol")] == [rows[2]["Aor"]]
    text = ctl.run("--limit=2", "bindings")
    assert "2 of 3;" in text and "sip:bob" in text and "sip:carol" not in text, text
    shown = ctl.json("binding", "show", first["Token"])
    gone_by = {"Expires": time.monotonic() - listed, "Registered": 0}
    for key, value in first.items():
        if key in gone_by:
            assert -1 <= value - shown[key] <= gone_by[key] + 1, \
                f"{key} is {shown[key]}, was {value}"
        elif key != "Path":
            assert shown[key] == value, f"{key} is {shown[key]}, was {value}"
    text = ctl.run("binding", "show", first["Token"])
    assert re.search(r"^Registered +\d+ s ago$", text, re.M), text
    assert re.search(r"^LastWake +never$", text, re.M) and re.search(r"^Expires +59 min$", text, re.M)
    alice.sleep()
    ctl.wait(("binding", "show", "alice"), lambda row: row["State"] == "asleep")
    ctl.run("binding", "show", "nobody", code=NOT_FOUND)
    ctl.run("binding", "show", "sip:", code=USAGE)
    assert "means 3 phones" in ctl.errors


@test
def the_name_that_a_certificate_proves_is_shown(stage):
    house, bus, ctl = managed_house(stage, secure=("tls",), config={"listen:phones-tls": {
        "client-ca": os.path.join(stage.path, "authority.pem")}})
    certified = house.authority.client()
    certified.load_cert_chain(*house.authority.issue("phone", "URI:sip:alice@pbx.test"))
    house.phone("alice", "tls", tls=certified).register_ok()
    house.phone("bob", "tls").register_ok()
    assert [row["Certificate"] for row in ctl.json("bindings")] == ["alice@pbx.test", ""]


@test
def a_removed_binding_is_gone(stage):
    house, bus, ctl = managed_house(stage)
    phone = house.phone()
    phone.register_ok()
    row, = ctl.json("bindings")
    ctl.run("binding", "remove", "alice")
    assert ctl.json("bindings") == []
    code, text = bus.call(NAME, row["Path"], f"{NAME}.Binding.Remove")
    assert code and f"{NAME}.Error.NotFound" in text, text
    code, text = bus.call(NAME, row["Path"], "org.freedesktop.DBus.Properties.GetAll",
                          f"{NAME}.Binding")
    assert code and f"{NAME}.Error.NotFound" in text, text
    phone.register_ok()
    assert len(ctl.json("bindings")) == 1


@test
def a_removed_binding_is_gone_at_the_pbx(stage):
    house, bus, ctl = managed_house(stage, start=False)
    give_account(house, realm="pbx.test")
    house.start()
    bus.wait_name()
    house.phone().register_ok()
    house.phone("bob").register_ok()
    assert len(house.pbx.contacts("alice")) == len(house.pbx.contacts("bob")) == 1
    ctl.run("binding", "remove", "alice")
    wait_until(lambda: not house.pbx.contacts("alice"), "the PBX still has her")
    ctl.run("binding", "remove", "bob")
    house.daemon.wait_line("registration of sip:b~3@.* ends by itself: the PBX wants a password")
    assert len(house.pbx.contacts("bob")) == 1, "nobody but the phone has the password"
    house.pbx.admit = lambda request: "bob"
    house.phone("bob").register_ok()
    ctl.run("binding", "remove", "bob")
    wait_until(lambda: not house.pbx.contacts("bob"), "the PBX asks for no password")
    house.daemon.assert_alive()


@test
def a_removed_binding_is_woken_no_more(stage):
    house, bus, ctl = managed_house(stage, wake={"repeat": "1;2"})
    house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1, "/push/alice")
    ctl.run("binding", "remove", "alice")
    call.expect(480)
    pushes = len(house.push.pushes())
    time.sleep(2.5)
    later = house.push.pushes()[pushes:]
    assert len(later) <= 1, f"{len(later)} pushes for a phone that is gone"
    house.daemon.assert_alive()


@test
def accounts_tell_of_their_changes(stage):
    house, bus, ctl = managed_house(stage)
    monitor = Monitor(stage, bus)
    monitor.wait_listening(house.phone("bob").register_ok)
    ctl.run("account", "add", "office", "alice", given="wrong\n")
    path = ctl.json("accounts")[0]["Path"]
    monitor.wait_event(Event="added", Path=path, State="new")
    house.phone(password="wrong").register()
    monitor.wait_event(Event="changed", Path=path, State="trouble")
    ctl.run("account", "add", "office", "alice", given="pwalice\n")
    monitor.wait_event(Event="changed", Path=path, State="new")
    ctl.run("account", "remove", "alice")
    monitor.wait_event(Event="removed", Path=path)
    assert monitor.end() == 0


@test
def the_object_manager_lists_pbxs_and_no_phones(stage):
    house, bus, ctl = managed_house(stage)
    house.phone().register_ok()
    code, text = bus.call(NAME, ROOT, "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
    assert code == 0 and f"{ROOT}/pbx/office" in text and "binding" not in text, text
    assert "'office'" in bus.get(f"{ROOT}/pbx/office", "Pbx", "Name")
    code, text = bus.call(NAME, ROOT, f"{NAME}.Manager.ListBindings", "0", "5", "")
    assert code == 0 and "(uint32 1, [{" in text, text
    code, text = bus.call(NAME, ROOT, "org.freedesktop.DBus.Properties.Get", f"{NAME}.Manager",
                          "Nothing")
    assert code, text


@test
def a_woken_call_is_told_step_by_step(stage):
    house, bus, ctl = managed_house(stage)
    phone = house.sleeper(transport="tcp")
    assert ctl.json("calls") == []
    ctl.run("call", "show", "last", code=NOT_FOUND)
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    held, = ctl.json("calls")
    assert (held["Direction"], held["State"]) == ("to-phone", "held"), held
    assert ctl.json("status")["NCalls"] == 1
    house.wake(phone)
    leg = house.connect(call, phone)
    ctl.wait(("calls", "talking"), len)
    house.finish(call, leg)
    over, = ctl.wait(("calls", "over"), len)
    assert over["Id"] == held["Id"] and over["LastStep"] == "ended: the caller hung up", over
    record = ctl.json("call", "show", held["Id"][:8])
    texts = [step["Text"] for step in record["Steps"]]
    for wanted in ("INVITE from the PBX", "push to the phone by webpush", "push accepted",
                   "180 to the PBX", "phone registered from", "INVITE to the phone", "answered: 200",
                   "ACK", "ended: the caller hung up"):
        assert any(text.startswith(wanted) for text in texts), f"no {wanted!r} in {texts}"
    times = [step["Microseconds"] for step in record["Steps"]]
    assert times == sorted(times) and times[0] < 1000000, times
    binding = ctl.json("binding", "show", "alice")
    assert (binding["WakesSucceeded"], binding["WakesFailed"]) == (1, 0), binding
    assert binding["LastWake"] >= binding["Created"] > 0
    ctl.run("call", "hangup", "last", code=FAILED)
    assert "the call is over" in ctl.errors


LADDER = ("│INVITE▶│", "│push▶│", "│◀accepted│", "│◀180│", "│◀REGISTER│", "│INVITE▶│",
          "│◀200 OK│", "│ACK▶│")


@test
def the_ladder_shows_who_spoke(stage):
    house, bus, ctl = managed_house(stage)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    ctl.wait(("calls", "over"), len)
    text = ctl.run("call", "show", "last")
    lines = [re.sub(r"[ ─]+", "", re.sub(r"(?<=\w) (?=\w)", "\0", line)).replace("\0", " ")
             for line in text.splitlines()]
    place = 0
    for arrow in LADDER:
        rest = [n for n, line in enumerate(lines[place:], place) if arrow in line]
        assert rest, f"no {arrow} after line {place} of\n{text}"
        place = rest[0] + 1
    assert re.search(r"^ +\d+\.\d  │", text, re.M), text
    plain = ctl.run("call", "show", "last", env={"LC_ALL": "C"})
    assert plain.isascii() and "INVITE" in plain and ">|" in plain, plain


@test
def a_call_is_hung_up(stage):
    house, bus, ctl = managed_house(stage)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    ctl.wait(("calls", "talking"), len)
    ctl.run("call", "hangup", "last")
    call.expect_bye()
    leg.expect_bye()
    over, = ctl.wait(("calls", "over"), len)
    assert over["LastStep"] == "ended: hung up by the administrator", over
    house.assert_settled(phone)


@test
def a_test_push_says_what_the_service_said(stage):
    house, bus, ctl = managed_house(stage)
    house.sleeper()
    result = ctl.json("push", "test", "alice")
    assert (result["Outcome"], result["Status"]) == ("accepted", 201), result
    assert 0 < result["Microseconds"] < 5000000
    house.push.assert_pushes(1, "/push/alice")
    assert ctl.run("push", "test", "alice").startswith("accepted, status 201")
    binding = ctl.json("binding", "show", "alice")
    assert binding["LastWake"] == 0, "a test is no wake-up"
    house.phone("bob", path="").register_ok()
    ctl.run("push", "test", "bob", code=FAILED)
    assert "without push" in ctl.errors
    ctl.run("push", "test", "nobody", code=NOT_FOUND)
    house.phone("carol", path="/gone/carol").register_ok()
    gone = ctl.run("push", "test", "carol", code=FAILED)
    assert gone.startswith("token-dead, status 4"), gone


@test
def drain_lets_calls_end(stage):
    house, bus, ctl = managed_house(stage)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    ctl.run("drain")
    status = ctl.json("status")
    assert (status["Draining"], status["Drained"]) == (True, False), status
    refused = house.pbx.call("alice", OFFER).expect(503)
    assert int(refused.get("Retry-After")) > 0
    phone.register_ok()
    house.finish(call, leg)
    ctl.run("drain", "--wait")
    assert ctl.json("status")["Drained"] is True
    assert "drained" in ctl.run("status")


@test
def the_monitor_tells_what_changes(stage):
    house, bus, ctl = managed_house(stage)
    monitor = Monitor(stage, bus)
    ctl.json("status")
    phone = house.phone(transport="tcp")
    monitor.wait_listening(phone.register_ok)
    binding = ctl.json("bindings")[0]
    assert monitor.events()[0]["Path"] == binding["Path"], monitor.events()
    phone.sleep()
    monitor.wait_event(Event="changed", State="asleep")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    monitor.wait_event(Event="added", State="held")
    house.wake(phone)
    leg = house.connect(call, phone)
    monitor.wait_event(Event="changed", State="talking")
    house.finish(call, leg)
    monitor.wait_event(Event="changed", State="over")
    assert phone.deregister().status == 200
    monitor.wait_event(Event="removed", Path=binding["Path"])
    assert monitor.end() == 0
    gone = Monitor(stage, bus)
    house.daemon.stop()
    assert gone.wait(15) == NO_DAEMON


@test
def reload_and_log_level(stage):
    house, bus, ctl = managed_house(stage)
    assert ctl.run("log-level") == "debug\n"
    ctl.run("log-level", "warning")
    assert ctl.json("log-level") == {"LogLevel": "warning"}
    ctl.run("log-level", "loud", code=FAILED)
    assert "loud" in ctl.errors
    ctl.run("reload")
    assert ctl.run("log-level") == "debug\n", "a reload brings the configured level back"
    write_config(house.daemon.config, {**house.groups, "wake": {"timeout": "soon"}})
    ctl.run("reload", code=FAILED)
    assert f"{house.daemon.config}:" in ctl.errors and "timeout" in ctl.errors, ctl.errors
    house.daemon.wait_log("the running configuration stays")
    key = os.path.join(stage.path, "open.p8")
    with open(key, "w", encoding="ascii") as file:
        os.chmod(file.fileno(), 0o644)
    write_config(house.daemon.config, {
        **house.groups, "daemon": {**house.groups["daemon"], "log-level": "info"},
        "push:apns": {"provider": "apns", "team-id": "DEF123GHIJ", "key-id": "ABC123DEFG",
                      "key-file": key, "topics": "a"}})
    ctl.run("reload", code=FAILED)
    assert f"[push:apns] {key}: others may read" in ctl.errors, ctl.errors
    assert ctl.run("log-level") == "debug\n", "nothing is taken over"
    house.daemon.assert_alive()


@test
def config_check_needs_no_daemon(stage):
    house = House(stage, start=False)
    bus = Bus(stage)
    ctl = Ctl(bus)
    path = os.path.join(stage.path, "checked.conf")
    environment = {"SIPWAKED": build_file("src", "sipwaked")}
    write_config(path, house.groups)
    assert "valid" in ctl.run("config", "check", "--config", path, env=environment)
    write_config(path, {**house.groups, "wake": {"timeout": "soon"}})
    ctl.run("config", "check", "--config", path, env=environment, code=FAILED)
    assert f"{path}:" in ctl.errors, ctl.errors
    ctl.run("status", code=NO_DAEMON)
    assert "not on the bus" in ctl.errors
    for words, told in ((("dance",), "no such command"), (("call", "sho"), "no such command"),
                        (("call",), "sipwakectl call hangup CALL|last"),
                        (("call", "show"), "sipwakectl call show CALL|last"),
                        (("status", "now"), "sipwakectl status\n"), ((), "command is missing")):
        ctl.run(*words, code=USAGE)
        assert told in ctl.errors, ctl.errors
    ctl.run("account", "import", "office", path + ".csv", code=USAGE)
    assert "No such file" in ctl.errors and "daemon" not in ctl.errors, ctl.errors
    ctl.run("--color=blue", "status", code=USAGE)
    ctl.run("--bus=city", "status", code=USAGE)
    ctl.run("--instance=a b", "status", code=USAGE)


def fill_store(path, count):
    """Makes `count` phones of the one that is registered, on the disk of a daemon that is down."""
    base = sqlite3.connect(path)
    base.row_factory = sqlite3.Row
    row = dict(base.execute("SELECT * FROM binding").fetchone())
    with base:
        for number in range(count - 1):
            row["token"] = f"token{number:05}"
            row["aor"] = f"sip:u{(number * 7919) % 10007:05}@pbx.test"
            base.execute(f"INSERT INTO binding ({', '.join(row)}) VALUES "
                         f"({', '.join('?' * len(row))})", tuple(row.values()))
    base.close()


@test(limit=60)
def a_page_of_many_phones_comes_fast(stage):
    house, bus, ctl = managed_house(stage)
    house.sleeper()
    house.daemon.stop()
    fill_store(os.path.join(house.groups["daemon"]["state-dir"], "state.db"), 10000)
    house.start()
    bus.wait_name()
    assert ctl.json("status")["NBindings"] == 10000
    seen = []
    for offset in range(0, 10000, 1000):
        seen += [row["Token"] for row in ctl.json(f"--offset={offset}", "--limit=1000", "bindings")]
    assert len(set(seen)) == len(seen) == 10000, len(set(seen))
    assert len(ctl.json("bindings", "sip:u0001")) == 10
    pages, worked = 20, house.daemon.cpu_seconds()
    for _ in range(pages):
        code, text = bus.call(NAME, ROOT, f"{NAME}.Manager.ListBindings", "5000", "100", "")
        assert code == 0 and text.startswith("(uint32 10000, ")
    spent = (house.daemon.cpu_seconds() - worked) / pages
    stage.trace.note(f"a page of 100 among 10,000 takes {spent * 1000:.1f} ms")
    assert spent < PAGE_SECONDS, f"a page of 100 among 10,000 takes {spent * 1000:.1f} ms"
    code, text = bus.call(NAME, ROOT, "org.freedesktop.DBus.ObjectManager.GetManagedObjects")
    assert code == 0 and len(text) < 2000, len(text)


@test
def instances_have_names_of_their_own(stage):
    bus = Bus(stage)
    house = House(stage, config={"daemon": {"bus": "session"}}, start=False)
    house.start("--instance", "second")
    bus.wait_name(f"{NAME}.second")
    Ctl(bus).run("status", code=NO_DAEMON)
    assert f"{NAME}.second" in Ctl(bus, "--instance=second").run("status")


@test
def a_name_that_another_has_is_asked_for_again(stage):
    house, bus, ctl = managed_house(stage)
    second = House(stage, config={"daemon": {"bus": "session"}})
    second.daemon.wait_line("the bus does not give us the name")
    second.phone().register_ok()
    assert ctl.json("status")["NBindings"] == 0
    house.daemon.stop()
    second.daemon.wait_line("on the bus as", 15)
    assert ctl.json("status")["NBindings"] == 1


@test
def without_a_bus_calls_go_on(stage):
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={stage.path}/nothing"
    house = House(stage, config={"daemon": {"bus": "session"}})
    phone = house.phone()
    phone.register_ok()
    house.daemon.wait_line("no connection to the bus")
    house.assert_settled(phone)
    bus = Process(stage, "late-bus", ["dbus-daemon", "--session", "--nofork", "--nopidfile",
                                      f"--address={os.environ['DBUS_SESSION_BUS_ADDRESS']}"])
    stage.own(bus)
    house.daemon.wait_line("on the bus as", 15)
    bus.end()
    house.daemon.wait_log("no connection to the bus", 2)
    house.assert_settled(phone)
    os.environ.pop("DBUS_SESSION_BUS_ADDRESS")


if __name__ == "__main__":
    main()
