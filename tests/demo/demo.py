#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""demo: a phone that is truly asleep is called through a PBX that knows nothing of push.

Kamailio is the PBX, baresip the caller, Linphone the phone. Linphone registers once through
sipwaked and is killed; the call's push starts it again. Success (exit code 0) means that the
call was bridged and that each phone recorded the other's tone; anything less says what is missing
and ends with 1.
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.parse

import tone
from processes import Stage, free_port
from softphones import Baresip, Linphone

DOMAIN = "pbx.demo"
PHONES, PBX_SIDE, PBX = "127.0.0.2", "127.0.0.3", "127.0.0.10"
CALLER, SLEEPER = "caller", "sleeper"
TONES = {CALLER: 440, SLEEPER: 1000}
START_SECONDS = 15
CALL_SECONDS = 45
RING_SECONDS = 1
TALK_SECONDS = 5
MIN_TONE_SECONDS = 2

SIPWAKED = """\
[daemon]
bus=none
state-dir={state}
log-level=debug

[listen:phones-udp]
side=phones
uri=sip:{phones}:{phones_port};transport=udp

[listen:phones-tcp]
side=phones
uri=sip:{phones}:{phones_port};transport=tcp

[listen:pbx]
side=pbx
uri=sip:{pbx_side}:{pbx_side_port};transport=udp

[pbx:demo]
domains={domain}
route=sip:{pbx}:{pbx_port};transport=udp
{media}
[push:webpush]
provider=webpush
subject=mailto:demo@localhost
allow-origins={origin}
ca-file={ca}

[wake]
timeout=30
"""

# What the daemon and the phones say of a call, and how the timeline words it.
STEP = re.compile(r"^\S+ \w+ +call: (.*?)(?: [A-Z][A-Z_]*=|$)")
CALLER_STEPS = [
    (re.compile(r"SIP Progress: 180"), "180: hears ringing"),
    (re.compile(r"Call established"), "200: the call stands"),
    (re.compile(r"session closed: "), "the call is refused"),
    (re.compile(r"Call with .* terminated"), "BYE"),
]
SLEEPER_STEPS = [
    (re.compile(r"Receiving new incoming call"), "INVITE: rings"),
    (re.compile(r"Media streams established"), "sound flows"),
    (re.compile(r"Call \d+ with .* ended"), "BYE: the call has ended"),
]


class Failure(Exception):
    """The demonstration cannot go on; says why."""


class Demo:
    phones, pbx_side, pbx = PHONES, PBX_SIDE, PBX
    caller_address = "127.0.0.1"
    media = "media=direct\n"  # and the groups that it needs
    sleeper_settings = ""  # further ones of Linphone
    make_stage = Stage
    free_port = staticmethod(free_port)

    def __init__(self, directory, sipwaked, simulator):
        self.directory = directory
        self.programs = {"sipwaked": sipwaked, "push": simulator}
        self.stage = self.make_stage(directory)
        self.zero = time.monotonic()
        self.reached = set()

    def say(self, text):
        print(f"   {text}", flush=True)

    def mark(self, when, who, text):
        print(f"{(when - self.zero) * 1000:8.0f} ms  {who:<9} {text}", flush=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def wait_line(self, source, pattern, seconds):
        """Waits until @source says @pattern; returns the match."""
        deadline = time.monotonic() + seconds
        while line := self.stage.next_line(deadline):
            if line.source != source:
                continue
            if line.text is None:
                raise Failure(f"{source} ended at its start")
            if match := re.search(pattern, line.text):
                return match
        raise Failure(f"{source} was not ready after {seconds} s")

    def wait_answer(self, name, attempt):
        """Waits until @attempt reaches the program @name."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.stage.processes[name].poll() is not None:
                raise Failure(f"{name} ended at its start")
            try:
                attempt()
                return
            except OSError:
                time.sleep(0.1)
        raise Failure(f"{name} was not ready after {START_SECONDS} s")

    def start_push_service(self):
        self.stage.start("push", [self.programs["push"], "--directory", self.directory])
        match = self.wait_line("push", r'^\{.*"listening".*\}$', START_SECONDS)
        self.push = json.loads(match.group(0))
        self.say(f"push service   {self.push['url']} (HTTP/2 over TLS)")

    def start_pbx(self):
        self.pbx_port = self.free_port(self.pbx)
        template = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kamailio.cfg")
        with open(template, encoding="utf-8") as file:
            text = file.read()
        for name, value in (("ADDRESS", self.pbx), ("PORT", str(self.pbx_port)), ("DOMAIN", DOMAIN)):
            text = text.replace(f"@{name}@", value)
        with open(self.path("kamailio.cfg"), "w", encoding="utf-8") as file:
            file.write(text)
        self.stage.start("kamailio", [
            "kamailio", "-DD", "-E", "-f", self.path("kamailio.cfg"), "-m", "64", "-M", "8",
            "-w", self.directory, "-Y", self.directory, "-P", self.path("kamailio.pid")])
        self.wait_answer("kamailio", lambda: socket.create_connection(
            (self.pbx, self.pbx_port), 1).close())
        self.say(f"PBX            Kamailio at {self.pbx}:{self.pbx_port}, digest on, "
                 "no word of push")

    def start_sipwaked(self):
        os.mkdir(self.path("state"))
        phones_port = self.free_port(self.phones)
        with open(self.path("sipwake.conf"), "w", encoding="utf-8") as file:
            file.write(SIPWAKED.format(
                state=self.path("state"), domain=DOMAIN, phones=self.phones,
                phones_port=phones_port, pbx_side=self.pbx_side,
                pbx_side_port=self.free_port(self.pbx_side), pbx=self.pbx,
                pbx_port=self.pbx_port, origin=self.push["url"], ca=self.push["ca"],
                media=self.media))
        self.stage.start("sipwaked", [self.programs["sipwaked"], "--config",
                                      self.path("sipwake.conf")])
        self.phone_proxy = f"<sip:{self.phones}:{phones_port};transport=tcp>"
        self.wait_answer("sipwaked", lambda: socket.create_connection(
            (self.phones, phones_port), 1).close())
        self.say(f"sipwaked       phones at {self.phones}:{phones_port}, PBX side at "
                 f"{self.pbx_side}, {self.media.split()[0]}")

    def register_and_fall_asleep(self):
        tone.write(self.path("sleeper.wav"), TONES[SLEEPER], CALL_SECONDS)
        address = urllib.parse.quote(self.push["url"] + "/push/" + SLEEPER, safe="")
        self.sleeper = Linphone(
            self.stage,
            {"user": SLEEPER, "password": "secret-" + SLEEPER, "domain": DOMAIN,
             "proxy": self.phone_proxy},
            f"pn-provider=webpush;pn-prid={address}", self.path("sleeper.wav"),
            self.sleeper_settings)
        self.sleeper.start()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.stage.tell(Linphone.name, "status register")
            while line := self.stage.next_line(time.monotonic() + 0.3):
                if line.source == Linphone.name and line.text is None:
                    raise Failure("linphone ended at its start")
                if line.source == Linphone.name and "registered, identity=" in line.text:
                    self.sleeper.fall_asleep()
                    self.say(f"phone          {SLEEPER} registered through sipwaked; "
                             "its process is killed: asleep")
                    return
        raise Failure("the phone could not register through sipwaked")

    def call(self):
        tone.write(self.path("caller.wav"), TONES[CALLER], CALL_SECONDS)
        self.caller = Baresip(
            self.stage,
            {"user": CALLER, "password": "secret-" + CALLER, "domain": DOMAIN,
             "proxy": f"sip:{self.pbx}:{self.pbx_port};transport=udp"}, self.path("caller.wav"),
            self.caller_address)
        self.zero = time.monotonic()
        self.mark(self.zero, CALLER, f"dials sip:{SLEEPER}@{DOMAIN} at the PBX")
        self.caller.dial(f"sip:{SLEEPER}@{DOMAIN}")
        end = self.zero + CALL_SECONDS
        answer_at = hang_up_at = None
        while time.monotonic() < end:
            due = min(t for t in (end, answer_at, hang_up_at) if t)
            line = self.stage.next_line(due)
            if line:
                self.follow(line)
            now = time.monotonic()
            if "rings" in self.reached and "answered" not in self.reached:
                answer_at = answer_at or now + RING_SECONDS
                if now >= answer_at:
                    answer_at = None
                    self.reached.add("answered")
                    self.mark(now, SLEEPER, "answers")
                    self.sleeper.answer()
            if {"caller talks", "sleeper talks"} <= self.reached and "hung up" not in self.reached:
                hang_up_at = hang_up_at or now + TALK_SECONDS
                if now >= hang_up_at:
                    hang_up_at = None
                    self.reached.add("hung up")
                    self.caller.hang_up()
                    end = min(end, now + 3)
            if "caller gone" in self.reached and "hung up" not in self.reached:
                end = min(end, now + 1)

    def follow(self, line):
        """Writes the step of the call that @line tells of, and remembers how far it came."""
        if line.text is None:
            if line.source == Baresip.name:
                self.reached.add("caller gone")
            elif line.source == "sipwaked":
                raise Failure("sipwaked ended during the call")
        elif line.source == "sipwaked":
            if match := STEP.search(line.text):
                self.mark(line.when, "sipwaked", match.group(1))
        elif line.source == "push":
            self.follow_push(line)
        elif line.source == Baresip.name:
            for pattern, words in CALLER_STEPS:
                if pattern.search(line.text):
                    self.mark(line.when, CALLER, words)
            if "Call established" in line.text:
                self.reached.add("caller talks")
            if "session closed: " in line.text:
                self.reached.add("caller gone")
        elif line.source == Linphone.name:
            for pattern, words in SLEEPER_STEPS:
                if pattern.search(line.text):
                    self.mark(line.when, SLEEPER, words)
            if "Receiving new incoming call" in line.text:
                self.reached.add("rings")
            if "Media streams established" in line.text:
                self.reached.add("sleeper talks")
                self.sleeper.speak()

    def follow_push(self, line):
        try:
            event = json.loads(line.text)
        except ValueError:
            return
        if event.get("event") != "push":
            return
        self.mark(line.when, "push", f"push received for {event.get('path')}")
        if "woken" not in self.reached:
            self.reached.add("woken")
            self.sleeper.start()
            self.mark(time.monotonic(), SLEEPER, "its process is started: awake")

    def judge(self):
        """Says what was reached; whether all of it was."""
        missing = []
        if "woken" not in self.reached:
            missing.append("no push reached the push service")
        elif "rings" not in self.reached:
            missing.append("the phone was woken and no call reached it")
        elif not {"caller talks", "sleeper talks"} <= self.reached:
            missing.append("the call was not answered on both sides")
        else:
            print("\n   the call was bridged", flush=True)
            missing += self.judge_sound()
        for reason in missing:
            print(f"   FAILED: {reason}", flush=True)
        return not missing

    def judge_sound(self):
        for who, recording, other in ((CALLER, self.caller.recording, SLEEPER),
                                      (SLEEPER, self.sleeper.recording, CALLER)):
            seconds, length = tone.heard(recording, TONES[other])
            if seconds >= MIN_TONE_SECONDS:
                self.say(f"{who} heard the {TONES[other]} Hz tone of {other} for {seconds:.1f} s")
            elif not length:
                yield f"{who} recorded nothing: no sound arrived"
            else:
                yield (f"{who} heard the {TONES[other]} Hz tone of {other} for only "
                       f"{seconds:.1f} of {length:.1f} s")

    def run(self):
        print("== The stage", flush=True)
        self.start_push_service()
        self.start_pbx()
        self.start_sipwaked()
        self.register_and_fall_asleep()
        print("== The call", flush=True)
        self.call()
        # Baresip completes its recording when it ends; Linphone while it still runs.
        self.stage.clear()
        return self.judge()


def interrupted(number, frame):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sipwaked", required=True, help="the daemon to demonstrate")
    parser.add_argument("--push-simulator", required=True, help="the push service of the tests")
    parser.add_argument("--keep", action="store_true", help="keep the logs and recordings")
    arguments = parser.parse_args()
    for program in ("kamailio", "linphonec", "baresip"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
            print(f"demo: {program} is not installed", file=sys.stderr)
            return 1
    os.environ["PATH"] += ":/usr/sbin"
    signal.signal(signal.SIGTERM, interrupted)
    directory = tempfile.mkdtemp(prefix="sipwake-demo-")
    demo = Demo(directory, os.path.abspath(arguments.sipwaked),
                os.path.abspath(arguments.push_simulator))
    passed = False
    try:
        passed = demo.run()
        if not passed:
            show_logs(demo)
    except Failure as failure:
        print(f"   FAILED: {failure}", flush=True)
        show_logs(demo)
    except KeyboardInterrupt:
        print("\n   interrupted", flush=True)
        return 130
    finally:
        demo.stage.clear()
        if arguments.keep:
            print(f"   logs and recordings: {directory}", flush=True)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return 0 if passed else 1


def show_logs(demo):
    for name in ("sipwaked", "push", "kamailio", Linphone.name, Baresip.name):
        for line in demo.stage.log_tail(name):
            print(f"   {name:<9}| {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
