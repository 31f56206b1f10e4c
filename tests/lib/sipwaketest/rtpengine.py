# SPDX-License-Identifier: LGPL-2.1-or-later
"""rtpengine: the media relay of Debian, on loopback and without its kernel module."""
import os
import random
import secrets
import signal
import socket
import time

from . import ports
from .process import Process

ADDRESS = "127.0.0.1"


class Rtpengine:
    """`uri` is for [media:NAME]; it can be stopped, started again at the same port, and paused."""

    def __init__(self, stage, interfaces=(ADDRESS,), rtp_ports=400):
        self.stage = stage
        self.port = ports.free_port(ADDRESS)
        self.uri = f"udp:{ADDRESS}:{self.port}"
        self.interfaces = interfaces
        self.rtp_ports = rtp_ports
        self.process = None
        self.start()
        stage.own(self)

    def start(self):
        first = random.randrange(10000, 30000)
        self.process = Process(self.stage, "rtpengine", [
            "rtpengine", "--config-file=none", "--table=-1", "--foreground", "--log-stderr",
            "--log-level=6", "--num-threads=2", f"--listen-ng={ADDRESS}:{self.port}",
            f"--port-min={first}", f"--port-max={first + self.rtp_ports}",
            *(f"--interface={interface}" for interface in self.interfaces)])
        deadline = time.monotonic() + 20
        while self.calls() is None:
            assert time.monotonic() < deadline, "rtpengine does not answer"
            time.sleep(0.05)

    def stop(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(5)
        self.process.close()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def calls(self):
        """How many calls of a sipwake it has, or None when it does not answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.5)
            sock.connect((ADDRESS, self.port))
            try:
                sock.send(secrets.token_hex(8).encode() + b" d7:command4:list5:limiti999ee")
                return sock.recv(65536).count(b"sipwake/")
            except OSError:
                return None

    def wait_calls(self, count, timeout=10):
        deadline = time.monotonic() + timeout
        while (has := self.calls()) != count:
            assert time.monotonic() < deadline, f"rtpengine has {has} calls, wanted {count}"
            time.sleep(0.02)

    def received(self, command):
        return self.process.errors().count(f"Received command '{command}'")

    def log_lines(self):
        return self.process.log_lines() if hasattr(self.process, "log_lines") else []

    def close(self):
        if self.process.alive():
            self.resume()
        self.process.close()
