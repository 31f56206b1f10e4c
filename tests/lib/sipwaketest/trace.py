# SPDX-License-Identifier: LGPL-2.1-or-later
"""trace: every message of a test in the order in which our side saw it."""
import threading
import time

from .message import Malformed, Message
from .uri import host_port


class Event:
    """One message on one of our sockets."""

    def __init__(self, who, sent, transport, local, remote, data):
        self.time = time.monotonic()
        self.who = who
        self.sent = sent
        self.transport = transport
        self.source, self.destination = (local, remote) if sent else (remote, local)
        self.data = data
        try:
            self.message = Message.parse(data)
        except Malformed:
            self.message = None

    @property
    def label(self):
        """Such as "pbx> INVITE" for sent and "pbx< 180 INVITE" for received."""
        message = self.message
        if message is None:
            text = repr(self.data[:20])
        elif message.is_request:
            text = message.method
        else:
            text = f"{message.status} {message.method}"
        return f"{self.who}{'>' if self.sent else '<'} {text}"


class Trace:
    def __init__(self):
        self.start = time.monotonic()
        self.events = []
        self.notes = []
        self.lock = threading.Lock()

    def add(self, *args):
        event = Event(*args)
        with self.lock:
            self.events.append(event)
        return event

    def note(self, text):
        """Something that is no SIP message but belongs in the story: a push, a restart."""
        with self.lock:
            self.notes.append((time.monotonic(), text))

    def received(self, who):
        return [e for e in self.select(who) if not e.sent]

    def once(self, who, sent=False):
        """The messages that this party got or sent, without those that came again: who waits for
        half a second repeats, and a machine may stand still for that long."""
        first = {}
        for event in self.select(who):
            if event.sent == sent and event.message:
                first.setdefault(event.data, event.message)
        return list(first.values())

    def select(self, who=None, method=None):
        with self.lock:
            events = list(self.events)
        return [e for e in events if (who is None or e.who == who) and
                (method is None or (e.message and e.message.method == method))]

    def labels(self, *, without=()):
        """The story as labels; what was repeated on the wire counts once.

        Provisional answers stand as often as they came: a phone's 180 may equal the held one.
        """
        seen, labels = set(), []
        for event in self.select():
            key = (event.who, event.sent, event.data)
            if event.label.split("> ")[-1].split("< ")[-1] in without:
                continue
            provisional = event.message and 0 < event.message.status < 200
            if key not in seen or provisional:
                labels.append(event.label)
            seen.add(key)
        return labels

    def assert_order(self, *expected):
        """The given labels appear in this order, whatever stands between them."""
        labels = self.labels()
        position = 0
        for label in expected:
            assert label in labels[position:], f"no {label!r} in its turn; order was {labels}"
            position = labels.index(label, position) + 1

    def assert_absent(self, who, text):
        """No byte string like `text`, in whatever case, reached this party."""
        needle = text.lower().encode() if isinstance(text, str) else text.lower()
        for event in self.received(who):
            assert needle not in event.data.lower(), f"{text!r} reached {who} in {event.label}"

    def lines(self, whole=True):
        """The story for a reader: one line per message, then the message itself."""
        with self.lock:
            story = [(e.time, e) for e in self.events] + self.notes
        for moment, item in sorted(story, key=lambda entry: entry[0]):
            stamp = f"{(moment - self.start) * 1000:9.1f} ms "
            if isinstance(item, str):
                yield f"{stamp}   -- {item}"
                continue
            source, destination = host_port(*item.source[:2]), host_port(*item.destination[:2])
            yield f"{stamp}{item.label}  ({item.transport} {source} -> {destination})"
            if whole:
                for line in item.data.decode("utf-8", "replace").rstrip().splitlines()[:60]:
                    yield f"              | {line}"
