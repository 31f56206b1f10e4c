# SPDX-License-Identifier: LGPL-2.1-or-later
"""call: one dialog as one party sees it (RFC 3261 section 12)."""
import secrets

from .message import Message, parameter, uri_of


class Call:
    def __init__(self, agent, flow, invite, local, remote, target, routes):
        self.agent = agent
        self.flow = flow
        self.invite = invite
        self.call_id = invite.call_id
        self.local = local
        self.remote = remote
        self.target = target
        self.routes = routes
        self.number = invite.cseq[0]  # of our own requests
        self.transaction = None

    @classmethod
    def incoming(cls, agent, invite):
        local = f"{invite.get('To')};tag={secrets.token_hex(4)}"
        return cls(agent, invite.flow, invite, local, invite.get("From"),
                   uri_of(invite.get("Contact")), invite.values("Record-Route"))

    @classmethod
    def outgoing(cls, agent, flow, uri, caller, callee=None, body=b"", headers=(), call_id=None,
                 number=1):
        """Sends an INVITE; `caller` and `callee` are URIs."""
        invite = Message.request("INVITE", uri, [
            ("From", f"<{caller}>;tag={secrets.token_hex(4)}"), ("To", f"<{callee or uri}>"),
            ("Call-ID", call_id or secrets.token_hex(10)), ("CSeq", f"{number} INVITE"),
            ("Contact", f"<{agent.contact_uri(flow.transport)}>"),
            ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO")] + list(headers), body)
        if body and not invite.get("Content-Type"):
            invite.add("Content-Type", "application/sdp")
        call = cls(agent, flow, invite, invite.get("From"), invite.get("To"), uri, [])
        call.transaction = agent.send_request(invite, flow)
        return call

    # The caller's part

    def expect(self, status, timeout=5):
        """An answer to our INVITE; the dialog's far end is taken from it."""
        answer = self.transaction.expect(status, timeout)
        if 100 < answer.status < 300:
            self.remote = answer.get("To")
            self.routes = list(reversed(answer.values("Record-Route")))
            if answer.get("Contact"):
                self.target = uri_of(answer.get("Contact"))
        return answer

    def ack(self, transaction=None, body=b""):
        transaction = transaction or self.transaction
        number = transaction.request.cseq[0]
        ack = self.build("ACK", number, body)
        flow = self.agent.flow_for(self.next_hop(), self.flow)
        ack.headers.insert(0, ("Via", self.agent.via(flow)))
        data = ack.to_bytes()
        tag = parameter(self.remote, "tag")
        self.agent.acks[(self.call_id, number, tag)] = (data, flow)
        flow.send(data)

    def cancel(self, headers=(), transaction=None):
        """RFC 3261 section 9.1: the Via, To and number of the INVITE, or of that re-INVITE."""
        invite = transaction.request if transaction else self.invite
        request = Message.request("CANCEL", invite.uri, [
            ("Via", invite.get("Via")), ("From", invite.get("From")), ("To", invite.get("To")),
            ("Call-ID", self.call_id), ("CSeq", f"{invite.cseq[0]} CANCEL")] + list(headers))
        for route in invite.get_all("Route"):
            request.add("Route", route)
        return self.agent.send_request(request, self.flow)

    # The called party's part

    def ring(self, status=180, body=b"", headers=()):
        return self.answer_with(status, body, headers)

    def answer(self, body=b"", headers=()):
        return self.answer_with(200, body, headers)

    def reject(self, status, headers=()):
        return self.answer_with(status, b"", headers)

    def answer_with(self, status, body, headers):
        headers = list(headers)
        if status < 300:
            headers.append(("Contact", f"<{self.agent.contact_uri(self.flow.transport)}>"))
        if body and not any(name == "Content-Type" for name, _ in headers):
            headers.append(("Content-Type", "application/sdp"))
        return self.agent.reply(self.invite, status, None, headers, body,
                                parameter(self.local, "tag"))

    def expect_ack(self, timeout=5):
        return self.agent.expect_request("ACK", timeout, self.call_id)

    def expect_cancel(self, timeout=5):
        """Takes a CANCEL, answers it, ends the INVITE with 487 and awaits the ACK."""
        cancel = self.agent.expect_request("CANCEL", timeout, self.call_id)
        self.agent.reply(cancel, 200)
        self.reject(487)
        self.expect_ack()
        return cancel

    # Either party's part

    def next_hop(self):
        return uri_of(self.routes[0]) if self.routes else self.target

    def build(self, method, number, body=b"", headers=()):
        request = Message.request(method, self.target, [
            ("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"), ("Max-Forwards", "70")], body)
        for route in self.routes:
            request.add("Route", route)
        if method in ("INVITE", "UPDATE"):
            request.add("Contact", f"<{self.agent.contact_uri(self.flow.transport)}>")
        request.headers += list(headers)
        if body and not request.get("Content-Type"):
            request.add("Content-Type", "application/sdp")
        return request

    def send(self, method, body=b"", headers=()):
        """An in-dialog request."""
        self.number += 1
        request = self.build(method, self.number, body, headers)
        return self.agent.send_request(request, self.agent.flow_for(self.next_hop(), self.flow))

    def expect_request(self, method, timeout=5):
        return self.agent.expect_request(method, timeout, self.call_id)

    def reply(self, request, status, body=b"", headers=()):
        headers = list(headers)
        if request.method in ("INVITE", "UPDATE") and status < 300:
            headers.append(("Contact", f"<{self.agent.contact_uri(self.flow.transport)}>"))
        if body and not any(name == "Content-Type" for name, _ in headers):
            headers.append(("Content-Type", "application/sdp"))
        return self.agent.reply(request, status, None, headers, body)

    def hang_up(self, headers=()):
        return self.send("BYE", headers=headers).expect(200)

    def expect_bye(self, timeout=5):
        bye = self.expect_request("BYE", timeout)
        self.reply(bye, 200)
        return bye
