# SPDX-License-Identifier: LGPL-2.1-or-later
"""agent: a SIP user agent that a test leads by the hand.

Only what every stack does by itself happens by itself: repetitions are answered with what was
answered before and not shown to the test, and a refused INVITE is acknowledged.
"""
import secrets
import time

from .call import Call
from .endpoint import Endpoint
from .message import Message, parameter
from .uri import host_port

REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
           401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 407: "Proxy Authentication "
           "Required", 423: "Interval Too Brief", 480: "Temporarily Unavailable", 486: "Busy Here",
           481: "Call/Transaction Does Not Exist", 487: "Request Terminated",
           488: "Not Acceptable Here", 491: "Request Pending", 500: "Server Internal Error",
           503: "Service Unavailable", 603: "Decline"}


WEBSOCKETS = ("ws", "wss")


def new_branch():
    return "z9hG4bK" + secrets.token_hex(8)


class Transaction:
    """A request of ours, whose answers the test waits for."""

    def __init__(self, agent, request, flow):
        self.agent = agent
        self.request = request
        self.flow = flow

    def expect(self, status, timeout=5):
        """The next answer with this status; another final answer is a failure."""
        def wanted(message):
            return (not message.is_request and message.branch == self.request.branch
                    and message.cseq == self.request.cseq
                    and (message.status == status or message.status >= 200))
        answer = self.agent.take(wanted, timeout, f"{status} to {self.request.method}")
        assert answer.status == status, (
            f"{self.agent.name}: {answer.start} to {self.request.method}, wanted {status}")
        return answer

    def final(self, timeout=5):
        """The final answer, whatever it says."""
        return self.agent.take(
            lambda m: not m.is_request and m.branch == self.request.branch
            and m.cseq == self.request.cseq and m.status >= 200,
            timeout, f"final answer to {self.request.method}")


class Agent(Endpoint):
    def __init__(self, stage, name, address, port=0, **security):
        self.host = secrets.token_hex(6) + ".invalid"  # of one who has only a WebSocket
        self.inbox = []
        self.answered = {}
        self.answers_seen = set()
        self.acks = {}
        self.automatic = {}
        super().__init__(stage, name, address, port, **security)

    # What arrives, in the reading thread

    def on_message(self, message, data, flow):
        if message is None:
            self.deliver(Message("MALFORMED sip: SIP/2.0", [], data))
        elif message.is_request:
            self.on_request(message)
        else:
            self.on_answer(message)

    def on_request(self, request):
        key = (request.branch, request.method)
        if key in self.answered:
            if self.answered[key]:
                request.flow.send(self.answered[key])
            return
        self.answered[key] = None
        handler = self.automatic.get(request.method)
        if not handler or not handler(request):
            self.deliver(request)

    def on_answer(self, answer):
        number, method = answer.cseq
        tag = parameter(answer.get("To"), "tag")
        if method == "INVITE" and 200 <= answer.status < 300:
            if (answer.call_id, number, tag) in self.acks:
                data, flow = self.acks[(answer.call_id, number, tag)]
                flow.send(data)
        key = (answer.branch, number, method, answer.status, tag,
               answer.get("RSeq") if answer.status < 200 else None)
        if key in self.answers_seen and answer.status >= 200:
            return
        self.answers_seen.add(key)
        if method == "INVITE" and answer.status >= 300:
            self.acknowledge_refusal(answer)
        self.deliver(answer)

    def acknowledge_refusal(self, answer):
        sent = [e.message for e in self.trace.select(self.name, "INVITE")
                if e.sent and e.message.is_request and e.message.branch == answer.branch]
        if not sent:
            return
        ack = Message.request("ACK", sent[0].uri, [
            ("Via", sent[0].get("Via")), ("Max-Forwards", "70"), ("From", sent[0].get("From")),
            ("To", answer.get("To")), ("Call-ID", answer.call_id),
            ("CSeq", f"{answer.cseq[0]} ACK")] + [("Route", r) for r in sent[0].get_all("Route")])
        answer.flow.send(ack.to_bytes())

    def deliver(self, message):
        with self.changed:
            self.inbox.append(message)
            self.changed.notify_all()

    # What a test waits for

    def take(self, wanted, timeout, description):
        deadline = time.monotonic() + timeout
        with self.changed:
            while True:
                for message in self.inbox:
                    if wanted(message):
                        self.inbox.remove(message)
                        return message
                left = deadline - time.monotonic()
                assert left > 0, (f"{self.name}: no {description} within {timeout} s; it has "
                                  f"{[m.start for m in self.inbox]}")
                self.changed.wait(left)

    def expect_request(self, method, timeout=5, call_id=None):
        return self.take(lambda m: m.is_request and m.method == method
                         and call_id in (None, m.call_id), timeout, method)

    def expect_call(self, timeout=5):
        """The next INVITE that opens a dialog."""
        invite = self.take(lambda m: m.is_request and m.method == "INVITE"
                           and parameter(m.get("To"), "tag") is None, timeout, "INVITE")
        return Call.incoming(self, invite)

    def expect_nothing(self, seconds, method=None):
        """Nothing (or no request of this method) arrives for so long."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while deadline > time.monotonic():
                self.assert_quiet(method)
                self.changed.wait(max(0, deadline - time.monotonic()))
            self.assert_quiet(method)

    def assert_quiet(self, method=None):
        """Nothing arrived that the test did not take, save provisional answers."""
        left = [m for m in self.inbox if (m.is_request or m.status >= 200)
                and (method is None or (m.is_request and m.method == method))]
        assert not left, f"{self.name}: stray messages {[m.start for m in left]}"

    def wait_pongs(self, count, timeout=5):
        with self.changed:
            assert self.changed.wait_for(lambda: self.pongs >= count, timeout), \
                f"{self.name}: {self.pongs} pongs within {timeout} s, wanted {count}"

    # What it sends

    def via(self, flow, branch=None):
        port = self.port if flow.transport == "udp" else flow.local[1]
        sent_by = self.host if flow.transport in WEBSOCKETS else host_port(self.address, port)
        return (f"SIP/2.0/{flow.transport.upper()} {sent_by};branch={branch or new_branch()};rport")

    def contact_uri(self, transport="udp", user=None):
        who = f"{user}@" if user else ""
        if transport in WEBSOCKETS:
            return f"sip:{who}{self.host};transport=ws"
        return f"sip:{who}{host_port(self.address, self.port)};transport={transport}"

    def flow_for(self, uri, flow):
        """Which way an in-dialog request goes; the one of the dialog unless a kind knows better."""
        return flow

    def send_request(self, request, flow):
        if not request.get("Via"):
            request.headers.insert(0, ("Via", self.via(flow)))
        if request.get("Max-Forwards") is None:
            request.add("Max-Forwards", "70")
        flow.send(request.to_bytes())
        return Transaction(self, request, flow)

    def reply(self, request, status, reason=None, headers=(), body=b"", tag=None):
        answer = request.response(status, reason or REASONS.get(status, "Whatever"), headers, body)
        if status > 100 and parameter(request.get("To"), "tag") is None:
            answer.set("To", f"{request.get('To')};tag={tag or secrets.token_hex(4)}")
        for route in request.get_all("Record-Route") if status < 300 else ():
            answer.add("Record-Route", route)
        data = answer.to_bytes()
        self.answered[(request.branch, request.method)] = data
        request.flow.send(data)
        return answer
