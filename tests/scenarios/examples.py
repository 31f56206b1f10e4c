#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""examples: each example of docs/examples is valid, and that of Kamailio wakes a phone."""
import configparser
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import OFFER, House
from sipwaketest.kamailio import Kamailio
from sipwaketest.tap import build_file, main, source_file, test
from sipwaketest.uri import host_port

FOLDER = source_file("docs", "examples")


def read(*parts):
    with open(os.path.join(FOLDER, *parts), encoding="utf-8") as file:
        return file.read()


def judged(*command):
    """What a program says to a configuration, and its exit code."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=20, check=False)
    return done.returncode, done.stdout


@test
def every_configuration_is_valid(stage):
    found = [os.path.join(place, name) for place, _, names in os.walk(FOLDER) for name in names
             if name == "sipwake.conf"]
    assert len(found) >= 3, found
    for path in [*found, source_file("data", "sipwake.conf")]:
        code, text = judged(build_file("src", "sipwaked"), "--check-config", "--config", path)
        assert code == 0, f"{path}: {text}"


@test
def kamailio_takes_its_configuration(stage):
    code, text = judged("kamailio", "-c", "-f", os.path.join(FOLDER, "kamailio", "kamailio.cfg"))
    assert code == 0, text


@test
def the_scripts_are_scripts(stage):
    code, text = judged("sh", "-n", os.path.join(FOLDER, "certbot-deploy-hook"))
    assert code == 0, text


def example_house(stage):
    """The example of Kamailio, moved to addresses and ports of the test."""
    template = os.path.join(stage.path, "kamailio.cfg")
    with open(template, "w", encoding="utf-8") as file:
        file.write(read("kamailio", "kamailio.cfg").replace("10.0.0.5:5060", "@ADDRESS@:@PORT@"))
    pbx = Kamailio(stage, domain="pbx.example.com", config=(template,))
    house = House(stage, pbx, start=False)
    text = read("kamailio", "sipwake.conf")
    for before, after in (("192.0.2.10:5060", host_port(*house.phones_door)),
                          ("10.0.0.4:5070", host_port(*house.pbx_door)),
                          ("sip:10.0.0.5:5060", pbx.route)):
        assert before in text, f"{before} is not in the example"
        text = text.replace(before, after)
    groups = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    groups.read_string(text)
    made = {name: dict(groups[name]) for name in groups.sections()}
    # What a test has in place of a message bus, the state directory and the world's push services.
    made["daemon"] = house.groups["daemon"]
    made["push:webpush"].update(house.groups["push:webpush"])
    house.groups = made
    house.start()
    return house


@test(limit=60)
def a_sleeping_phone_is_woken_behind_kamailio(stage):
    house = example_house(stage)
    caller = house.phone("101", "udp", path="", password="change-me-too")
    caller.register_ok()
    for transport in ("udp", "tcp"):
        phone = house.sleeper("100", transport, password="change-me")
        call = caller.dial("100", OFFER)
        call.expect(180)
        house.wake(phone, pushes=1 if transport == "udp" else 2)
        leg = house.connect(call, phone)
        house.finish(call, leg)
        phone.deregister()


@test
def a_wrong_password_does_not_register_at_kamailio(stage):
    house = example_house(stage)
    assert house.phone("100", password="guessed").register().status == 401


if __name__ == "__main__":
    main()
