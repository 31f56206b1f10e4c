#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""media: whether two phones hear each other when no way leads from one's network to the other's.

The phones are real; each plays a tone of its own, so a recording says whose voice arrived.
"""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import networks, tap
from sipwaketest.house import House
from sipwaketest.networks import PBX, PHONE, Scene, shell
from sipwaketest.rtpengine import ADDRESS, Rtpengine

import tone
from demo import CALLER, CALL_SECONDS, DOMAIN, SLEEPER, TONES
from softphones import Baresip

FORWARD = "203.0.113.7"  # of the PBX, as phones see it
HEARD = 2.0  # seconds of the other's tone that a call must have

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

KEYS_IN_SDP = """\

[sip]
media_encryption=srtp
media_encryption_mandatory=1
"""


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
def rtpengine_is_found_by_another_way(stage):
    """None leads to it when the daemon starts, and later the daemon's own address is another one."""
    way = "ip route replace {} " + ADDRESS + " {} table local"
    rtpengine = Rtpengine(stage)
    house = House(stage, config={"pbx:office": {"media": "rtpengine"},
                                 "media:relay": {"rtpengine": rtpengine.uri}}, start=False)
    shell(way.format("unreachable", ""))
    house.start()
    house.daemon.wait_log("rtpengine is down", 1)
    shell("ip address add 198.51.100.1/32 dev lo; "
          + way.format("local", "dev lo src 198.51.100.1"))
    house.daemon.wait_log("rtpengine is up", 1, timeout=20)
    shell("ip address del 198.51.100.1/32 dev lo; " + way.format("local", "dev lo"))
    house.daemon.wait_log("rtpengine is up", 2, timeout=30)


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
    scene.wait_line(desk.name, r"200 OK", 25)
    mobile = Baresip(scene.stage, {"user": SLEEPER, "password": "secret-" + SLEEPER,
                                   "domain": DOMAIN, "proxy": scene.phone_proxy.strip("<>")},
                     scene.path("sleeper.wav"), PHONE, "mobile", ";mediaenc=srtp-mand",
                     "module srtp.so\n")
    mobile.dial(f"sip:{CALLER}@{DOMAIN}")
    scene.wait_line("mobile", r"Call established", 25)
    time.sleep(4)
    mobile.hang_up()
    time.sleep(1)
    scene.stage.clear()
    heard = (tone.heard(desk.recording, TONES[SLEEPER])[0],
             tone.heard(mobile.recording, TONES[CALLER])[0])
    print(f"# heard: the desk {heard[0]:.1f} s, the phone {heard[1]:.1f} s", flush=True)
    assert min(heard) >= HEARD, heard


@tap.test(limit=90)
def a_phone_that_insists_on_srtp_is_woken_by_a_plain_pbx(stage):
    scene = stage.own(Scene(stage.path, None))
    scene.sleeper_settings = KEYS_IN_SDP
    port = scene.start_rtpengine()
    scene.media = ("media=rtpengine\nmedia-phones=srtp\n"
                   f"[media:relay]\nrtpengine=udp:127.0.0.1:{port}\n")
    heard, log = scene.wake_and_talk()
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


if __name__ == "__main__":
    networks.main("linphonec")
