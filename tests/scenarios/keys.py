#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""keys: the check of push keys, of certificates, of the clock and of the way to each service."""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.authority import Authority
from sipwaketest.bus import NAME, ROOT, Bus, Ctl
from sipwaketest.house import House
from sipwaketest.push import PushSimulator
from sipwaketest.tap import main, test

TEAM, KEY, TOPIC = "TEAM123456", "KEY1234567", "com.example.app"
OK, FAILED = 0, 1


def listening(service):
    return service.events("listening")[0]


def apns(service, **more):
    return {"provider": "apns", "team-id": TEAM, "key-id": KEY, "key-file":
            listening(service)["apns_key"], "topics": TOPIC, "endpoint": service.url,
            "ca-file": service.ca, **more}


def fcm(service, **more):
    return {"provider": "fcm", "service-account": listening(service)["fcm_account"],
            "endpoint": service.url, "ca-file": service.ca, **more}


def check(stage, code, **groups):
    """What the check finds: {(group, subject): (verdict, detail)}."""
    bus = Bus(stage)
    house = House(stage, config={"daemon": {"bus": "session"}, **{
        f"push:{name}": group for name, group in groups.items()}})
    bus.wait_name()
    ctl = Ctl(bus)
    found = json.loads(ctl.run("--json", "push", "check", code=code))
    if code == OK:
        text = ctl.run("push", "check")
        for row in found:
            assert re.search(f"^{row['Group']} .* {row['Verdict']} ", text, re.M), text
    house.daemon.stop()
    return {(row["Group"], row["Subject"]): (row["Verdict"], row["Detail"]) for row in found}


def expect(found, group, subject, verdict, *words):
    seen, detail = found[group, subject]
    assert seen == verdict, f"{group}, {subject}: {seen}, {detail}"
    for word in words:
        assert word in detail, f"{group}, {subject}: {word} is not in {detail}"


@test(limit=60)
def all_is_well(stage):
    service = PushSimulator(stage, "--services")
    found = check(stage, OK, apple=apns(service), voip=apns(service, topics=f"{TOPIC}.voip"),
                  google=fcm(service))
    for group in ("apple", "voip", "google"):
        expect(found, group, "service", "good", "(400)")
        expect(found, group, "clock", "good")
    expect(found, "apple", "key", "good", KEY, TEAM)
    expect(found, "google", "key", "good", "project")
    expect(found, "webpush", "key", "good", "VAPID")
    expect(found, "webpush", "service", "unknown")
    expect(found, "webpush", "clock", "unknown")
    assert len(found) == 12, found
    devices = {push["path"] for push in service.pushes() if push["path"].startswith("/3/")}
    assert devices == {"/3/device/0"}, f"pushed to {devices}"


@test(limit=60)
def a_clock_that_is_wrong(stage):
    service = PushSimulator(stage, "--services", "--clock=600")
    found = check(stage, FAILED, apple=apns(service), google=fcm(service))
    for group in ("apple", "google"):
        expect(found, group, "service", "good")
        expect(found, group, "clock", "bad", "behind the service's")
        assert 590 < int(found[group, "clock"][1].split()[0]) < 610, found


@test(limit=60)
def keys_that_do_not_fit(stage):
    service = PushSimulator(stage, "--services")
    account = os.path.join(stage.path, "account.json")
    with open(listening(service)["fcm_account"], encoding="utf-8") as file:
        content = json.load(file)
    content["private_key"] = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        check=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True).stdout
    with open(account, "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.chmod(account, 0o600)
    found = check(stage, FAILED, apple=apns(service, **{"key-id": "OTHERKEY00"}),
                  google=fcm(service, **{"service-account": account}))
    expect(found, "apple", "key", "good", "OTHERKEY00")
    expect(found, "apple", "service", "bad", "credentials", "403 InvalidProviderToken")
    expect(found, "google", "key", "bad", "no access token", "invalid_grant")
    expect(found, "google", "service", "bad", "credentials", "invalid_grant")
    for group in ("apple", "google"):
        expect(found, group, "clock", "good")


@test(limit=90)
def services_that_cannot_be_reached(stage):
    authority = Authority(stage.path)

    def service(name, san, **more):
        certificate, key = authority.issue(name, san, **more)
        simulator = PushSimulator(stage, "--services", "--cert", certificate, "--key", key)
        simulator.ca = authority.file
        return simulator

    here = "IP:127.0.0.1"
    good = service("good", here)
    shut = f"https://127.0.0.1:{ports.free_port('127.0.0.1')}"
    account = os.path.join(stage.path, "account.json")
    with open(listening(good)["fcm_account"], encoding="utf-8") as file:
        content = json.load(file)
    with open(account, "w", encoding="utf-8") as file:
        json.dump({**content, "token_uri": f"{shut}/token"}, file)
    os.chmod(account, 0o600)
    found = check(stage, FAILED, good=apns(good), shut=apns(good, endpoint=shut),
                  named=apns(service("named", "DNS:other.test")),
                  expired=apns(service("expired", here, days=0)),
                  google=fcm(good, **{"service-account": account}))
    expect(found, "good", "service", "good")
    expect(found, "shut", "service", "bad", "unreachable", "connect")
    expect(found, "named", "service", "bad", "unreachable", "127.0.0.1")
    expect(found, "expired", "service", "bad", "unreachable", "expired")
    expect(found, "google", "key", "bad", "no access token", "connect")
    expect(found, "google", "service", "bad")
    for group in ("shut", "named", "expired", "google"):
        expect(found, group, "clock", "unknown")


@test(limit=60)
def a_certificate_of_our_own(stage):
    service = PushSimulator(stage, "--services", "--client-certificates")
    authority = Authority(stage.path)

    def group(name, days):
        certificate, key = authority.issue(name, None, days=days)
        return {"provider": "apns", "certificate": certificate, "key-file": key, "topics": TOPIC,
                "endpoint": service.url, "ca-file": service.ca}

    found = check(stage, FAILED, lasting=group("lasting", 2), ended=group("ended", 0))
    expect(found, "lasting", "certificate", "good", "lasting.pem", ", until 20")
    expect(found, "ended", "certificate", "bad", "ended.pem", ", until 20")


@contextlib.contextmanager
def a_check_that_takes_long(stage):
    """Gives the bus and the daemon."""
    service = PushSimulator(stage, "--services")
    bus = Bus(stage)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        endpoint = f"https://127.0.0.1:{mute.getsockname()[1]}"
        house = House(stage, config={"daemon": {"bus": "session"}, "push:good": apns(service),
                                     "push:apple": apns(service, endpoint=endpoint)})
        bus.wait_name()
        asking = threading.Thread(target=bus.call, args=(NAME, ROOT, f"{NAME}.Manager.CheckPush"))
        asking.start()
        service.wait_pushes(1)  # it has begun
        yield bus, house.daemon
        asking.join()


@test(limit=60)
def a_daemon_that_stops_meanwhile(stage):
    with a_check_that_takes_long(stage) as (_, daemon):
        began = time.monotonic()
        daemon.stop()
        assert time.monotonic() - began < 5, "it waited for the push service"


@test(limit=60)
def another_check_meanwhile(stage):
    with a_check_that_takes_long(stage) as (bus, daemon):
        ctl = Ctl(bus)
        ctl.run("push", "check", code=FAILED)
        assert "checked already" in ctl.errors, ctl.errors
        daemon.stop()


if __name__ == "__main__":
    main()
