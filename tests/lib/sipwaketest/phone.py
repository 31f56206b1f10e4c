# SPDX-License-Identifier: LGPL-2.1-or-later
"""phone: a mobile SIP phone that registers with push parameters, sleeps and wakes."""
import secrets
import time
import uuid

from . import digest, ports
from .agent import WEBSOCKETS, Agent
from .call import Call
from .message import Message
from .uri import host_port


class Phone(Agent):
    """`proxy` is the (address, port) that it sends everything to; `push` the pn- parameters."""

    def __init__(self, stage, name, proxy, domain, password=None, transport="udp", push=None,
                 address=ports.PHONE, instance=True, contact_params="", header_params="", tls=None):
        self.user = name
        self.domain = domain
        self.proxy = proxy
        self.transport = transport
        self.push = push
        self.credentials = digest.Credentials(name, password or f"pw{name}")
        self.instance = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}" if instance else None
        self.contact_params = contact_params
        self.header_params = header_params
        self.preferred = None
        self.user_agent = "test phone"
        self.new_identity()
        super().__init__(stage, name, address, tls=tls)

    def new_identity(self):
        """What a started process makes anew."""
        self.call_id = secrets.token_hex(10)
        self.register_number = 0

    @property
    def aor(self):
        return f"sip:{self.user}@{self.domain}"

    def renew_flow(self):
        """A further connection, which from now on is the one that it uses."""
        self.preferred = self.new_tcp_flow(self.proxy)

    @property
    def flow(self):
        if self.preferred and not self.preferred.closed:
            return self.preferred
        return self.flow_to(self.transport, self.proxy)

    def contact(self):
        flow = self.flow
        port = self.port if self.transport == "udp" else flow.local[1]
        uri = f"sip:{self.user}@{host_port(self.address, port)}"
        if self.transport in WEBSOCKETS:
            uri = self.contact_uri(self.transport, self.user)
        elif self.transport != "udp":
            uri += f";transport={self.transport}"
        uri += "".join(f";pn-{key}={value}" for key, value in (self.push or {}).items())
        value = f"<{uri}{self.contact_params}>{self.header_params}"
        return value + (f';+sip.instance="<{self.instance}>"' if self.instance else "")

    # Registration

    def send_register(self, expires=3600, challenge=None, contact=None, headers=()):
        self.register_number += 1
        uri = f"sip:{self.domain}"
        request = Message.request("REGISTER", uri, [
            ("From", f"<{self.aor}>;tag={secrets.token_hex(4)}"), ("To", f"<{self.aor}>"),
            ("Call-ID", self.call_id), ("CSeq", f"{self.register_number} REGISTER"),
            ("Contact", contact or self.contact()), ("Expires", expires),
            ("Supported", "path, outbound"), ("User-Agent", self.user_agent)] + list(headers))
        if challenge is not None:
            request.add(*self.authorization(challenge, "REGISTER", uri))
        return self.send_request(request, self.flow)

    def authorization(self, challenge, method, uri):
        """The header that answers a 401 or a 407."""
        if challenge.status == 401:
            return ("Authorization",
                    self.credentials.answer(challenge.get("WWW-Authenticate"), method, uri))
        return ("Proxy-Authorization",
                self.credentials.answer(challenge.get("Proxy-Authenticate"), method, uri))

    def register(self, expires=3600, timeout=5, contact=None, headers=()):
        """Registers, answering a first challenge and stale ones; returns the final answer."""
        answer = self.send_register(expires, None, contact, headers).final(timeout)
        for attempt in range(3):
            stale = "stale=true" in (answer.get("WWW-Authenticate") or "").lower()
            if answer.status not in (401, 407) or (attempt and not stale):
                break
            answer = self.send_register(expires, answer, contact, headers).final(timeout)
        return answer

    def register_ok(self, **arguments):
        answer = self.register(**arguments)
        assert answer.status == 200, f"{self.name}: {answer.start} to REGISTER"
        return answer

    def register_until_ok(self, timeout=15):
        """For a PBX that comes back: 503 says that it is not there yet."""
        deadline = time.monotonic() + timeout
        while (answer := self.register(timeout=timeout)).status == 503:
            assert time.monotonic() < deadline, f"{self.name}: {answer.start} for {timeout} s"
            time.sleep(0.2)
        assert answer.status == 200, f"{self.name}: {answer.start} to REGISTER"
        return answer

    def deregister(self, timeout=5):
        """RFC 8599 section 4.1.2: the binding goes, and the request names no pn-prid."""
        push, self.push = self.push, {k: v for k, v in (self.push or {}).items() if k != "prid"}
        try:
            return self.register(expires=0, timeout=timeout)
        finally:
            self.push = push

    # Calls

    def invite(self, user, body=b"", challenge=None, call_id=None, number=1, headers=()):
        uri = f"sip:{user}@{self.domain}"
        headers = list(headers)
        if challenge is not None:
            headers.append(self.authorization(challenge, "INVITE", uri))
        return Call.outgoing(self, self.flow, uri, self.aor, body=body, headers=headers,
                             call_id=call_id, number=number)

    def dial(self, user, body=b"", timeout=5):
        """Calls and answers the PBX's challenge, if there is one."""
        call = self.invite(user, body)

        def first(message):
            return (not message.is_request and message.call_id == call.call_id
                    and message.status != 100)
        answer = self.take(first, timeout, "answer to INVITE")
        if answer.status in (401, 407):
            return self.invite(user, body, answer, call.call_id, number=2)
        self.deliver(answer)
        return call

    def ping(self):
        self.flow.send_keepalive()

    # Sleep

    def sleep(self):
        """The system ended the process: its sockets are gone."""
        self.trace.note(f"{self.name} sleeps")
        self.close()

    def wake(self):
        """A new process on new sockets."""
        self.trace.note(f"{self.name} wakes")
        self.new_identity()
        self.open()

    def freeze(self):
        """Suspended: the kernel still takes what comes, the phone does not look at it."""
        self.trace.note(f"{self.name} is frozen")
        self.frozen = True

    def thaw(self):
        self.trace.note(f"{self.name} is thawed")
        self.frozen = False


class Forwarded(Phone):
    """A phone together with the proxies before it, as what the last of them sends.

    `hops` are the Vias below its own.
    """

    hops = ()

    def send_request(self, request, flow):
        request.headers[0:0] = [("Via", hop) for hop in (self.via(flow), *self.hops)]
        return super().send_request(request, flow)
