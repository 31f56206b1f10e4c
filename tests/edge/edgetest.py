# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the scripts that test the edge share: the stub's process, certificates, peers, TAP."""
import atexit
import base64
import os
import queue
import re
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

BUILD = os.environ.get("top_builddir", ".")
FOLDER = tempfile.mkdtemp(prefix="edge-test-")
atexit.register(shutil.rmtree, FOLDER, True)
WAIT = 20

OPTIONS = (b"OPTIONS sip:edge.example SIP/2.0\r\nVia: SIP/2.0/TLS phone.invalid;branch=z9hG4bK1\r\n"
           b"Max-Forwards: 70\r\nContent-Length: 4\r\n\r\nbody")
CRLF = b"\r\n"


def openssl(*words, text=None):
    return subprocess.run(["openssl", *words], input=text, capture_output=True, check=True,
                          cwd=FOLDER, timeout=60).stdout


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, name):
        self.name = name
        self.file = self.path("pem")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.path("key"), "-out", self.file, "-subj", f"/CN={name}",
                "-days", "2", "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign")

    def path(self, end):
        return os.path.join(FOLDER, f"{self.name}.{end}")

    def issue(self, name, san, subject="/CN=ignored", kind="ec", ca=False):
        """Returns (certificate file, key file); the file holds the chain of an intermediate."""
        key, request, extensions, certificate = (os.path.join(FOLDER, f"{name}.{end}")
                                                 for end in ("key", "csr", "ext", "pem"))
        new = (["-newkey", "rsa:2048"] if kind == "rsa"
               else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        openssl("req", "-new", *new, "-nodes", "-keyout", key, "-out", request, "-subj", subject)
        with open(extensions, "w", encoding="ascii") as file:
            if san:
                file.write(f"subjectAltName={san}\n")
            file.write("basicConstraints=critical,CA:%s\n" % ("TRUE" if ca else "FALSE"))
            if ca:
                file.write("keyUsage=critical,keyCertSign\n")
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.path("key"),
                "-CAcreateserial", "-out", certificate, "-days", "2", "-extfile", extensions)
        return certificate, key


class Stub:
    """The edge's process. Events wait in lists until somebody asks for them."""

    def __init__(self, **limits):
        words = [f"{name.replace('_', '-')}={value}" for name, value in limits.items()]
        self.process = subprocess.Popen([os.path.join(BUILD, "tests/edge/edge-stub"), *words],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.kept = []
        threading.Thread(target=self.read, daemon=True).start()
        _, port, build = self.expect("stack").split()
        self.stack_port = int(port)
        # A sanitizer keeps freed memory back, so weights say nothing.
        self.weighs = build == "plain"

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put("end")

    def expect(self, *beginnings, wait=WAIT):
        """The first line, past or to come, that begins with one of the words."""
        deadline = time.monotonic() + wait
        for index, line in enumerate(self.kept):
            if line.split(" ")[0] in beginnings:
                return self.kept.pop(index)
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {beginnings} came; there is {self.kept}") from None
            if line.split(" ")[0] in beginnings:
                return line
            if line == "end":
                raise AssertionError(f"the stub ended with {self.process.wait()}")
            self.kept.append(line)

    def none(self, beginning, wait=0.3):
        try:
            line = self.expect(beginning, wait=wait)
        except AssertionError:
            return
        raise AssertionError(f"unwanted: {line}")

    def command(self, *words):
        self.process.stdin.write(" ".join(str(word) for word in words) + "\n")
        self.process.stdin.flush()
        line = self.expect("ok", "error")
        return line

    def do(self, *words):
        line = self.command(*words)
        assert line == "ok", line

    def ask(self, *words):
        self.do(*words)
        return int(self.expect(words[0] if words[0] != "memory" else "rss").split()[1])

    def counter(self, name):
        return self.ask("counter", name)

    def until(self, name, value, wait=WAIT):
        deadline = time.monotonic() + wait
        while (now := self.counter(name)) != value:
            assert time.monotonic() < deadline, f"{name} is {now}, not {value}"
            time.sleep(0.02)

    def listen(self, name, transport, *pairs, **options):
        words = [f"{key.replace('_', '-')}={value}" for key, value in options.items()]
        if pairs:
            words.append("pairs=" + ",".join(file for pair in pairs for file in pair))
        self.do("listen", name, transport, *words)
        return int(self.expect("port").split()[1])

    def opened(self):
        names = ("id listener transport address port version cipher verified "
                 "loopback loopback_port").split()
        return dict(zip(names, self.expect("opened").split(" ")[1:]))

    def closed(self, number):
        """Why a connection closed."""
        while True:
            _, closed, reason = self.expect("closed").split(" ", 2)
            if closed == number:
                return reason

    def stop(self):
        self.do("stop")
        self.process.stdin.close()
        assert self.process.wait(WAIT) == 0, f"the stub ended with {self.process.returncode}"


def client(authority, **settings):
    context = ssl.create_default_context(cafile=authority.file)
    context.check_hostname = settings.pop("check", True)
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def dial(port, context=None, name="edge.example", host="127.0.0.1", source=None):
    plain = socket.create_connection((host, port), WAIT, (source, 0) if source else None)
    return context.wrap_socket(plain, server_hostname=name) if context else plain


def read_exactly(stream, size):
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise AssertionError(f"ended after {data!r}")
        data += part
    return data


def exchange(stream, message=OPTIONS):
    """The stand-in for the stack writes back what it gets."""
    stream.sendall(message)
    got = read_exactly(stream, len(message))
    assert got == message, got


def ends(stream, message=b""):
    """Whether the far side closes, cleanly or not."""
    try:
        stream.sendall(message)
        while stream.recv(65536):
            pass
    except ssl.SSLError:
        pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    return True


class WebSocket:
    """RFC 6455's client side, in the open, so that a test can break any rule of it."""

    def __init__(self, stream):
        self.stream = stream
        self.buffer = b""

    def upgrade(self, path="/", protocol="sip", version="13", origin=None, method="GET",
                key="dGhlIHNhbXBsZSBub25jZQ==", upgrade="websocket", early=b"", extra=""):
        lines = [f"{method} {path} HTTP/1.1", "Host: edge.example",
                 "Connection: keep-alive, Upgrade"]
        for name, value in (("Upgrade", upgrade), ("Sec-WebSocket-Key", key), ("Origin", origin),
                            ("Sec-WebSocket-Protocol", protocol),
                            ("Sec-WebSocket-Version", version)):
            if value is not None:
                lines.append(f"{name}: {value}")
        self.stream.sendall(("\r\n".join(lines) + extra + "\r\n\r\n").encode() + early)
        return self.answer()

    def answer(self):
        while b"\r\n\r\n" not in self.buffer:
            part = self.stream.recv(4096)
            if not part:
                raise AssertionError(f"ended after {self.buffer!r}")
            self.buffer += part
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.head = head.decode()
        return int(self.head.split()[1])

    def open(self, **settings):
        status = self.upgrade(**settings)
        assert status == 101, self.head
        assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in self.head, self.head
        assert "Sec-WebSocket-Protocol: sip" in self.head, self.head
        return self

    @staticmethod
    def frame(payload, opcode=1, fin=True, masked=True, length=None, reserved=0):
        length = len(payload) if length is None else length
        first = (0x80 if fin else 0) | reserved << 4 | opcode
        mark = 0x80 if masked else 0
        if length < 126:
            head = struct.pack("!BB", first, mark | length)
        elif length < 65536:
            head = struct.pack("!BBH", first, mark | 126, length)
        else:
            head = struct.pack("!BBQ", first, mark | 127, length)
        if not masked:
            return head + payload
        mask = os.urandom(4)
        return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))

    def send(self, payload, **settings):
        self.stream.sendall(self.frame(payload, **settings))

    def take(self, size):
        while len(self.buffer) < size:
            part = self.stream.recv(65536)
            if not part:
                raise AssertionError(f"ended after {self.buffer!r}")
            self.buffer += part
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def receive(self):
        """(opcode, payload) of the next frame."""
        first, second = self.take(2)
        assert not second & 0x80, "a server's frame is masked"
        assert first & 0x80, "a server's message came in fragments"
        length = second
        if length == 126:
            length, = struct.unpack("!H", self.take(2))
        elif length == 127:
            length, = struct.unpack("!Q", self.take(8))
        return first & 15, self.take(length)

    def close_code(self):
        opcode, payload = self.receive()
        assert opcode == 8, (opcode, payload)
        return struct.unpack("!H", payload[:2])[0] if payload else None


def run(tests):
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        try:
            test()
            result = "ok"
        except BaseException:  # pylint: disable=broad-except
            result = "not ok"
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
        print(f"{result} {number} - {test.__name__.replace('_', '-')}", flush=True)
    sys.exit(0)
