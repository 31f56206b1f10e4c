# SPDX-License-Identifier: LGPL-2.1-or-later
"""street: a house whose neighbours are sipp, each with a ladder, and the rungs that most have."""
import os
import re
import uuid

from . import ports
from .house import ANSWER, OFFER, House
from .ladder import awake, called, caller, may, probed, recv, register, send, tell
from .population import inhabit, user_of
from .sipp import Sipp
from .uri import Uri, host_port

# What sipp writes among its complaints without any being one; it does not end its lines.
NOTICE = re.compile(r"The following events occurred:\n|[-\d]+\t[:.\d]+\t[.\d]+: (Received out-of-call "
                    r"\w+ message, using the out-of-call scenario|Overload warning: .*remaining\.)")


class Street:
    """A house between a PBX, of which sipp makes the calls, and phones that are sipp."""

    def __init__(self, stage, **more):
        self.stage = stage
        self.house = House(stage, **more)
        self.players = []
        self.say("")

    def say(self, word):
        """All who wait to be told this go on."""
        tell(self.stage.path, word)

    def play(self, name, ladder, target, address, port=None, also=None, transport="udp",
             calls=1, options=(), **keys):
        name = f"{name}{len(self.players) + 1}"
        with open(self.messages(name), "w", encoding="ascii"):
            pass  # sipp is not so soon
        player = Sipp(self.stage, name, self.write(name, ladder), target, address, port, transport,
                      calls, also=also and self.write(f"{name}-called", also), seconds=40,
                      keys={"domain": self.house.pbx.domain, **keys},
                      more=("-au", keys["me"], "-ap", f"pw{keys['me']}", "-trace_msg",
                            "-message_file", self.messages(name), *options))
        self.players.append(player)
        return player

    def write(self, name, ladder):
        path = os.path.join(self.stage.path, f"{name}.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(ladder)
        return path

    def messages(self, name):
        return os.path.join(self.stage.path, f"{name}.messages")

    def heard(self, player, pattern):
        """What this expression finds in what a player has sent and got, as soon as it is there."""
        return player.wait_line(pattern, read=lambda: self.read(player))

    def read(self, player):
        with open(self.messages(player.name), encoding="ascii") as file:
            return file.read()

    def far_tags(self, player):
        """Those that a caller knows who it has called by."""
        return set(re.findall(r"^To: .*;tag=(\S+)$", self.read(player), re.M))

    def phone(self, ladder, also=None, address=ports.PHONE, path="/push", push=None, **more):
        """A phone of alice's; each address has a push resource of its own, below `path`."""
        push = push or {"provider": "webpush", "prid": self.house.push.prid(f"{path}/{address}")}
        return self.play("phone", ladder, self.house.phones_door, address, also=also, me="alice",
                         push=";".join(f"pn-{name}={value}" for name, value in push.items()),
                         instance=uuid.uuid5(uuid.NAMESPACE_URL, address), peer="alice",
                         uri=f"sip:{self.house.pbx.domain}", **more)

    def sleeper(self, **more):
        """Registers and is gone; returns its port."""
        phone = self.phone(caller(register()), **more)
        phone.expect_success(15)
        return phone.port

    def pbx(self, ladder, **more):
        """The PBX calls the one contact that is registered there, or all of them by name."""
        uris = [contact.uri for contact in self.house.pbx.contacts("alice")]
        uri = uris[0] if len(uris) == 1 else Uri(uris[0]).with_user("alice")
        return self.play("pbx", ladder, self.house.pbx_door, ports.PBX, me="2000", peer="alice",
                         uri=uri, **more)

    def finish(self):
        """All has gone as written and nobody heard anything else."""
        for player in self.players:
            player.expect_success(45)
            strays = NOTICE.sub("", player.complaints()).strip()
            assert not strays, f"{player.name}: {strays[:2000]}"
        self.house.assert_settled()


# The first part of a call, as the PBX sees it.
UP = (send("INVITE", OFFER), recv("100 INVITE"), recv("180 INVITE"),
      recv("200 INVITE", body="s=answer"), send("ACK"))
# And as the phone does.
TAKEN = (recv("INVITE", body="s=offer"), send("180 INVITE"), send("200 INVITE", ANSWER),
         recv("ACK"))
HANGS_UP = (send("BYE"), recv("200 BYE"))
HEARS_BYE = (recv("BYE"), send("200 BYE"))

GIVES_UP = (send("CANCEL"), recv("200 CANCEL"), recv("487 INVITE"), send("ACK"))
CANCELLED = (recv("CANCEL"), send("200 CANCEL"), send("487 INVITE"), recv("ACK"))
RELIABLE = ("Require: 100rel",)
ACKNOWLEDGES = (send("PRACK", headers=["RAck: [$RSeq] 1 INVITE"]), recv("200 PRACK"))
HOLD = OFFER.replace(b"sendrecv", b"sendonly")
KEPT = ANSWER.replace(b"sendrecv", b"recvonly")


def asks(method, body=b"", answer=b""):
    """A request inside the call, and its answer."""
    checks = {"body": mark(answer)} if answer else {}
    return [send(method, body), *([may("100 INVITE")] if method == "INVITE" else []),
            recv(f"200 {method}", **checks)]


def is_asked(method, body=b"", answer=b""):
    checks = {"body": mark(body)} if body else {}
    return [recv(method, **checks), send(f"200 {method}", answer)]


def mark(body):
    """What tells this SDP from the others."""
    return re.search("a=(sendonly|recvonly|sendrecv)", body.decode()).group()


def call(stage, pbx, phone, pbx_options=(), phone_options=(), pushes=0):
    """An awake phone is called."""
    street = Street(stage)
    street.phone(awake(), called(phone), options=phone_options)
    street.house.pbx.wait_contacts("alice", 1)
    street.pbx(caller(pbx), options=pbx_options)
    street.finish()
    street.house.push.assert_pushes(pushes)


def call_two(stage, pbx, *phones, meanwhile=None, **more):
    """Two awake phones of one user are called; they have one To tag."""
    street = Street(stage, **more)
    for number, phone in enumerate(phones):
        street.phone(awake(), called(phone), address=(ports.PHONE, ports.OTHER_PHONE)[number])
        street.house.pbx.wait_contacts("alice", number + 1)
    player = street.pbx(caller(pbx))
    if meanwhile:
        meanwhile(street)
    street.finish()
    assert len(street.far_tags(player)) == 1


class SippPbx:
    """A PBX that is called; it is sipp, which begins when it is told how it shall be."""

    domain = "pbx.test"

    def __init__(self):
        self.address = ports.PBX
        self.port = ports.free_port(self.address)

    @property
    def route(self):
        return f"sip:{host_port(self.address, self.port)}"

    def assert_quiet(self):
        """sipp itself says what was too much."""


class Exchange(Street):
    """A street whose phone calls the PBX, which answers so many calls and is sipp, too.

    Both know the phone from before, so that nobody registers.
    """

    def __init__(self, stage, ladder, calls=1):
        pbx = SippPbx()
        super().__init__(stage, pbx=pbx, start=False)
        self.port = ports.free_port(ports.PHONE)
        self.token, = inhabit(self.house, 1,
                              address=lambda number: host_port(ports.PHONE, self.port))
        self.house.daemon.stop()
        self.exchange = self.play("exchange", called([probed(), *ladder]), None, pbx.address,
                                  pbx.port, calls=1 + calls, me="2000")
        self.exchange.wait_bound()
        self.house.start()

    def phone(self, ladder, also=None):
        return self.play("phone", ladder, self.house.phones_door, ports.PHONE, self.port,
                         also=also, me=user_of(0), peer="2000", uri=f"sip:2000@{SippPbx.domain}")

    def pbx(self, ladder):
        """The PBX calls the phone, from a socket of its own."""
        return self.play("pbx", ladder, self.house.pbx_door, ports.PBX, me="3000",
                         peer=user_of(0), uri=f"sip:{self.token}@{host_port(*self.house.pbx_door)}")


def ask_pbx(stage, phone, pbx, calls=1):
    """A phone asks the PBX."""
    street = Exchange(stage, pbx, calls)
    street.phone(caller(phone))
    street.finish()
