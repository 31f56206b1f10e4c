# SPDX-License-Identifier: LGPL-2.1-or-later
"""stream: connections as bytes: TCP, TLS, and the client's end of a WebSocket (RFC 6455)."""
import base64
import os
import secrets
import select
import ssl
import struct
import threading

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
PATIENCE = 10


def wait(sock, event):
    """Whether it happens in time; select() knows the first thousand descriptors only."""
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(PATIENCE * 1000))


class Stream:
    """One thread reads while others write; a TLS socket takes only one of them at a time."""

    def __init__(self, sock):
        self.sock = sock
        self.lock = threading.Lock()
        sock.setblocking(False)

    def write(self, data):
        view = memoryview(data)
        with self.lock:
            while view:
                try:
                    view = view[self.sock.send(view):]
                except (BlockingIOError, ssl.SSLWantWriteError):
                    if not wait(self.sock, select.POLLOUT):
                        raise TimeoutError("the other side takes nothing") from None

    def read(self):
        """What has come, b"" at the end; None when that was no byte of the message."""
        try:
            with self.lock:
                data = self.sock.recv(65536)
                while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                    data += self.sock.recv(65536)
            return data
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError:
            return b""


class WebSocket(Stream):
    """Each write() is one message; read() gives whole messages, one behind the other."""

    def __init__(self, sock, path="/", origin=None):
        super().__init__(sock)
        self.buffer = b""
        self.message = b""
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Host: sipwake.test", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Protocol: sip"] + ([f"Origin: {origin}"] if origin else [])
        super().write(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.buffer:
            part = self.read_some_bytes()
            assert part, f"the upgrade was refused: {self.buffer!r}"
            self.buffer += part
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101 "), head

    def read_some_bytes(self):
        while True:
            data = super().read()
            if data is not None:
                return data
            assert wait(self.sock, select.POLLIN), "no answer to the upgrade"

    def write(self, data, opcode=TEXT):
        size, mask = len(data), os.urandom(4)
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | min(size, 126)) if size < 126 else \
            struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        super().write(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def frame(self):
        """(opcode, whether it is the last, payload) of the next whole frame, or None."""
        if len(self.buffer) < 2:
            return None
        first, length = self.buffer[0], self.buffer[1]
        start = 2
        if length == 126:
            start = 4
        elif length == 127:
            start = 10
        if len(self.buffer) < start:
            return None
        if length >= 126:
            length = int.from_bytes(self.buffer[2:start], "big")
        if len(self.buffer) < start + length:
            return None
        payload, self.buffer = self.buffer[start:start + length], self.buffer[start + length:]
        return first & 15, bool(first & 0x80), payload

    def read(self):
        data = super().read()
        if data == b"":
            return b""
        self.buffer += data or b""
        whole = b""
        while (frame := self.frame()) is not None:
            opcode, last, payload = frame
            if opcode == PING:
                self.write(payload, PONG)
            elif opcode == CLOSE:
                return b""
            elif opcode != PONG:
                self.message += payload
                if last:
                    whole, self.message = whole + self.message, b""
        return whole or None


def connect(sock, transport, tls, name=None, **websocket):
    """Makes a stream of a connected socket, handshakes done."""
    sock.settimeout(PATIENCE)
    if transport in ("tls", "wss"):
        sock = tls.wrap_socket(sock, server_hostname=name)
    return WebSocket(sock, **websocket) if transport in ("ws", "wss") else Stream(sock)
