#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""metrics: GET /metrics as promtool likes it, GET /healthz, and nothing else."""
import glob
import http.client
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.bus import Bus, Ctl
from sipwaketest.daemon import refused_config
from sipwaketest.house import OFFER, House
from sipwaketest.tap import main, source_file, test


def request(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body


def measured_house(stage, **more):
    port = ports.free_port("127.0.0.1")
    config = {"metrics": {"listen": f"127.0.0.1:{port}"}, **more}
    house = House(stage, config=config)
    house.daemon.wait_line("metrics at http")
    return house, port


def value(text, name):
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    assert found, f"no {name} in\n{text}"
    return float(found.group(1))


def assert_gauges_fall(text):
    """What the code counts down somewhere is no counter."""
    falling = set()
    for path in glob.glob(source_file("src", "*", "*.c")):
        with open(path, encoding="utf-8") as file:
            falling |= set(re.findall(r"counters_dec \(COUNTER_(\w+)\)|COUNTER_(\w+), .*-1\)",
                                      file.read()))
    names = {(one or other).lower() for one, other in falling}
    assert len(names) > 10, names
    for name in names:
        assert f"# TYPE sipwake_{name} gauge\n" in text, f"{name} is no gauge"


@test
def metrics_count_what_happens(stage):
    house, port = measured_house(stage)
    status, headers, text = request(port, "GET", "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert value(text, "sipwake_bindings") == 0
    phone = house.sleeper(transport="tcp")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    deadline = time.monotonic() + 5
    while value(text := request(port, "GET", "/metrics")[2], "sipwake_calls_open"):
        assert time.monotonic() < deadline, "the call is not over"
    for name, wanted in (("sipwake_bindings", 1), ('sipwake_phones{state="awake"}', 1),
                         ('sipwake_phones{state="asleep"}', 0), ('sipwake_calls_begun_total{direction="to_phone"}', 1),
                         ('sipwake_calls_total{outcome="bridged"}', 1),
                         ('sipwake_calls_total{outcome="failed"}', 0),
                         ('sipwake_pushes_total{result="accepted"}', 1),
                         ('sipwake_pushes_total{result="token_dead"}', 0),
                         ('sipwake_wakes_total{result="succeeded"}', 1),
                         ('sipwake_accounts{state="ready"}', 0),
                         ("sipwake_upstream_held", 0), ("sipwake_pbx_routes_down", 0),
                         ("sipwake_calls_open", 0),
                         ('sipwake_wake_seconds_count{service="webpush"}', 1),
                         ('sipwake_wake_seconds_bucket{service="webpush",le="+Inf"}', 1),
                         ('sipwake_wake_failures_total{service="webpush"}', 0),
                         ('sipwake_pbx_reachable{pbx="office"}', 1), ("sipwake_draining", 0)):
        assert value(text, name) == wanted, f"{name} is {value(text, name)}"
    assert 0 < value(text, 'sipwake_wake_seconds_sum{service="webpush"}') < 10
    assert value(text, "process_resident_memory_bytes") > 1 << 20
    allocated = value(text, "sipwake_memory_allocated_bytes")
    assert allocated == 0 or 1 << 18 < allocated < value(text, "process_resident_memory_bytes")
    assert value(text, "sipwake_flows_open") > 0 and value(text, "sipwake_transactions_open") >= 0
    assert_gauges_fall(text)
    if not shutil.which("promtool"):
        return
    judged = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, timeout=20,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert judged.returncode == 0 and not judged.stdout, judged.stdout


@test
def a_failed_wake_up_is_counted(stage):
    house, port = measured_house(stage, wake={"timeout": 1})
    house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(480)
    text = request(port, "GET", "/metrics")[2]
    assert value(text, 'sipwake_wake_failures_total{service="webpush"}') == 1
    assert value(text, 'sipwake_wake_seconds_count{service="webpush"}') == 0


@test
def health_follows_the_drain(stage):
    bus = Bus(stage)
    house, port = measured_house(stage, daemon={"bus": "session"})
    bus.wait_name()
    assert request(port, "GET", "/healthz")[::2] == (200, "ok\n")
    assert request(port, "HEAD", "/healthz")[::2] == (200, "")
    Ctl(bus).run("drain")
    assert request(port, "GET", "/healthz")[::2] == (503, "draining\n")
    house.daemon.assert_alive()


@test
def nothing_else_is_served(stage):
    house, port = measured_house(stage)
    for method, path, wanted in (("GET", "/", 404), ("GET", "/metrics/more", 404),
                                 ("GET", "/healthz/../metricsx", 404), ("POST", "/metrics", 405),
                                 ("DELETE", "/healthz", 405)):
        status = request(port, method, path)[0]
        assert status == wanted, f"{method} {path}: {status}"
    house.daemon.assert_alive()


@test
def a_taken_port_is_named(stage):
    house, port = measured_house(stage)
    other = House(stage, config={"metrics": {"listen": f"127.0.0.1:{port}"}}, start=False)
    code, errors, _ = refused_config(stage, groups=other.groups)
    assert code > 0 and "[metrics] listen" in errors, f"{code}: {errors!r}"
    house.daemon.assert_alive()


if __name__ == "__main__":
    main()
