# SPDX-License-Identifier: LGPL-2.1-or-later
"""lossy: many calls over UDP between a caller and a phone that lose datagrams both ways.

Both repeat what RFC 3261 has them repeat, and nothing else, so that a call that hangs shows.
"""
import heapq
import random
import secrets
import selectors
import socket
import time

from . import ports
from .agent import new_branch
from .message import Message, parameter, uri_of
from .uri import Uri, host_port

T1 = 0.5


class LossySocket:
    """A UDP socket that loses a share of what is sent and of what is received."""

    def __init__(self, address, port, share, seed):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind((address, port))
        self.sock.setblocking(False)
        self.address = self.sock.getsockname()
        self.share = share
        self.random = random.Random(seed)
        self.lost = 0

    def loses(self):
        lost = self.random.random() < self.share
        self.lost += lost
        return lost

    def send(self, message, remote):
        if not self.loses():
            self.sock.sendto(message.to_bytes(), remote)

    def messages(self):
        while True:
            try:
                data, remote = self.sock.recvfrom(65536)
            except BlockingIOError:
                return
            if data.strip() and not self.loses():
                yield Message.parse(data), remote


class Call:
    """One call of the caller: `state` is calling, talking, ending or over."""

    def __init__(self, invite):
        self.invite = invite
        self.state = "calling"
        self.heard = False  # a provisional answer
        self.ack = None
        self.bye = None
        self.status = None


class LossyCalls:
    def __init__(self, pbx_address, phone_address, share):
        self.caller = LossySocket(pbx_address, 0, share, 1)
        self.phone = LossySocket(*phone_address, share, 2)
        self.timers = []
        self.calls = {}
        self.answers = {}  # the phone's, by Call-ID: its 200 and whether the ACK came
        self.byes = 0
        self.selector = selectors.DefaultSelector()
        for sock in (self.caller, self.phone):
            self.selector.register(sock.sock, selectors.EVENT_READ)

    def later(self, seconds, function, *arguments):
        heapq.heappush(self.timers, (time.monotonic() + seconds, id(arguments), function,
                                     arguments))

    def repeat(self, interval, sock, message, remote, wanted, left=11, limit=4.0):
        """Sends, and again with growing intervals while wanted() says so."""
        if not wanted() or not left:
            return
        sock.send(message, remote)
        self.later(interval, self.repeat, min(interval * 2, limit), sock, message, remote, wanted,
                   left - 1, limit)

    # The caller

    def begin(self, uri, user, domain):
        sock = self.caller
        invite = Message.request("INVITE", uri, [
            ("Via", f"SIP/2.0/UDP {host_port(*sock.address)};branch={new_branch()};rport"),
            ("Max-Forwards", "70"), ("From", f"<sip:2000@{domain}>;tag={secrets.token_hex(4)}"),
            ("To", f"<sip:{user}@{domain}>"), ("Call-ID", secrets.token_hex(8)),
            ("CSeq", "1 INVITE"), ("Contact", f"<sip:{host_port(*sock.address)}>")])
        call = Call(invite)
        self.calls[invite.call_id] = call
        self.repeat(T1, sock, invite, Uri(uri).address,
                    lambda: call.state == "calling" and not call.heard, limit=16)

    def in_dialog(self, call, answer, method, number):
        return Message.request(method, uri_of(answer.get("Contact")), [
            ("Via", f"SIP/2.0/UDP {host_port(*self.caller.address)};branch={new_branch()};rport"),
            ("Max-Forwards", "70"), ("From", call.invite.get("From")), ("To", answer.get("To")),
            ("Call-ID", call.invite.call_id), ("CSeq", f"{number} {method}")])

    def on_caller(self, message, remote):
        call = self.calls.get(message.call_id)
        if not call or message.is_request:
            return
        if message.method == "BYE" and message.status >= 200:
            call.state = "over"
        elif message.method == "INVITE" and message.status < 200:
            call.heard = True
        elif message.method == "INVITE":
            self.on_final(call, message, remote)

    def on_final(self, call, answer, remote):
        if call.ack is None:
            call.status = answer.status
            call.ack = self.in_dialog(call, answer, "ACK", 1) if answer.status < 300 else \
                Message.request("ACK", call.invite.uri, [
                    ("Via", call.invite.get("Via")), ("Max-Forwards", "70"),
                    ("From", call.invite.get("From")), ("To", answer.get("To")),
                    ("Call-ID", call.invite.call_id), ("CSeq", "1 ACK")])
            call.state = "talking" if answer.status < 300 else "over"
            if answer.status < 300:
                self.later(0.3, self.hang_up, call, answer, remote)
        self.caller.send(call.ack, remote)

    def hang_up(self, call, answer, remote):
        call.state = "ending"
        self.repeat(T1, self.caller, self.in_dialog(call, answer, "BYE", 2), remote,
                    lambda: call.state == "ending")

    # The phone

    def on_phone(self, message, remote):
        if not message.is_request:
            return
        if message.method == "INVITE":
            self.ring(message, remote)
        elif message.method == "ACK" and message.call_id in self.answers:
            self.answers[message.call_id]["acked"] = True
        elif message.method == "BYE":
            self.byes += not self.answers[message.call_id]["ended"]
            self.answers[message.call_id].update(acked=True, ended=True)
            self.phone.send(message.response(200, "OK"), remote)

    def ring(self, invite, remote):
        if invite.call_id in self.answers:
            return
        tag = f"{invite.get('To')};tag={secrets.token_hex(4)}"
        contact = ("Contact", f"<sip:phone@{host_port(*self.phone.address)}>")
        ringing, answer = (invite.response(status, reason, [contact])
                           for status, reason in ((180, "Ringing"), (200, "OK")))
        ringing.set("To", tag)
        answer.set("To", tag)
        known = self.answers[invite.call_id] = {"acked": False, "ended": False}
        self.phone.send(ringing, remote)
        self.repeat(T1, self.phone, answer, remote, lambda: not known["acked"])

    # All of it

    def run(self, count, rate, uri, user, domain, limit):
        """Makes the calls and waits until each is over; returns how many were not."""
        started = time.monotonic()
        while time.monotonic() - started < limit:
            due = min(count, int((time.monotonic() - started) * rate) + 1)
            while len(self.calls) < due:
                self.begin(uri, user, domain)
            while self.timers and self.timers[0][0] <= time.monotonic():
                _, _, function, arguments = heapq.heappop(self.timers)
                function(*arguments)
            for key, _ in self.selector.select(0.005):
                phone = key.fileobj is self.phone.sock
                for message, remote in (self.phone if phone else self.caller).messages():
                    (self.on_phone if phone else self.on_caller)(message, remote)
            if len(self.calls) == count and self.all_over():
                return 0
        return sum(call.state != "over" for call in self.calls.values())

    def all_over(self):
        return all(call.state == "over" for call in self.calls.values()) and \
            all(known["ended"] for known in self.answers.values())

    def close(self):
        self.selector.close()
        self.caller.sock.close()
        self.phone.sock.close()


def lossy_calls(house, phone, share):
    """In the place of a registered UDP phone, whose sockets are closed, and of its PBX."""
    address = (phone.address, phone.port)
    phone.close()
    return LossyCalls(ports.PBX, address, share)
