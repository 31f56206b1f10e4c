#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""WebSocket of the edge (RFC 6455, RFC 7118), rule by rule. Prints TAP."""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "edge"))
from edgetest import CRLF, OPTIONS, Authority, Stub, WebSocket, client, dial, ends, run

CA = Authority("ca")
EDGE = CA.issue("edge", "DNS:edge.example")
STUB = Stub(message_timeout=2500, close_timeout=500, idle_timeout=4000)
PLAIN = STUB.listen("ws", "ws", path="/sip", origin="https://a.example,https://b.example")
SECURE = STUB.listen("wss", "wss", EDGE)
BARE = OPTIONS.replace(b"Content-Length: 4\r\n", b"")


def plain(**settings):
    return WebSocket(dial(PLAIN)).open(path="/sip", **settings)


def secure(**settings):
    return WebSocket(dial(SECURE, client(CA))).open(**settings)


def echo(socket_, message=OPTIONS, expected=None, **settings):
    socket_.send(message, **settings)
    opcode, got = socket_.receive()
    assert (opcode, got) == (1, expected or message), (opcode, got)


def message_there_and_back():
    STUB.kept.clear()
    phone = plain()
    echo(phone)
    echo(phone, opcode=2)
    peer = STUB.opened()
    assert peer["transport"] == "WS" and peer["version"] == "-", peer
    assert int(peer["port"]) == phone.stream.getsockname()[1], peer
    phone.send(b"\x03\xe8", opcode=8)
    assert phone.close_code() == 1000
    assert ends(phone.stream)
    assert STUB.closed(peer["id"]) == "closed by the peer"
    phone = secure()
    echo(phone)
    peer = STUB.opened()
    assert peer["transport"] == "WSS" and peer["version"] == "TLSv1.3", peer


def http_is_negotiated():
    context = client(CA)
    context.set_alpn_protocols(["h2", "http/1.1"])
    stream = dial(SECURE, context)
    assert stream.selected_alpn_protocol() == "http/1.1"
    echo(WebSocket(stream).open())


def upgrades_are_judged():
    before = STUB.counter("edge_upgrades_refused")
    cases = (
        (400, {"protocol": None}), (400, {"protocol": "chat, SIP, sipx"}),
        (101, {"protocol": "x, sip"}),
        (404, {"path": "/"}), (404, {"path": "/sip/more"}), (101, {"path": "/sip?a=b"}),
        (403, {"origin": "https://evil.example"}), (101, {"origin": "https://b.example"}),
        (405, {"method": "POST"}), (426, {"version": "8"}), (426, {"version": None}),
        (426, {"upgrade": None}), (400, {"key": None}), (400, {"key": "c2hvcnQ="}),
        (400, {"extra": "\r\nno colon"}), (400, {"extra": "\r\n folded: x"}),
        (431, {"extra": "\r\nX: " + "y" * 9000}),
        (431, {"extra": "\r\nX: y" * 70}),
    )
    for status, settings in cases:
        phone = WebSocket(dial(PLAIN))
        got = phone.upgrade(**{"path": "/sip", **settings})
        assert got == status, (settings, phone.head)
        if got == 426:
            assert "Sec-WebSocket-Version: 13" in phone.head, phone.head
        if got != 101:
            assert "Connection: close" in phone.head and ends(phone.stream), phone.head
        phone.stream.close()
    refused = sum(status != 101 for status, _ in cases)
    STUB.until("edge_upgrades_refused", before + refused)
    with dial(PLAIN) as phone:
        phone.sendall(OPTIONS)
        assert phone.recv(12) == b"HTTP/1.1 400"


def frames_with_the_upgrade():
    phone = WebSocket(dial(PLAIN))
    assert phone.upgrade(path="/sip", early=WebSocket.frame(OPTIONS)) == 101
    assert phone.receive() == (1, OPTIONS)


def byte_at_a_time():
    phone = WebSocket(dial(PLAIN))
    phone.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = (b"GET /sip HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
               b"Sec-WebSocket-Protocol: sip\r\n\r\n")
    for byte in request:
        phone.stream.sendall(bytes([byte]))
    assert phone.answer() == 101
    for byte in WebSocket.frame(OPTIONS):
        phone.stream.sendall(bytes([byte]))
    assert phone.receive() == (1, OPTIONS)


def fragments_with_a_ping_between():
    phone = plain()
    phone.send(OPTIONS[:10], fin=False)
    phone.send(b"are you there", opcode=9)
    assert phone.receive() == (10, b"are you there")
    phone.send(OPTIONS[10:20], opcode=0, fin=False)
    phone.send(OPTIONS[20:], opcode=0)
    assert phone.receive() == (1, OPTIONS)


def many_messages_stay_apart():
    phone = secure()
    phone.stream.sendall(b"".join(WebSocket.frame(OPTIONS.replace(b"body", b"%04d" % i))
                                  for i in range(300)))
    for i in range(300):
        assert phone.receive() == (1, OPTIONS.replace(b"body", b"%04d" % i))


def large_message():
    phone = secure()
    message = OPTIONS.replace(b"Content-Length: 4", b"Content-Length: 60000")[:-4] + b"x" * 60000
    for _ in range(5):
        echo(phone, message)


def body_that_is_no_text():
    phone = plain()
    message = OPTIONS.replace(b"body", b"\xff\xfe\x00\x80")
    phone.send(message, opcode=2)
    assert phone.receive() == (2, message)
    phone.send(message)
    assert phone.close_code() == 1007


def content_length_is_put_in():
    phone = plain()
    echo(phone, BARE, BARE.replace(b"\r\n\r\nbody", b"\r\nContent-Length: 4\r\n\r\nbody"))


def smuggled_message_is_cut_off():
    phone = plain()
    echo(phone, OPTIONS + b"BYE sip:victim SIP/2.0\r\n\r\n", OPTIONS)
    echo(phone)


def truncated_message_is_refused():
    phone = plain()
    phone.send(OPTIONS[:-1])
    assert phone.close_code() == 1007
    assert ends(phone.stream)


def keep_alive_as_text():
    phone = plain()
    phone.send(CRLF + CRLF)
    assert phone.receive() == (1, CRLF)
    phone.send(CRLF)
    phone.send(b"")
    echo(phone)


def oversized_messages_are_refused():
    before = STUB.counter("edge_messages_too_large")
    phone = plain()
    phone.send(b"x", length=70000)
    assert phone.close_code() == 1009
    phone = plain()
    phone.send(OPTIONS, fin=False)
    phone.send(b"x" * 66000, opcode=0)
    assert phone.close_code() == 1009
    STUB.until("edge_messages_too_large", before + 2)


def broken_frames_are_refused():
    for settings, code in (({"masked": False}, 1002), ({"reserved": 4}, 1002),
                           ({"opcode": 3}, 1002), ({"opcode": 0}, 1002),
                           ({"opcode": 9, "fin": False}, None)):
        phone = plain()
        phone.send(b"x", **settings)
        got = phone.close_code()
        assert got == code, (settings, got)
        assert ends(phone.stream)


def crumbs_are_refused():
    before, slow = STUB.counter("edge_messages_malformed"), STUB.counter("edge_slow_writers")
    phone = plain()
    phone.send(b"O", fin=False)
    for _ in range(400):
        try:
            phone.send(b"P", opcode=0, fin=False)
        except OSError:
            break
    assert phone.close_code() == 1008
    ends(phone.stream)
    STUB.until("edge_messages_malformed", before + 1)
    assert STUB.counter("edge_slow_writers") == slow


def half_a_frame_has_a_deadline():
    before = STUB.counter("edge_slow_writers")
    phone = plain()
    phone.stream.sendall(WebSocket.frame(OPTIONS)[:-1])
    assert phone.close_code() == 1008
    STUB.until("edge_slow_writers", before + 1)


def silent_phone_is_asked_then_left():
    STUB.kept.clear()
    phone = plain()
    assert phone.receive() == (9, b"")
    phone.send(b"", opcode=10)
    assert phone.receive() == (9, b"")
    assert phone.close_code() == 1001
    assert STUB.closed(STUB.opened()["id"]) == "idle"


def stack_that_cannot_be_reached():
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    port = STUB.listen("lost", "ws", target=closed.getsockname()[1])
    before = STUB.counter("edge_loopback_failed")
    phone = WebSocket(dial(port))
    assert phone.upgrade() == 503, phone.head
    STUB.until("edge_loopback_failed", before + 1)
    closed.close()


def main_loop_refuses():
    STUB.do("refuse")
    phone = WebSocket(dial(PLAIN))
    assert phone.upgrade(path="/sip") == 503, phone.head
    STUB.do("admit")


def half_closed_phone_gets_its_answer():
    STUB.kept.clear()
    for phone in (plain(), secure()):
        phone.send(OPTIONS)
        half = socket.socket(fileno=os.dup(phone.stream.fileno()))
        half.shutdown(socket.SHUT_WR)
        assert phone.receive() == (1, OPTIONS)
        assert ends(phone.stream)
        half.close()
        assert STUB.closed(STUB.opened()["id"]) == "closed by the peer"


def stack_closes():
    STUB.kept.clear()
    phone = plain()
    echo(phone)
    number = STUB.opened()["id"]
    STUB.do("stack-close", number)
    assert phone.close_code() == 1001
    assert STUB.closed(number) == "closed by the stack"


def stops_and_says_goodbye():
    phone = plain()
    echo(phone)
    STUB.stop()
    assert phone.close_code() == 1001


run([message_there_and_back, http_is_negotiated, upgrades_are_judged, frames_with_the_upgrade,
     byte_at_a_time, fragments_with_a_ping_between, many_messages_stay_apart, large_message,
     body_that_is_no_text, content_length_is_put_in, smuggled_message_is_cut_off,
     truncated_message_is_refused, keep_alive_as_text, oversized_messages_are_refused,
     broken_frames_are_refused, crumbs_are_refused, half_a_frame_has_a_deadline,
     silent_phone_is_asked_then_left, stack_that_cannot_be_reached, main_loop_refuses,
     half_closed_phone_gets_its_answer, stack_closes, stops_and_says_goodbye])
