# SPDX-License-Identifier: LGPL-2.1-or-later
"""house: a PBX, the daemon, a push service, and a place for phones, on loopback."""
import os

from . import ports
from .authority import Authority
from .daemon import Sipwaked
from .pbx import ScriptedPbx
from .phone import Phone
from .push import PushSimulator
from .sdp import sdp
from .uri import host_port

OFFER = sdp("offer", "192.0.2.1", 40000)
ANSWER = sdp("answer", "192.0.2.2", 40002)
USERS = {name: f"pw{name}" for name in ("alice", "bob", "carol", "2000")}


class House:
    """`pbx` is made here (with `habits`) unless given; `config` changes groups of the settings.

    `secure` names the transports of the edge that phones can use, `names` what its certificate
    proves; `pbx_transport` may be tls. `authority` has issued the certificate of a `pbx` that is given.
    """

    def __init__(self, stage, pbx=None, pbx_transport="udp", ipv6=False, wake=None, config=None,
                 start=True, secure=(), names="DNS:sipwake.test", authority=None, **habits):
        self.stage = stage
        self.trace = stage.trace
        self.phones_side = "::1" if ipv6 else ports.PHONES_SIDE
        self.pbx_side = "::1" if ipv6 else ports.PBX_SIDE
        self.phone_address = "::1" if ipv6 else ports.PHONE
        self.push = PushSimulator(stage)
        self.authority = authority
        if secure or pbx_transport == "tls":
            self.authority = authority or Authority(stage.path)
            self.pair = self.authority.issue("sipwake", names)
        self.secure_ports = {name: ports.free_port(self.phones_side) for name in secure}
        if pbx_transport == "tls" and not pbx:
            habits.setdefault("tls", self.authority.client())
            habits.setdefault("server_tls", self.authority.server(
                self.authority.issue("pbx", "DNS:pbx.test")))
        self.pbx = pbx or ScriptedPbx(stage, dict(USERS), address="::1" if ipv6 else ports.PBX,
                                      **habits)
        self.pbx_transport = pbx_transport
        self.phones_port = ports.free_port(self.phones_side)
        self.pbx_port = ports.free_port(self.pbx_side)
        self.daemon = None
        self.groups = self.settings(wake or {})
        for group, keys in (config or {}).items():
            self.groups.setdefault(group, {}).update(keys)
        if start:
            self.start()

    def settings(self, wake):
        state = os.path.join(self.stage.path, self.stage.unique("state"))
        os.makedirs(state, mode=0o700)
        phones = host_port(self.phones_side, self.phones_port)
        pbx = host_port(self.pbx_side, self.pbx_port)
        return {
            **self.secure_groups(),
            "daemon": {"bus": "none", "state-dir": state, "log-level": "debug"},
            "listen:phones-udp": {"side": "phones", "uri": f"sip:{phones};transport=udp"},
            "listen:phones-tcp": {"side": "phones", "uri": f"sip:{phones};transport=tcp"},
            "listen:pbx-udp": {"side": "pbx", "uri": f"sip:{pbx};transport=udp"},
            "listen:pbx-tcp": {"side": "pbx", "uri": f"sip:{pbx};transport=tcp"},
            "pbx:office": {"domains": self.pbx.domain,
                           "route": f"{self.pbx.route};transport={self.pbx_transport}",
                           "register-expires": 3600,
                           **({"ca-file": self.authority.file}
                              if self.pbx_transport == "tls" else {})},
            "push:webpush": {"provider": "webpush", "subject": "mailto:t@example.com",
                             "allow-origins": self.push.url, "ca-file": self.push.ca},
            # An awake phone may stand still for a while, and has no push for that.
            "wake": {"timeout": 10, "hold-response": 180, "direct-try": 1500, **wake},
        }

    def secure_groups(self):
        """The listeners of the edge."""
        groups = {}
        for name, port in self.secure_ports.items():
            groups[f"listen:phones-{name}"] = {
                "side": "phones", "uri": f"sip:{host_port(self.phones_side, port)};transport={name}"}
        if self.pbx_transport == "tls":
            self.pbx_tls_port = ports.free_port(self.pbx_side)
            groups["listen:pbx-tls"] = {
                "side": "pbx",
                "uri": f"sip:{host_port(self.pbx_side, self.pbx_tls_port)};transport=tls"}
        for name, keys in groups.items():
            if name != "listen:phones-ws":
                keys["certificate"], keys["private-key"] = self.pair
        return groups

    def start(self, *options, under=()):
        self.daemon = Sipwaked(self.stage, self.groups, *options, under=under)

    def restart(self):
        """Stops the daemon and starts it on the same state."""
        self.daemon.stop()
        self.trace.note("sipwaked restarts")
        self.start()

    def tear_down(self, *phones):
        """Ends this house within a test that builds several."""
        self.daemon.stop()
        for part in (*phones, self.pbx, self.push):
            part.close()

    @property
    def phones_door(self):
        return self.phones_side, self.phones_port

    def door(self, transport):
        """Where a phone with this transport goes."""
        return self.phones_side, self.secure_ports.get(transport, self.phones_port)

    @property
    def pbx_door(self):
        return self.pbx_side, self.pbx_port

    def phone(self, name="alice", transport="udp", path=None, **more):
        """A phone whose push resource is /push/NAME; `path` says otherwise, "" gives none."""
        path = f"/push/{name}" if path is None else path
        push = {"provider": "webpush", "prid": self.push.prid(path)} if path else None
        more.setdefault("push", push)
        more.setdefault("address", self.phone_address)
        if self.authority:
            more.setdefault("tls", self.authority.client())
        return Phone(self.stage, name, self.door(transport), self.pbx.domain, transport=transport,
                     **more)

    def sleeper(self, name="alice", transport="udp", **more):
        """A phone that has registered and sleeps now."""
        phone = self.phone(name, transport, **more)
        phone.register_ok()
        phone.sleep()
        return phone

    def wake(self, phone, path=None, pushes=1):
        """The push arrives, the phone wakes and registers."""
        self.push.wait_pushes(pushes, path or f"/push/{phone.user}")
        phone.wake()
        phone.register_ok()

    def wake_again(self, phone):
        """The phone comes back on new connections, with no further push."""
        phone.close_connections()
        phone.new_identity()
        phone.register_ok()

    def connect(self, call, phone, offer=OFFER, answer=ANSWER):
        """The phone takes the call and it is answered; returns the phone's end of it."""
        leg = phone.expect_call()
        assert leg.invite.body == offer, f"the offer came as {leg.invite.body!r}"
        leg.ring()
        call.expect(180)
        leg.answer(answer)
        answered = call.expect(200)
        assert answered.body == answer, f"the answer came as {answered.body!r}"
        call.ack()
        leg.expect_ack()
        return leg

    def finish(self, hanging_up, other):
        """One end says BYE and the other hears it."""
        bye = hanging_up.send("BYE")
        other.expect_bye()
        bye.expect(200)

    def assert_settled(self, *phones):
        """Nothing is left over anywhere, and the daemon is well."""
        for party in (self.pbx, *phones):
            party.assert_quiet()
        self.daemon.assert_alive()

    def assert_pbx_clean(self):
        """What never may reach a PBX: anything of push, and what belongs to the phone alone."""
        self.trace.assert_absent("pbx", "pn-")
        for word in ("+sip.instance", "reg-id", ";ob>", ";ob;", "\r\npath:", "+sip.pns"):
            self.trace.assert_absent("pbx", word)
