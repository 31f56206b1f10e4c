#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""media: whether two phones hear each other when no way leads from one's network to the other's.

Two networks of their own, made by the test: the phones' and the PBX's, with sipwaked and rtpengine
on the machine between, which forwards nothing unless it is told to. The phones are real; each
plays a tone of its own, so a recording says whose voice arrived.
"""
import os
import random
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "demo")]

import tone
from demo import CALLER, CALL_SECONDS, DOMAIN, SLEEPER, TONES, Demo
from processes import Stage
from sipwaketest import tap
from softphones import Baresip, Linphone

PHONE, PHONES_SIDE = "192.0.2.10", "192.0.2.1"
PBX, PBX_SIDE = "10.77.0.5", "10.77.0.1"
RELAY = "203.0.113.1"    # of rtpengine: both networks have a way to it
FORWARD = "203.0.113.7"  # of the PBX, as phones see it
INSIDE = "SIPWAKE_TEST_INSIDE"
TOOLS = ("unshare", "nsenter", "ip", "nft", "rtpengine", "baresip", "linphonec", "kamailio")
LIKE_A_BROWSER = """\

[sip]
media_encryption=dtls
media_encryption_mandatory=1

[net]
nat_policy_ref=browser

[nat_policy_0]
ref=browser
protocols=ice
"""
HEARD = 2.0  # seconds of the other's tone that a call must have

NETWORKS = f"""\
mount -t tmpfs none /run
mkdir /run/netns
ip link set lo up
for name in phones pbx; do
  ip netns add $name
  ip link add to-$name type veth peer name eth0 netns $name
  ip link set to-$name up
  nsenter --net=/run/netns/$name ip link set lo up
  nsenter --net=/run/netns/$name ip link set eth0 up
done
ip address add {PHONES_SIDE}/24 dev to-phones
ip address add {PBX_SIDE}/24 dev to-pbx
ip address add {RELAY}/32 dev lo
nsenter --net=/run/netns/phones ip address add {PHONE}/24 dev eth0
nsenter --net=/run/netns/phones ip route add 203.0.113.0/24 via {PHONES_SIDE}
nsenter --net=/run/netns/pbx ip address add {PBX}/24 dev eth0
nsenter --net=/run/netns/pbx ip route add default via {PBX_SIDE}
"""

# A PBX behind a router that forwards its RTP ports and hides its address.
FORWARDING = f"""\
echo 1 > /proc/sys/net/ipv4/ip_forward
nft add table ip home
nft add chain ip home in '{{ type nat hook prerouting priority -100; }}'
nft add chain ip home out '{{ type nat hook postrouting priority 100; }}'
nft add rule ip home in ip daddr {FORWARD} udp dport 1024-65535 dnat to {PBX}
nft add rule ip home out ip saddr {PBX} oifname to-phones snat to {FORWARD}
"""
NO_FORWARDING = "echo 0 > /proc/sys/net/ipv4/ip_forward; nft delete table ip home"


def shell(commands):
    subprocess.run(["sh", "-ec", commands], check=True, stdin=subprocess.DEVNULL)


class Networks(Stage):
    """A stage whose programs each run in a network of their own."""

    places = {"kamailio": "pbx", "baresip": "pbx", "linphone": "phones", "mobile": "phones"}

    def start(self, name, command, environment=None):
        place = self.places.get(name)
        inside = ["nsenter", f"--net=/run/netns/{place}"] if place else []
        return super().start(name, inside + command, environment)


class Scene(Demo):
    """The demonstration's call, across the two networks."""

    phones, pbx_side, pbx, caller_address = PHONES_SIDE, PBX_SIDE, PBX, PBX
    make_stage = Networks

    def __init__(self, directory, media):
        super().__init__(directory, tap.build_file("src", "sipwaked"),
                         tap.build_file("tests", "push-simulator"))
        self.media = media

    # These networks are empty, so every port is free.
    @staticmethod
    def free_port(address):
        return random.randrange(6000, 9000)

    def say(self, text):
        print("#", text, flush=True)

    def mark(self, when, who, text):
        print(f"# {(when - self.zero) * 1000:8.0f} ms  {who:<9} {text}", flush=True)

    # The PBX is in a network that the test itself is not in.
    def wait_answer(self, name, attempt):
        if name == "kamailio":
            time.sleep(1.5)
        else:
            super().wait_answer(name, attempt)

    def log_lines(self):
        for name in ("sipwaked", "kamailio", "baresip", "linphone", "mobile", "rtpengine"):
            for line in self.stage.log_tail(name, 60):
                yield f"{name}| {line}"

    def close(self):
        self.stage.clear()

    def start_rtpengine(self):
        port = self.free_port(RELAY)
        first = random.randrange(20000, 40000)
        self.stage.start("rtpengine", [
            "rtpengine", "--config-file=none", "--table=-1", "--foreground", "--log-stderr",
            "--log-level=6", "--num-threads=2", f"--interface={RELAY}",
            f"--listen-ng=127.0.0.1:{port}", f"--port-min={first}", f"--port-max={first + 400}"])
        return port

    def wake_and_talk(self):
        """A woken call; for how long the caller and the phone heard each other."""
        self.start_push_service()
        self.start_pbx()
        self.start_sipwaked()
        self.register_and_fall_asleep()
        self.call()
        assert {"woken", "caller talks"} <= self.reached, f"the call came only to {self.reached}"
        log = "\n".join(self.stage.log_tail("rtpengine", 1000))
        self.stage.clear()
        heard = (tone.heard(self.caller.recording, TONES[SLEEPER])[0],
                 tone.heard(self.sleeper.recording, TONES[CALLER])[0])
        print(f"# heard: the caller {heard[0]:.1f} s, the phone {heard[1]:.1f} s", flush=True)
        return heard, log


@tap.test(limit=90)
def without_help_nobody_hears_anything(stage):
    scene = stage.own(Scene(stage.path, "media=direct\n"))
    heard, _ = scene.wake_and_talk()
    assert heard == (0, 0), heard


@tap.test(limit=90)
def the_pbx_s_public_address_is_enough_where_its_ports_are_forwarded(stage):
    scene = stage.own(Scene(stage.path, f"media=address\nmedia-address={FORWARD}\n"))
    shell(FORWARDING)
    try:
        heard, _ = scene.wake_and_talk()
    finally:
        shell(NO_FORWARDING)
    assert min(heard) >= HEARD, heard


@tap.test(limit=90)
def rtpengine_carries_the_media_of_a_woken_call(stage):
    scene = stage.own(Scene(stage.path, None))
    port = scene.start_rtpengine()
    scene.media = f"media=rtpengine\n[media:relay]\nrtpengine=udp:127.0.0.1:{port}\n"
    heard, log = scene.wake_and_talk()
    assert min(heard) >= HEARD, heard
    deletes = len(re.findall(r"Received command 'delete'", log))
    assert deletes == 1, f"{deletes} deletes"


@tap.test(limit=90)
def a_phone_that_insists_on_srtp_talks_with_a_plain_pbx(stage):
    scene = stage.own(Scene(stage.path, None))
    port = scene.start_rtpengine()
    # baresip dials as it starts, before its registration is through.
    scene.media = (f"media=rtpengine\n[media:relay]\nrtpengine=udp:127.0.0.1:{port}\n"
                   "[call]\ncallers=any\n")
    scene.start_push_service()
    scene.start_pbx()
    scene.start_sipwaked()
    for who in (CALLER, SLEEPER):
        tone.write(scene.path(f"{who}.wav"), TONES[who], CALL_SECONDS)
    desk = Baresip(scene.stage, {"user": CALLER, "password": "secret-" + CALLER, "domain": DOMAIN,
                                 "proxy": f"sip:{PBX}:{scene.pbx_port};transport=udp"},
                   scene.path("caller.wav"), PBX, more=";answermode=auto")
    desk.start()
    scene.wait_line(desk.name, r"200 OK", 15)
    mobile = Baresip(scene.stage, {"user": SLEEPER, "password": "secret-" + SLEEPER,
                                   "domain": DOMAIN, "proxy": scene.phone_proxy.strip("<>")},
                     scene.path("sleeper.wav"), PHONE, "mobile", ";mediaenc=srtp-mand",
                     "module srtp.so\n")
    mobile.dial(f"sip:{CALLER}@{DOMAIN}")
    scene.wait_line("mobile", r"Call established", 15)
    time.sleep(4)
    mobile.hang_up()
    time.sleep(1)
    scene.stage.clear()
    heard = (tone.heard(desk.recording, TONES[SLEEPER])[0],
             tone.heard(mobile.recording, TONES[CALLER])[0])
    print(f"# heard: the desk {heard[0]:.1f} s, the phone {heard[1]:.1f} s", flush=True)
    assert min(heard) >= HEARD, heard


@tap.test(limit=90)
def a_phone_with_ice_and_dtls_is_woken_by_a_plain_pbx(stage):
    scene = stage.own(Scene(stage.path, None))
    scene.sleeper_settings = LIKE_A_BROWSER
    port = scene.start_rtpengine()
    scene.media = ("media=rtpengine\nmedia-phones=webrtc\n"
                   f"[media:relay]\nrtpengine=udp:127.0.0.1:{port}\n")
    heard, log = scene.wake_and_talk()
    assert min(heard) >= HEARD, heard
    assert "DTLS-SRTP successfully negotiated" in log and "ICE negotiated" in log, log


@tap.test(limit=90)
def without_an_rtpengine_the_call_gets_503_at_once(stage):
    scene = stage.own(Scene(stage.path, "media=rtpengine\n[media:relay]\n"
                                        "rtpengine=udp:127.0.0.1:9\n"))
    scene.start_push_service()
    scene.start_pbx()
    scene.start_sipwaked()
    scene.register_and_fall_asleep()
    scene.call()
    said = "\n".join(scene.stage.log_tail("sipwaked", 400))
    scene.stage.clear()
    assert "caller talks" not in scene.reached
    assert re.search(r"no media: 503 no rtpengine is up", said), "no cause in the call's record"
    assert re.search(r"ended: 503|: 503", said), "no 503"


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        print(f"1..0 # SKIP {', '.join(missing)} not installed")
        return
    if os.environ.get(INSIDE):
        shell(NETWORKS)
        tap.main()
        return
    enter = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--kill-child"]
    if subprocess.run(enter + ["true"], check=False, capture_output=True).returncode:
        print("1..0 # SKIP no network namespaces here")
        return
    os.environ[INSIDE] = "1"
    os.execvp(enter[0], enter + [sys.executable, "-B", os.path.abspath(__file__)] + sys.argv[1:])


if __name__ == "__main__":
    main()
