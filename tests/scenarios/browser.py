#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""browser: a page in Debian's Chromium registers, calls and talks through the daemon and Kamailio."""
import os
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.browser import Chromium, Page, run
from sipwaketest.house import House
from sipwaketest.kamailio import Kamailio
from sipwaketest.tap import main, test
from sipwaketest.uri import host_port
from sipwaketest.webphone import install


def open_page(stage, host, allowed="127.0.0.1"):
    """The page is at `host`, and the daemon lets pages of `allowed` in."""
    page = Page(stage, install(tempfile.mkdtemp(dir=stage.path)))
    house = House(stage, Kamailio(stage), secure=("wss",), names=f"IP:{ports.PHONES_SIDE}",
                  config={"listen:phones-wss": {"path": "/sip",
                                                "origins": f"http://{allowed}:{page.port}"}})
    words = {"server": f"wss://{host_port(*house.door('wss'))}/sip", "domain": house.pbx.domain}
    Chromium(stage, f"http://{host}:{page.port}/?{urllib.parse.urlencode(words)}")
    return house, page


@test(limit=150)
def two_phones_of_a_page_hear_each_other(stage):
    house, page = open_page(stage, "127.0.0.1")
    for word in ("registered", "confirmed", "heard", "ended"):
        for user in ("alice", "bob"):
            page.expect(f"{user} {word}")
    for text in house.pbx.registers():
        assert ".invalid" not in text, text
    house.daemon.assert_alive()


@test(limit=150)
def a_page_of_another_origin_is_turned_away(stage):
    house, page = open_page(stage, "localhost")
    house.daemon.wait_line("Connection 1: .*origin", 20)
    assert not house.pbx.registers() and "alice registered" not in page.server.lines


if __name__ == "__main__":
    run(main)
