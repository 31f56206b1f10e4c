#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""mute: a firewall forgets the idle connection to a push service; the next call must not find out."""
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import tap
from sipwaketest.house import OFFER, House
from sipwaketest.push import PushSimulator
from sipwaketest.tap import test

TEAM, KEY, BUNDLE, TOKEN = "TEAM123456", "KEY1234567", "com.example.app", "ab" * 32
INSIDE = "SIPWAKE_TEST_INSIDE"
TOOLS = ("unshare", "ip", "nft", "ss")
NOTICED = 36  # seconds; a keepalive's wait, the patience with it, and the next look


def connections(port):
    """Our ports of those that stand to the port."""
    lines = subprocess.run(["ss", "-Htn", "state", "established", "dport", "=", f":{port}"],
                           check=True, stdout=subprocess.PIPE, text=True, timeout=10).stdout
    return {int(line.split()[2].rsplit(":", 1)[1]) for line in lines.splitlines()}


def wait_connection(port, but=(), timeout=10):
    deadline = time.monotonic() + timeout
    while not (found := connections(port) - set(but)):
        assert time.monotonic() < deadline, f"no new connection within {timeout} s"
        time.sleep(0.2)
    return found.pop()


def mute(ours, port):
    """Whatever one end of the connection says, the other one hears nothing."""
    rules = f"""
      add table ip quiet
      add chain ip quiet input {{ type filter hook input priority 0; }}
      add rule ip quiet input tcp sport {ours} tcp dport {port} drop
      add rule ip quiet input tcp sport {port} tcp dport {ours} drop
    """
    subprocess.run(["nft", "-f", "-"], input=rules, check=True, text=True, timeout=10)


@test(limit=120)
def a_connection_that_went_mute_is_replaced_before_a_call(stage):
    service = PushSimulator(stage, "--services")
    house = House(stage, config={"push:apns": {
        "provider": "apns", "team-id": TEAM, "key-id": KEY, "topics": f"{BUNDLE}.voip",
        "key-file": service.events("listening")[0]["apns_key"], "endpoint": service.url,
        "ca-file": service.ca}})
    phone = house.phone(transport="tcp", contact_params="", push={
        "provider": "apns", "param": f"{TEAM}.{BUNDLE}.voip", "prid": TOKEN})
    phone.register_ok()
    phone.sleep()
    port = int(service.url.rsplit(":", 1)[1])
    first = wait_connection(port)
    mute(first, port)
    began = time.monotonic()
    second = wait_connection(port, but={first}, timeout=NOTICED + 4)
    print(f"# a new connection after {time.monotonic() - began:.1f} s", flush=True)
    began = time.monotonic()
    call = house.pbx.call("alice", OFFER)
    push, = service.wait_pushes(1, f"/3/device/{TOKEN}")
    assert time.monotonic() - began < 4, "the push took long"
    assert push["peer_port"] == second, f"the push came from {push['peer_port']}, not from {second}"
    call.cancel().expect(200)


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        print(f"1..0 # SKIP {', '.join(missing)} not installed")
        return
    if os.environ.get(INSIDE):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        tap.main()
        return
    enter = ["unshare", "--user", "--map-root-user", "--net", "--kill-child"]
    if subprocess.run(enter + ["true"], check=False, capture_output=True).returncode:
        print("1..0 # SKIP no network namespaces here")
        return
    os.environ[INSIDE] = "1"
    os.execvp(enter[0], enter + [sys.executable, "-B", os.path.abspath(sys.argv[0])] + sys.argv[1:])


if __name__ == "__main__":
    main()
