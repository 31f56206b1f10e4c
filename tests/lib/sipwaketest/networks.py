# SPDX-License-Identifier: LGPL-2.1-or-later
"""networks: the phones' network and the PBX's, with sipwaked and rtpengine on the machine between.

The machine forwards nothing unless it is told to, so sound that arrives has found its way by what
is tested. The scene is that of the demonstration.
"""
import os
import random
import shutil
import subprocess
import sys
import time

from . import tap

sys.path.insert(0, tap.source_file("tests", "demo"))

import tone
from demo import CALLER, SLEEPER, TONES, Demo
from processes import Stage

PHONE, PHONES_SIDE = "192.0.2.10", "192.0.2.1"
PBX, PBX_SIDE = "10.77.0.5", "10.77.0.1"
RELAY = "203.0.113.1"    # of rtpengine: both networks have a way to it
INSIDE = "SIPWAKE_TEST_INSIDE"
TOOLS = ("unshare", "nsenter", "ip", "nft", "rtpengine", "baresip", "kamailio")

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


def shell(commands):
    subprocess.run(["sh", "-ec", commands], check=True, stdin=subprocess.DEVNULL)


class Networks(Stage):
    """A stage whose programs each run in a network of their own."""

    places = {"kamailio": "pbx", "baresip": "pbx", "linphone": "phones", "mobile": "phones",
              "browser": "phones"}

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
        for name in ("sipwaked", "kamailio", "baresip", "linphone", "mobile", "browser",
                     "rtpengine"):
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


def main(*tools):
    """Runs the tests of a scenario in these networks, where they can be made."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [tool for tool in TOOLS + tools if not shutil.which(tool)]
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
    os.execvp(enter[0], enter + [sys.executable, "-B", os.path.abspath(sys.argv[0])] + sys.argv[1:])
