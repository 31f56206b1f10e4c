# SPDX-License-Identifier: LGPL-2.1-or-later
"""kamailio: Debian's Kamailio as the unmodified PBX, and as a proxy before the daemon."""
import os
import socket
import time

from . import ports, tap
from .agent import new_branch
from .message import Message
from .process import Process
from .uri import host_port


class Kamailio(Process):
    """User N has the password pwN; UDP and TCP on one port.

    `config` is another configuration, `words` what further is filled in there. `tls` is its
    certificate and key: it is reached by TLS then, and `authority` vouches for others; after
    `lifetime` seconds it closes a connection on which nothing was said.
    """

    def __init__(self, stage, domain="pbx.test", address=ports.PBX, algorithm="MD5",
                 config=("tests", "peers", "kamailio.cfg"), words=None, options=("-m", "64"),
                 tls=None, authority=None, lifetime=600):
        self.domain = domain
        self.address = address
        self.port = ports.free_port(address)
        self.tls_port = ports.free_port(address) if tls else None
        self.run = os.path.join(stage.path, stage.unique("kamailio"))
        os.makedirs(self.run)
        with open(tap.source_file(*config), encoding="utf-8") as file:
            text = file.read()
        for word, value in (("ADDRESS", address), ("PORT", self.port), ("DOMAIN", domain),
                            ("ALGORITHM", algorithm), ("TLS_PORT", self.tls_port),
                            ("CERTIFICATE", tls and tls[0]), ("KEY", tls and tls[1]),
                            ("AUTHORITY", authority and authority.file), ("LIFETIME", lifetime),
                            *(words or {}).items()):
            text = text.replace(f"@{word}@", str(value))
        path = os.path.join(self.run, "kamailio.cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        super().__init__(stage, "kamailio", [
            "kamailio", "-DD", "-E", "-f", path, "-Y", self.run, *options, "-M", "8",
            "-P", os.path.join(self.run, "kamailio.pid"), *(["-A", "WITH_TLS"] if tls else [])])
        stage.own(self)
        self.wait_answer()

    def wait_answer(self, timeout=20):
        """Its sockets are there before its processes are, so ready is that it answers."""
        deadline = time.monotonic() + timeout
        with socket.socket(ports.family(self.address), socket.SOCK_DGRAM) as sock:
            sock.bind((self.address, 0))
            sock.settimeout(0.1)
            port = sock.getsockname()[1]
            uri = f"sip:{host_port(self.address, self.port)}"
            probe = Message.request("OPTIONS", uri, [
                ("Via", f"SIP/2.0/UDP {host_port(self.address, port)};branch={new_branch()}"),
                ("From", "<sip:probe@probe>;tag=1"), ("To", "<sip:probe@probe>"),
                ("Call-ID", "probe"), ("CSeq", "1 OPTIONS"), ("Max-Forwards", "70")])
            while True:
                assert self.alive(), f"kamailio ended: {self.tail(5)}"
                assert time.monotonic() < deadline, "kamailio does not answer"
                sock.sendto(probe.to_bytes(), (self.address, self.port))
                try:
                    sock.recv(4096)
                    return
                except OSError:
                    continue

    @property
    def door(self):
        return self.address, self.port

    @property
    def route(self):
        return f"sip:{host_port(self.address, self.tls_port or self.port)}"

    def received(self):
        """Every message that it got, as text; what was repeated counts once."""
        return list(dict.fromkeys(part.split("\nEND")[0]
                                  for part in self.errors().split("RECEIVED\n")[1:]))

    def registers(self):
        return [text for text in self.received() if text.startswith("REGISTER ")]

    def wait_registers(self, count, timeout=10):
        deadline = time.monotonic() + timeout
        while len(self.registers()) < count:
            assert time.monotonic() < deadline, f"{len(self.registers())} REGISTERs, wanted {count}"
            time.sleep(0.02)

    def log_lines(self):
        """Its log holds whole messages; what failed is told by the lines that are none."""
        return [f"kamailio: {line}" for line in self.errors().splitlines()
                if " ERROR: " in line or " WARNING: " in line][-40:]


class EdgeProxy(Kamailio):
    """A proxy of the phones' side, which sends all that phones want to `door` of the daemon."""

    def __init__(self, stage, door, transport="udp"):
        super().__init__(stage, address=ports.EDGE, config=("tests", "peers", "kamailio-edge.cfg"),
                         words={"DAEMON": door[0],
                                "NEXT": f"sip:{host_port(*door)};transport={transport}"})
