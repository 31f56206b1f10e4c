# SPDX-License-Identifier: LGPL-2.1-or-later
"""digest: challenges and answers of RFC 3261 section 22 (MD5, SHA-256; qop auth or none)."""
import hashlib
import re
import secrets

HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
FIELD = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^,\s]*))')


def parse(value):
    """The fields of a `Digest ...` header by lower-case name."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "digest":
        raise ValueError(f"not Digest: {value!r}")
    return {name.lower(): quoted or bare for name, quoted, bare in FIELD.findall(rest)}


def response(fields, password, method):
    """The response that belongs to these fields (those of an Authorization)."""
    algorithm = fields.get("algorithm") or "MD5"

    def hashed(*parts):
        return HASHES[algorithm.upper()](":".join(parts).encode()).hexdigest()

    ha1 = hashed(fields["username"], fields["realm"], password)
    ha2 = hashed(method, fields["uri"])
    if fields.get("qop"):
        return hashed(ha1, fields["nonce"], fields["nc"], fields["cnonce"], fields["qop"], ha2)
    return hashed(ha1, fields["nonce"], ha2)


class Credentials:
    """A phone's user and password; counts the uses of a nonce."""

    def __init__(self, user, password):
        self.user = user
        self.password = password
        self.uses = {}

    def answer(self, challenge, method, uri):
        """The value of an Authorization for the value of a WWW-Authenticate."""
        offered = parse(challenge)
        fields = {"username": self.user, "realm": offered["realm"], "nonce": offered["nonce"],
                  "uri": uri}
        if offered.get("algorithm"):
            fields["algorithm"] = offered["algorithm"]
        if offered.get("opaque"):
            fields["opaque"] = offered["opaque"]
        if "auth" in [word.strip() for word in offered.get("qop", "").split(",")]:
            self.uses[offered["nonce"]] = self.uses.get(offered["nonce"], 0) + 1
            fields.update(qop="auth", nc=f"{self.uses[offered['nonce']]:08x}",
                          cnonce=secrets.token_hex(6))
        fields["response"] = response(fields, self.password, method)
        bare = ("algorithm", "qop", "nc")
        return "Digest " + ", ".join(f"{name}={value}" if name in bare else f'{name}="{value}"'
                                     for name, value in fields.items())


class Guard:
    """A PBX's side: gives out nonces and judges the answers."""

    def __init__(self, realm, passwords, algorithm="MD5", qop="auth"):
        self.realm = realm
        self.passwords = passwords
        self.algorithm = algorithm
        self.qop = qop
        self.nonces = {}

    def challenge(self, stale=False):
        nonce = secrets.token_hex(12)
        self.nonces[nonce] = 0
        value = f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={self.algorithm}'
        value += ', opaque="0a1b2c"'
        if self.qop:
            value += f', qop="{self.qop}"'
        return value + (", stale=true" if stale else "")

    def judge(self, authorization, method):
        """Returns (verdict, user); the verdict is one of ok, none, stale, wrong."""
        if authorization is None:
            return "none", None
        fields = parse(authorization)
        user = fields.get("username")
        if fields.get("nonce") not in self.nonces:
            return "stale", user
        if self.qop:
            count = int(fields.get("nc") or "0", 16)
            if count <= self.nonces[fields["nonce"]]:
                return "stale", user
            self.nonces[fields["nonce"]] = count
        if fields.get("realm") != self.realm or user not in self.passwords:
            return "wrong", user
        if (fields.get("algorithm") or "MD5").upper() != self.algorithm:
            return "wrong", user
        right = response(fields, self.passwords[user], method) == fields.get("response")
        return ("ok" if right else "wrong"), user

    def forget(self):
        self.nonces.clear()
