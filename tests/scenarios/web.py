#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""web: JsSIP and SIP.js register, are called and call through the daemon to Kamailio."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.kamailio import Kamailio
from sipwaketest.phone import Phone
from sipwaketest.tap import main, test
from sipwaketest.uri import host_port
from sipwaketest.webphone import WebPhone, install

FOLDER = tempfile.TemporaryDirectory(prefix="sipwake-npm-")


def modules():
    """Installed once for all tests."""
    path = os.path.join(FOLDER.name, "node_modules")
    return path if os.path.isdir(path) else install(FOLDER.name)


def register_and_talk(stage, library, transport):
    folder = modules()
    house = House(stage, Kamailio(stage), secure=(transport,), names=f"IP:{ports.PHONES_SIDE}",
                  config={f"listen:phones-{transport}": {"path": "/sip"}})
    web = WebPhone(stage, library, folder,
                   f"{transport}://{host_port(*house.door(transport))}/sip", "alice",
                   house.pbx.domain, house.authority.file)
    web.expect("registered")
    desk = Phone(stage, "2000", (house.pbx.address, house.pbx.port), house.pbx.domain,
                 address=ports.CALLER)
    desk.register_ok()

    call = desk.dial("alice", OFFER)
    web.expect("invited")
    assert b"s=web" in call.expect(200).body
    call.ack()
    web.expect("confirmed")
    call.hang_up()
    web.expect("ended")

    call = desk.dial("alice", OFFER)
    call.expect(200)
    call.ack()
    web.expect("confirmed")
    web.order("bye")
    call.expect_bye()
    web.expect("ended")

    web.order("call", "2000")
    leg = desk.expect_call()
    leg.ring()
    leg.answer(ANSWER)
    web.expect("confirmed")
    leg.expect_ack()
    leg.hang_up()
    web.expect("ended")
    for text in house.pbx.registers():
        assert ".invalid" not in text, text
    desk.assert_quiet()
    house.daemon.assert_alive()


@test(limit=150)
def jssip_registers_is_called_and_calls_by_wss(stage):
    register_and_talk(stage, "jssip", "wss")


@test(limit=150)
def jssip_registers_is_called_and_calls_by_ws(stage):
    register_and_talk(stage, "jssip", "ws")


@test(limit=150)
def sipjs_registers_is_called_and_calls_by_wss(stage):
    register_and_talk(stage, "sip.js", "wss")


@test(limit=150)
def sipjs_registers_is_called_and_calls_by_ws(stage):
    register_and_talk(stage, "sip.js", "ws")


if __name__ == "__main__":
    main()
