# SPDX-License-Identifier: LGPL-2.1-or-later
"""message: one SIP message, read leniently and written exactly as it was put together.

The bytes that came from the wire stay in `raw`, so that a test can assert on what was really sent.
"""

import re

COMPACT = {"v": "via", "f": "from", "t": "to", "m": "contact", "i": "call-id", "l": "content-length",
           "c": "content-type", "e": "content-encoding", "k": "supported", "s": "subject",
           "o": "event", "r": "refer-to", "b": "referred-by", "x": "session-expires"}

# What stands before an element's parameters: a name-addr, or anything up to the first semicolon.
NAME_ADDR = re.compile(r'(?:(?:"(?:[^"\\]|\\.)*"|[^"<;]*)\s*<[^>]*>|[^;]*)')
PARAMETER = re.compile(r';\s*([^=;\s]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^;]*))?')


class Malformed(ValueError):
    """What was received is no SIP message."""


def canonical(name):
    name = name.strip().lower()
    return COMPACT.get(name, name)


def split_commas(text):
    """Splits a header's value at the commas that separate elements."""
    parts, part, quoted, angle, escaped = [], "", False, False, False
    for char in text:
        if escaped:
            escaped = False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif not quoted and char in "<>":
            angle = char == "<"
        elif char == "," and not quoted and not angle:
            parts.append(part.strip())
            part = ""
            continue
        part += char
    return [p for p in parts + [part.strip()] if p]


class Message:
    """A request or a response: start line, headers in order, body."""

    def __init__(self, start, headers=(), body=b""):
        self.start = start
        self.headers = list(headers)
        self.body = body.encode() if isinstance(body, str) else body
        self.raw = None
        self.flow = None  # how it came, for what was received

    @classmethod
    def parse(cls, data):
        head, separator, body = data.partition(b"\r\n\r\n")
        if not separator:
            raise Malformed("no empty line after the headers")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        headers = []
        for line in lines[1:]:
            if line[:1] in (" ", "\t") and headers:
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + line.strip())
                continue
            name, colon, value = line.partition(":")
            if not colon:
                raise Malformed(f"a header without a colon: {line!r}")
            headers.append((name.strip(), value.strip()))
        message = cls(lines[0], headers, body)
        words = lines[0].split(" ", 2)
        if len(words) < 3 or "SIP/2.0" not in (words[0], words[2]):
            raise Malformed(f"no start line: {lines[0]!r}")
        length = message.get("Content-Length")
        if length is not None:
            if not length.isdigit() or int(length) > len(body):
                raise Malformed(f"Content-Length {length} of {len(body)} bytes")
            message.body = body[:int(length)]
        message.raw = data
        return message

    @classmethod
    def request(cls, method, uri, headers=(), body=b""):
        return cls(f"{method} {uri} SIP/2.0", headers, body)

    @property
    def is_request(self):
        return not self.start.startswith("SIP/2.0 ")

    @property
    def method(self):
        """The method of a request, or the one that a response answers."""
        return self.start.split(" ")[0] if self.is_request else self.cseq[1]

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @property
    def status(self):
        return 0 if self.is_request else int(self.start.split(" ")[1])

    @property
    def cseq(self):
        number, method = self.get("CSeq").split()
        return int(number), method

    @property
    def call_id(self):
        return self.get("Call-ID")

    @property
    def branch(self):
        via = self.values("Via")
        return parameter(via[0], "branch") if via else None

    def get(self, name, default=None):
        for key, value in self.headers:
            if canonical(key) == canonical(name):
                return value
        return default

    def get_all(self, name):
        return [value for key, value in self.headers if canonical(key) == canonical(name)]

    def values(self, name):
        """All elements of a header that may be a list, whether by commas or by repetition."""
        return [part for value in self.get_all(name) for part in split_commas(value)]

    def add(self, name, value):
        self.headers.append((name, str(value)))
        return self

    def remove(self, name):
        self.headers = [(k, v) for k, v in self.headers if canonical(k) != canonical(name)]
        return self

    def set(self, name, value):
        for index, (key, _) in enumerate(self.headers):
            if canonical(key) == canonical(name):
                self.headers[index] = (key, str(value))
                return self
        return self.add(name, value)

    def to_bytes(self):
        """Content-Length is supplied unless a header says it (perhaps wrongly, on purpose)."""
        lines = [self.start] + [f"{name}: {value}" for name, value in self.headers]
        if self.get("Content-Length") is None:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape") + self.body

    def response(self, status, reason, headers=(), body=b""):
        """A response to this request, with what every response copies."""
        copied = [(k, v) for k, v in self.headers
                  if canonical(k) in ("via", "from", "to", "call-id", "cseq")]
        return Message(f"SIP/2.0 {status} {reason}", copied + list(headers), body)

    def __str__(self):
        return self.start


def parameter(value, name):
    """A parameter behind a header's element, outside any angle brackets; "" when it has no value."""
    for key, text in PARAMETER.findall(value[NAME_ADDR.match(value).end():]):
        if key.lower() == name.lower():
            return text
    return None


def uri_of(value):
    """The URI within a From, To, Contact or Route element."""
    if "<" in value:
        return value[value.index("<") + 1:value.index(">")]
    return value.split(";")[0].strip()
