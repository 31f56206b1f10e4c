#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""settings: a configuration with a mistake is refused with file, line and key."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.daemon import refused_config
from sipwaketest.house import House
from sipwaketest.tap import main, test
from sipwaketest.uri import host_port

GOOD = """[daemon]
bus=none
state-dir={state}
[listen:phones]
side=phones
uri=sip:{phones};transport=udp
[listen:pbx]
side=pbx
uri=sip:{pbx};transport=udp
[pbx:office]
domains=pbx.test
route=sip:127.0.0.4:5060;transport=udp
[push:webpush]
provider=webpush
subject=mailto:t@example.com
[wake]
timeout=10
"""
MISTAKES = (
    ("bus=none", "buss=none", "buss"),
    ("side=phones", "side=both", "side"),
    ("uri=sip:{phones};transport=udp", "uri=tel:5551234", "uri"),
    ("uri=sip:{phones};transport=udp", "uri=sip:{phones};transport=pigeon", "uri"),
    ("[wake]", "[awake]", "awake"),
    ("timeout=10", "timeout=soon", "timeout"),
    ("route=sip:127.0.0.4:5060;transport=udp", "route=nowhere", "route"),
    ("provider=webpush", "provider=pigeon", "provider"),
    ("domains=pbx.test", "domains=pbx.test\nno-equals-sign", "line"),
)


def filled(stage, text):
    return text.format(state=stage.path, phones=host_port(ports.PHONES_SIDE, ports.free_port(
        ports.PHONES_SIDE)), pbx=host_port(ports.PBX_SIDE, ports.free_port(ports.PBX_SIDE)))


def place_of(text, wrong):
    """The number of the line with the mistake."""
    key = wrong.splitlines()[-1].split("=")[0]
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.split("=")[0] == key)


@test
def every_mistake_is_named_with_its_place(stage):
    for right, wrong, word in MISTAKES:
        text = filled(stage, GOOD.replace(right, wrong, 1))
        code, errors, path = refused_config(stage, text=text)
        assert code > 0, f"{wrong!r} ended with {code}"
        number = place_of(text, wrong)
        place = rf"{re.escape(path)}:{number}\b"
        assert re.search(place, errors), f"{wrong!r}: no {path}:{number} in {errors!r}"
        assert word in errors, f"{wrong!r}: no {word!r} in {errors!r}"


@test
def what_is_missing_is_named(stage):
    for left_out, word in (("route=sip:127.0.0.4:5060;transport=udp\n", "route"),
                           ("uri=sip:{phones};transport=udp\n", "uri")):
        code, errors, _ = refused_config(stage, text=filled(stage, GOOD.replace(left_out, "")))
        assert code > 0 and word in errors, f"{code}: {errors!r}"


@test
def an_empty_file_is_refused(stage):
    code, errors, path = refused_config(stage, text="")
    assert code > 0 and path in errors, f"{code}: {errors!r}"


@test
def a_port_that_is_taken_is_named(stage):
    house = House(stage)
    state = {**house.groups["daemon"], "state-dir": os.path.join(stage.path, "other")}
    code, errors, _ = refused_config(stage, groups={**house.groups, "daemon": state})
    assert code > 0 and str(house.phones_port) in errors, f"{code}: {errors!r}"
    house.daemon.assert_alive()


@test
def it_ends_when_asked(stage):
    house = House(stage)
    house.sleeper()
    house.daemon.stop(5)


if __name__ == "__main__":
    main()
