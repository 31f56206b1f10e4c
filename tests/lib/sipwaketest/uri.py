# SPDX-License-Identifier: LGPL-2.1-or-later
"""uri: a SIP URI taken apart."""
import re

SHAPE = re.compile(r"(?P<scheme>sips?):(?:(?P<user>[^@]*)@)?(?P<host>\[[^\]]*\]|[^:;?]+)"
                   r"(?::(?P<port>\d+))?(?P<params>;[^?]*)?(?:\?.*)?$", re.I)


class Uri:
    def __init__(self, text):
        found = SHAPE.match(text)
        if not found:
            raise ValueError(f"no SIP URI: {text!r}")
        self.text = text
        self.scheme = found["scheme"].lower()
        self.user = found["user"]
        self.host = found["host"].strip("[]")
        self.port = int(found["port"] or 5060)
        self.params = {}
        for part in (found["params"] or "").split(";")[1:]:
            key, _, value = part.partition("=")
            self.params[key.lower()] = value

    @property
    def transport(self):
        return self.params.get("transport", "udp").lower()

    @property
    def address(self):
        return self.host, self.port

    def with_user(self, user):
        """The same URI with another user part, as a PBX writes that dials the extension."""
        rest = self.text.split(":", 1)[1].rpartition("@")[2]
        return f"{self.scheme}:{user}@{rest}"


def host_port(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
