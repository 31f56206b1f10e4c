#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fault-server: an HTTP/2 server over TLS that fails in one way, once, and is sound afterwards.

HTTP/2 frames are made by hand (RFC 9113), for no library lets a server misbehave. The certificate is
read for each connection. Prints its port.
"""
import argparse
import ctypes
import socket
import ssl
import struct
import threading
import time

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
NO_ERROR, REFUSED_STREAM, PREFACE = 0, 7, 24
STATUS_200 = b"\x88"
SLOW_TLS, SLOW, PAUSE = 1.2, 4, 0.1
SO_ATTACH_FILTER, BPF_RETURN = 26, 6


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + \
        struct.pack(">I", stream) + payload


def read(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


class Connection:
    def __init__(self, connection, fault):
        self.connection, self.fault, self.requests = connection, fault, 0
        self.late = []

    def send(self, *frames):
        self.connection.sendall(b"".join(frames))

    def answer(self, stream):
        self.send(frame(HEADERS, END_HEADERS | END_STREAM, stream, STATUS_200))

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise EOFError

    def vanish(self):
        """From now on the kernel loses whatever data come, unacknowledged.

        Of a packet it keeps one byte, and the header in any case: an acknowledgement that came with
        lost data counts, or the answer would be sent again and be a sign of life.
        """
        code = ctypes.create_string_buffer(struct.pack("HBBI", BPF_RETURN, 0, 0, 1))
        program = struct.pack("HP", 1, ctypes.addressof(code))
        self.connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)

    def fail(self, stream):
        """Returns whether the fault has dealt with the request."""
        number = self.requests
        if self.fault == "goaway" and number <= 3:
            self.late.append(stream)
            if number == 3:
                self.send(frame(GOAWAY, 0, 0, struct.pack(">II", stream, NO_ERROR)))
                time.sleep(PAUSE)
                for waiting in self.late:
                    self.answer(waiting)
            return True
        if self.fault == "goaway-all" and number == 3:
            self.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, NO_ERROR)))
            raise EOFError
        if self.fault == "goaway-all" and number < 3:
            return True
        if self.fault == "refuse" and number == 2:
            self.send(frame(RST_STREAM, 0, stream, struct.pack(">I", REFUSED_STREAM)))
            return True
        if self.fault == "stall" and number == 2:
            return True
        if self.fault == "mute" and number >= 2:
            return True
        if self.fault == "gone" and number == 1:
            self.vanish()
        if self.fault == "slow" and number == 2:
            time.sleep(SLOW)
        if self.fault == "reset" and number == 2:
            self.reset()
        if self.fault == "half" and number == 2:
            self.send(frame(HEADERS, END_HEADERS, stream, STATUS_200),
                      frame(DATA, 0, stream, b"x" * 100)[:50])
            raise EOFError
        return False

    def serve(self):
        read(self.connection, PREFACE)
        self.send(frame(SETTINGS, 0, 0))
        while True:
            head = read(self.connection, 9)
            size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            stream = int.from_bytes(head[5:], "big") & 0x7fffffff
            payload = read(self.connection, size)
            if kind == SETTINGS and not flags & ACK:
                self.send(frame(SETTINGS, ACK, 0))
            elif kind == PING and not flags & ACK:
                self.send(frame(PING, ACK, 0, payload))
            elif kind in (HEADERS, DATA) and flags & END_STREAM:
                self.requests += 1
                if not self.fail(stream):
                    self.answer(stream)


def serve(plain, arguments, fault):
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate, arguments.key)
        context.set_alpn_protocols(["h2"])
        if fault == "slow-tls":
            time.sleep(SLOW_TLS)
        with context.wrap_socket(plain, server_side=True) as connection:
            Connection(connection, fault).serve()
    except (EOFError, OSError):
        plain.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fault")
    parser.add_argument("certificate")
    parser.add_argument("key")
    arguments = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    fault = arguments.fault
    while True:
        plain, _ = listener.accept()
        threading.Thread(target=serve, args=(plain, arguments, fault), daemon=True).start()
        fault = "none"


if __name__ == "__main__":
    main()
