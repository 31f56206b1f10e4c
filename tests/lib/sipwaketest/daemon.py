# SPDX-License-Identifier: LGPL-2.1-or-later
"""daemon: sipwaked under test: its configuration, its start and its end."""
import os
import re
import time

from . import tap
from .process import Process

GRAVE = re.compile(r"CRITICAL|assertion '.*' failed|Assertion `.*' failed|runtime error:|"
                   r"ERROR: (?:Address|Leak|Thread)Sanitizer|WARNING: ThreadSanitizer", re.M)


def write_config(path, groups):
    """Writes {group: {key: value}} as a key file."""
    with open(path, "w", encoding="utf-8") as file:
        for group, keys in groups.items():
            file.write(f"[{group}]\n")
            for key, value in keys.items():
                file.write(f"{key}={value}\n")


def listening_sockets(pid):
    """How many UDP sockets are bound and TCP sockets listen in this process."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    count = 0
    for table, state in (("udp", "07"), ("udp6", "07"), ("tcp", "0A"), ("tcp6", "0A")):
        with open(f"/proc/net/{table}", encoding="ascii") as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                count += fields[3] == state and fields[9] in inodes
    return count


class Sipwaked(Process):
    """Runs until close(), which demands exit code 0 in time and a log without grave lines.

    `under` is a command that becomes the daemon, such as systemd-cat.
    """

    program = ("src", "sipwaked")

    def __init__(self, stage, groups, *options, ready=15, under=()):
        self.config = os.path.join(stage.path, f"{stage.unique('config')}.conf")
        write_config(self.config, groups)
        self.ended = False
        super().__init__(stage, "sipwaked", [*under, tap.build_file(*self.program), "--config",
                                             self.config, *options])
        stage.own(self)
        # Behind each listener of the edge stands one of the stack.
        self.wait_ready(sum(2 if re.search("transport=(tls|wss?)$", groups[g]["uri"]) else 1
                            for g in groups if g.startswith("listen:")), ready)

    def wait_ready(self, listeners, timeout):
        """Ready is what it says itself, or that its sockets are there."""
        deadline = time.monotonic() + timeout
        while not re.search(r"\bready\b", self.errors(), re.I):
            assert self.alive(), f"sipwaked ended ({self.child.returncode}): {self.tail(8)}"
            try:
                if listening_sockets(self.pid) >= listeners:
                    return
            except FileNotFoundError:
                continue  # it has just ended; the next round says so
            assert time.monotonic() < deadline, f"sipwaked is not ready after {timeout} s"
            time.sleep(0.01)

    def assert_alive(self):
        assert self.alive(), f"sipwaked ended ({self.child.returncode}): {self.tail(8)}"

    def wait_log(self, text, count=1, timeout=15):
        """Waits until so many lines of the log have this in them."""
        deadline = time.monotonic() + timeout
        while sum(text in line for line in self.errors().splitlines()) < count:
            assert time.monotonic() < deadline, f"no {count} times {text!r} in the log"
            time.sleep(0.02)

    def stop(self, timeout=10):
        """Ends it politely and judges how it ended."""
        self.ended = True
        code = self.end(timeout)
        grave = [line for line in self.errors().splitlines() if GRAVE.search(line)]
        assert not grave, f"sipwaked wrote: {grave[0]}"
        assert code == 0, f"sipwaked ended with {code}: {self.tail(4)}"

    def close(self):
        try:
            if not self.ended:
                self.stop()
        finally:
            super().close()


def refused_config(stage, groups=None, text=None):
    """Starts the daemon on a configuration that it must refuse; returns (code, stderr, path)."""
    path = os.path.join(stage.path, "refused.conf")
    if text is None:
        write_config(path, groups)
    else:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    process = stage.own(Process(stage, "refused", [tap.build_file(*Sipwaked.program),
                                                   "--config", path]))
    return process.wait(15), process.errors(), path
