#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""symptoms: makes each fault of docs/troubleshooting.md and compares what is told of it there."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.bus import Bus, Ctl
from sipwaketest.daemon import refused_config
from sipwaketest.house import OFFER, House
from sipwaketest.pbx import ScriptedPbx
from sipwaketest.push import PushSimulator
from sipwaketest.tap import main, source_file, test

USERS = {"100": "pw100", "101": "pw101", "2000": "pw2000"}
SHOW = "sudo sipwakectl call show last"
compared = set()


def outputs():
    """What the page shows: {(heading, command): lines}; a ladder alone is the end of SHOW."""
    found, heading, command = {}, "", None
    with open(source_file("docs", "troubleshooting.md"), encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("#"):
                heading, command = line.lstrip("# "), None
            elif line.startswith("    $ "):
                command = line[6:]
            elif line.startswith("    "):
                command = SHOW if line.split()[:2] == ["ms", "PBX"] else command
                found.setdefault((heading, command), []).append(line)
    return found


def plain(line, stage):
    """A line without what differs from run to run."""
    line = line.replace(stage.path, "/etc/sipwake")
    line = re.sub(r"(\d+\.){3}\d+(:\d+)?", "ADDRESS", line)
    line = re.sub(r"\b[a-z2-7]{20,26}\b", "ID", line)
    line = re.sub(r"\d+(\.\d+)*", "0", line).replace("0 min", "0 s")
    return re.sub(r"─+", "─", re.sub(r"\s+", " ", line)).strip()


def compare(stage, heading, command, tell):
    """Each line of the page stands in what tell() says, in the same order, now or in a moment."""
    shown = outputs().get((heading, command))
    assert shown, f"no output of {command!r} below {heading!r}"
    compared.add((heading, command))
    deadline = time.monotonic() + 5
    while line := missing(stage, shown, real := tell()):
        assert time.monotonic() < deadline, \
            f"below {heading!r} stands\n{line}\nbut {command} says\n{real}"
        time.sleep(0.1)


def missing(stage, shown, real):
    """The first line of the page that is not there, or None."""
    rest = [plain(line, stage) for line in real.splitlines()]
    for line in shown:
        wanted = plain(line, stage)
        if wanted not in rest:
            return line
        rest = rest[rest.index(wanted) + 1:]
    return None


def log_of(house):
    """The messages alone, as journalctl -o cat has them."""
    lines = re.sub(r"^sipwaked[-\d]*: ", "", "\n".join(house.daemon.log_lines()), flags=re.M)
    lines = re.sub(r"^\d\d:\d\d:\d\d\.\d+ \w+ +", "", lines, flags=re.M)
    return re.sub(r"( [A-Z_]+=\S+)+$", "", lines, flags=re.M)


def troubled_house(stage, config=None, start=True, **more):
    bus = Bus(stage)
    pbx = ScriptedPbx(stage, dict(USERS), "pbx.example.com")
    config = {"daemon": {"bus": "session", "log-level": "info"}, **(config or {})}
    house = House(stage, pbx, config=config, start=start, **more)
    if start:
        bus.wait_name()
    return house, Ctl(bus)


def failed_call(house):
    house.pbx.call("100", OFFER).expect(480, 6)


@test
def a_phone_that_does_not_come(stage):
    house, ctl = troubled_house(stage, wake={"timeout": 1})
    house.sleeper("100", "tcp")
    top = "When something is wrong"
    compare(stage, top, "sudo sipwakectl status", lambda: ctl.run("status"))
    compare(stage, top, "sudo sipwakectl bindings", lambda: ctl.run("bindings"))
    failed_call(house)
    compare(stage, "The push was accepted, and the phone did not come", SHOW,
            lambda: ctl.run("call", "show", "last"))
    compare(stage, "The phone does not ring", "journalctl -u sipwaked -o cat -g 'call to'",
            lambda: log_of(house))


@test
def a_phone_without_push(stage):
    house, ctl = troubled_house(stage)
    house.sleeper("100", "tcp", path="")
    ctl.wait(("bindings",), lambda rows: rows[0]["State"] == "asleep")
    assert re.search(r" asleep +- ", ctl.run("bindings"))
    failed_call(house)
    compare(stage, "The phone has no push", SHOW, lambda: ctl.run("call", "show", "last"))
    asking = house.phone("101", "tcp", push={"provider": "fcm", "param": "x", "prid": "y"})
    assert asking.register().status == 555
    house.daemon.wait_log("refused: 555 Push Notification Service Not Supported")


@test
def an_apple_key_that_does_not_fit(stage):
    service = PushSimulator(stage, "--services")
    key = os.path.join(stage.path, "apns.p8")
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-out", key], check=True, timeout=20)
    house, ctl = troubled_house(stage, start=False, config={"push:apns": {
        "provider": "apns", "team-id": "DEF123GHIJ", "key-id": "ABC123DEFG", "key-file": key,
        "topics": "com.example.phone.voip", "endpoint": service.url, "ca-file": service.ca}})
    os.chmod(key, 0o644)
    compare(stage, "The push service refuses", "journalctl -u sipwaked -o cat -g push:",
            lambda: refused_config(stage, house.groups)[1])
    os.chmod(key, 0o600)
    house.start()
    house.sleeper("100", "tcp", push={"provider": "apns", "prid": "a" * 64,
                                      "param": "DEF123GHIJ.com.example.phone.voip"})
    failed_call(house)
    ctl.wait(("calls", "over"), len)
    compare(stage, "The push was not accepted", SHOW, lambda: ctl.run("call", "show", "last"))
    compare(stage, "The registration is lost", "journalctl -u sipwaked -o cat -g 'at risk'",
            lambda: log_of(house))


@test
def a_push_service_that_refuses(stage):
    house, ctl = troubled_house(stage)
    house.sleeper("100", "tcp", path="/status/403/100")
    compare(stage, "The push service refuses", "sudo sipwakectl push test 100",
            lambda: ctl.run("push", "test", "100", code=1))


@test
def a_call_that_comes_late(stage):
    house, ctl = troubled_house(stage)
    phone = house.sleeper("100", "tcp")
    call = house.pbx.call("100", OFFER)
    call.expect(180)
    time.sleep(0.5)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    ctl.wait(("calls", "over"), len)
    compare(stage, "It rings late", SHOW, lambda: ctl.run("call", "show", "last"))
    compare(stage, "One side hears nothing", SHOW, lambda: ctl.run("call", "show", "last"))
    compare(stage, "One side hears nothing", "sudo sipwakectl counters | grep media_",
            lambda: ctl.run("counters"))


@test
def a_registration_that_is_refused(stage):
    house, ctl = troubled_house(stage)
    phone, lost = house.phone("100", "tcp"), house.phone("101", "tcp")
    phone.register_ok()
    house.pbx.forbidden.add("100")
    assert phone.register().status == 403
    lost.domain = "other.example"
    assert lost.register().status == 404
    compare(stage, "The registration is lost", "journalctl -u sipwaked -o cat -g 'refused|account'",
            lambda: log_of(house))
    house.pbx.forbidden.clear()
    ctl.run("account", "add", "office", "100", given="wrong\n")
    assert house.phone("100", "tcp", password="wrong").register().status == 403
    compare(stage, "The registration is lost", "sudo sipwakectl accounts",
            lambda: ctl.run("accounts"))


@test(limit=60)
def a_pbx_that_hears_nothing(stage):
    house, ctl = troubled_house(stage)
    phone = house.phone("100", "tcp")
    phone.register_ok()
    house.pbx.silent = True
    phone.send_register()
    ctl.wait(("status",), lambda status: not status["Pbxes"][0]["Reachable"], 40)
    compare(stage, "The PBX bans us", "sudo sipwakectl status", lambda: ctl.run("status"))
    compare(stage, "The PBX bans us", "journalctl -u sipwaked -o cat -g pbx:",
            lambda: log_of(house))


@test
def strangers(stage):
    house, ctl = troubled_house(stage)
    house.phone("100", "tcp").invite("2000", OFFER).expect(403)
    scanner = house.phone("101", "tcp", password="wrong")
    assert [scanner.register().status for _ in range(5)] == [401] * 4 + [403]
    other = ScriptedPbx(stage, dict(USERS), "pbx.example.com", address=ports.STRANGER)
    other.request("INVITE", f"sip:100@{ports.PBX_SIDE}:{house.pbx_port}").final(5)
    compare(stage, "Ghost calls", "journalctl -u sipwaked -o cat -g refused",
            lambda: log_of(house))
    compare(stage, "The PBX bans us", "journalctl -u sipwaked -o cat -g 'Too Many'",
            lambda: log_of(house))
    compare(stage, "There is no call at all", "journalctl -u sipwaked -o cat -g refused",
            lambda: log_of(house))


@test
def a_caller_who_gave_up(stage):
    house, ctl = troubled_house(stage)
    house.sleeper("100", "tcp")
    call = house.pbx.call("100", OFFER)
    call.expect(180)
    call.cancel().expect(200)
    ctl.wait(("calls", "over"), len)
    compare(stage, "Ghost calls", SHOW, lambda: ctl.run("call", "show", "last"))


@test
def a_certificate_that_cannot_be_used(stage):
    house, ctl = troubled_house(stage, start=False, secure=("tls",))
    certificate, _ = house.pair
    kept = os.path.join(stage.path, "tls", "fullchain.pem")
    house.groups["listen:phones-tls"]["certificate"] = kept
    compare(stage, "The certificate", "journalctl -u sipwaked -o cat -g listen:",
            lambda: refused_config(stage, house.groups)[1])
    os.makedirs(os.path.dirname(kept))
    os.rename(certificate, kept)
    house.start()
    with open(kept, "w", encoding="ascii") as file:
        file.write("nonsense\n")
    house.daemon.wait_log("the certificates in use stay")
    compare(stage, "The certificate", "journalctl -u sipwaked -o cat -g certificate",
            lambda: log_of(house))


@test
def no_daemon(stage):
    ctl = Ctl(Bus(stage))
    ctl.run("status", code=3)
    compare(stage, "sipwakectl itself", "sipwakectl status", lambda: ctl.errors)


@test
def the_page_shows_nothing_else(stage):
    assert set(outputs()) == compared, set(outputs()) ^ compared


if __name__ == "__main__":
    main()
