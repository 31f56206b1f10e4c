#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""browser-sound: a real browser as the phone that sleeps: JsSIP in Chromium, for a plain PBX."""
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import networks, tap, webphone
from sipwaketest.authority import Authority
from sipwaketest.browser import FLAGS, run
from sipwaketest.networks import PBX, PHONES_SIDE, Scene

import tone
from demo import CALLER, CALL_SECONDS, DOMAIN, SLEEPER, TONES
from softphones import Baresip

LIBRARY = "SIPWAKE_TEST_JSSIP"
HEARD = 2.0  # seconds of the other's tone that a call must have
NEAR = 25    # Hz; two lines of the browser's spectrum


class Browser:
    """A phone in a process of its own, which hears what the PBX's side plays."""

    name = "browser"

    def __init__(self, scene, server, certificate):
        self.stage = scene.stage
        self.home = scene.path(self.name)
        os.mkdir(self.home)
        for file in (os.path.join(os.environ[LIBRARY], "jssip.js"),
                     tap.source_file("tests", "peers", "browser-phone.html")):
            shutil.copy(file, self.home)
        push = urllib.parse.quote(f"{scene.push['url']}/push/{SLEEPER}", safe="")
        self.settings = {
            "server": server, "uri": f"sip:{SLEEPER}@{DOMAIN}", "password": "secret-" + SLEEPER,
            "contact_uri": f"sip:{SLEEPER}@browser.invalid;transport=ws;pn-provider=webpush;"
                           f"pn-prid={push}",
            "instance_id": "0f7b5b0e-1c8a-4b6e-9d59-5f3f6a3b1c22", "register_expires": 600,
            "session_timers": False}
        self.flags = (f"--use-file-for-fake-audio-capture={scene.path(SLEEPER + '.wav')}",
                      f"--ignore-certificate-errors-spki-list={key_hash(certificate)}",
                      f"--user-data-dir={os.path.join(self.home, 'data')}")

    def start(self):
        page = f"file://{self.home}/browser-phone.html"
        self.stage.start(self.name, [
            "chromium", *FLAGS, "--enable-logging=stderr", *self.flags,
            f"{page}#{urllib.parse.quote(json.dumps(self.settings))}"], {"HOME": self.home})

    def fall_asleep(self):
        self.stage.end(self.name, signal.SIGKILL)

    def heard(self, frequency):
        """For how many seconds this was the loudest that it heard; it looks ten times a second."""
        words = [line.partition("phone: hears ")[2].split('"')[0]
                 for line in self.stage.log_tail(self.name, 1000)]
        return sum(abs(int(word) - frequency) < NEAR for word in words if word) / 10


def key_hash(certificate):
    """By which Chromium is told to trust one key, whoever has signed it."""
    text = subprocess.run(["openssl", "x509", "-in", certificate, "-pubkey", "-noout"], check=True,
                          capture_output=True, text=True).stdout
    key = base64.b64decode("".join(text.splitlines()[1:-1]))
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@tap.test(limit=240)
def a_browser_is_woken_by_a_plain_pbx(stage):
    scene = stage.own(Scene(stage.path, None))
    certificate, key = Authority(stage.path).issue("sipwake", f"IP:{PHONES_SIDE}")
    door = f"{PHONES_SIDE}:{scene.free_port(PHONES_SIDE)}"
    scene.media = (f"media=rtpengine\n[media:relay]\nrtpengine=udp:127.0.0.1:"
                   f"{scene.start_rtpengine()}\n[listen:phones-wss]\nside=phones\n"
                   f"uri=sip:{door};transport=wss\ncertificate={certificate}\n"
                   f"private-key={key}\n")
    scene.start_push_service()
    scene.start_pbx()
    scene.start_sipwaked()
    for who in (CALLER, SLEEPER):
        tone.write(scene.path(f"{who}.wav"), TONES[who], CALL_SECONDS)
    browser = Browser(scene, f"wss://{door}/", certificate)
    browser.start()
    scene.wait_line(browser.name, "phone: registered", 30)
    browser.fall_asleep()

    desk = Baresip(scene.stage, {"user": CALLER, "password": "secret-" + CALLER, "domain": DOMAIN,
                                 "proxy": f"sip:{PBX}:{scene.pbx_port};transport=udp"},
                   scene.path("caller.wav"), PBX)
    desk.dial(f"sip:{SLEEPER}@{DOMAIN}")
    scene.wait_line("push", r'"event": *"push"', 15)
    browser.start()
    scene.wait_line(browser.name, "phone: talks", 25)
    time.sleep(5)
    desk.hang_up()
    scene.wait_line(browser.name, "phone: ended", 10)
    scene.stage.clear()
    heard = (tone.heard(desk.recording, TONES[SLEEPER])[0], browser.heard(TONES[CALLER]))
    print(f"# heard: the desk {heard[0]:.1f} s, the browser {heard[1]:.1f} s", flush=True)
    assert min(heard) >= HEARD, heard


def main():
    """From the networks that the test makes for itself no way leads to npm's registry."""
    if LIBRARY not in os.environ:
        os.environ[LIBRARY] = tempfile.mkdtemp(prefix="sipwake-npm-")
        webphone.bundle(os.environ[LIBRARY])
    try:
        networks.main()
    finally:
        shutil.rmtree(os.environ[LIBRARY], ignore_errors=True)


if __name__ == "__main__":
    run(main)
