# SPDX-License-Identifier: LGPL-2.1-or-later
"""pbx: a PBX of the old kind, led by the test: registers, challenges, calls, and has moods."""
import time

from . import digest, ports
from .agent import Agent
from .call import Call
from .message import Message, parameter, uri_of
from .registrar import Registrar
from .uri import Uri, host_port


class ScriptedPbx(Agent):
    """`users` maps a user to the password; moods are attributes that a test may set at any time.

    forbidden       users whose right credentials still get 403
    refuse_wrong    403 at once for wrong credentials, instead of another 401
    ban_after       so many 403s, and the address is not heard any more
    silent          answers nothing at all
    too_many        how it refuses a further contact of a user
    stale_once      the first right answer to a challenge is called stale
    challenge_calls whether a phone's INVITE is challenged
    """

    def __init__(self, stage, users, domain="pbx.test", address=ports.PBX, algorithm="MD5",
                 qop="auth", tls=None, server_tls=None, **habits):
        self.domain = domain
        self.guard = digest.Guard(domain, users, algorithm, qop)
        self.registrar = Registrar(**habits)
        self.forbidden = set()
        self.refuse_wrong = False
        self.ban_after = None
        self.refusals = {}
        self.silent = False
        self.too_many = 403
        self.stale_once = False
        self.challenge_calls = True
        self.hold_registers = False
        super().__init__(stage, "pbx", address, tls=tls, server_tls=server_tls)
        self.automatic["REGISTER"] = self.on_register
        self.automatic["INVITE"] = self.on_invite
        self.automatic["OPTIONS"] = self.on_options

    # What it does by itself

    def on_message(self, message, data, flow):
        if not self.silent and not self.is_banned(flow.remote[0]):
            super().on_message(message, data, flow)

    def is_banned(self, address):
        return bool(self.ban_after) and self.refusals.get(address, 0) >= self.ban_after

    def refuse(self, request):
        """403, and a mark against the address, as fail2ban makes one."""
        source = request.flow.remote[0]
        self.refusals[source] = self.refusals.get(source, 0) + 1
        self.reply(request, 403)
        if self.is_banned(source):
            self.trace.note(f"pbx bans {source}")

    def admit(self, request):
        """Judges the credentials; answers itself and returns None unless they are right."""
        proxy = request.method != "REGISTER"
        verdict, user = self.guard.judge(
            request.get("Proxy-Authorization" if proxy else "Authorization"), request.method)
        if verdict == "ok" and self.stale_once:
            self.stale_once = False
            self.guard.forget()
            verdict = "stale"
        if verdict == "ok" and user not in self.forbidden:
            return user
        if verdict == "ok" or (verdict == "wrong" and self.refuse_wrong):
            self.refuse(request)
            return None
        challenge = self.guard.challenge(stale=verdict == "stale")
        header = ("Proxy-Authenticate" if proxy else "WWW-Authenticate", challenge)
        self.reply(request, 407 if proxy else 401, headers=[header])
        return None

    def on_register(self, request):
        if self.hold_registers and request.get("Authorization"):
            return False
        self.finish_register(request)
        return True

    def finish_register(self, request):
        """Answers a REGISTER; also one that was held back by `hold_registers`."""
        user = self.admit(request)
        if user is None:
            return
        asked = self.registrar.asked(request)
        if 0 < asked < self.registrar.min_expires:
            self.reply(request, 423, headers=[("Min-Expires", self.registrar.min_expires)])
            return
        if self.registrar.is_too_many(user, request):
            self.reply(request, self.too_many)
            return
        with self.changed:
            values = self.registrar.save(Uri(uri_of(request.get("To"))).user, request)
            self.changed.notify_all()
        self.reply(request, 200, headers=[("Contact", v) for v in values])

    def on_options(self, request):
        """Somebody asks whether we are there; inside a dialog it is the test's business."""
        if parameter(request.get("To"), "tag") is not None:
            return False
        self.reply(request, 200)
        return True

    def on_invite(self, request):
        if not self.challenge_calls or parameter(request.get("To"), "tag") is not None:
            return False
        return self.admit(request) is None

    # What it knows

    def contacts(self, user):
        return self.registrar.of(user)

    def contact(self, user):
        """The one contact of a user."""
        contacts = self.contacts(user)
        assert len(contacts) == 1, f"pbx: {len(contacts)} contacts of {user}, wanted 1"
        return contacts[0]

    def wait_contacts(self, user, count, timeout=5):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.contacts(user)) == count, timeout), \
                f"pbx: {len(self.contacts(user))} contacts of {user}, wanted {count}"

    def registers(self):
        """The REGISTERs that arrived, each once."""
        return [m for m in self.trace.once("pbx") if m.is_request and m.method == "REGISTER"]

    # What it is told to do

    def flow_for(self, uri, flow):
        """As RFC 3261 section 18.1.1 has it: to where the URI points, over its transport."""
        target = Uri(uri)
        if target.transport == flow.transport and flow.transport != "udp" and not flow.closed \
                and flow.remote == target.address:
            return flow
        return self.flow_to(target.transport, target.address)

    def flow_to_contact(self, uri):
        target = Uri(uri)
        return self.flow_to(target.transport, target.address)

    def call(self, user, body=b"", uri=None, caller="2000", request_user=None, headers=(),
             callee=None):
        """INVITE to the stored contact; `request_user` replaces the user part, as many PBXs do."""
        uri = uri or (self.contacts(user)[0] if request_user else self.contact(user)).uri
        if request_user:
            uri = Uri(uri).with_user(request_user)
        return Call.outgoing(self, self.flow_to_contact(uri), uri, f"sip:{caller}@{self.domain}",
                             callee=callee or f"sip:{user}@{self.domain}", body=body,
                             headers=headers)

    def request(self, method, uri, caller="2000", callee=None, headers=(), body=b""):
        """A request outside any dialog, such as the OPTIONS of Asterisk's qualify."""
        flow = self.flow_to_contact(uri)
        message = Message.request(method, uri, [
            ("From", f"<sip:{caller}@{self.domain}>;tag=q{time.monotonic_ns():x}"),
            ("To", f"<{callee or uri}>"), ("Call-ID", f"q{time.monotonic_ns():x}"),
            ("CSeq", f"1 {method}"), ("Contact", f"<{self.contact_uri(flow.transport)}>")]
            + list(headers), body)
        return self.send_request(message, flow)

    def close_tcp(self):
        self.trace.note("pbx closes its connections")
        self.close_connections()

    def restart(self):
        """Comes back at the same address and knows nothing any more."""
        self.trace.note("pbx restarts empty")
        port = self.port
        self.close()
        self.registrar.forget()
        self.guard.forget()
        self.refusals.clear()
        self.open(port)

    @property
    def route(self):
        return f"sip:{host_port(self.address, self.port)}"
