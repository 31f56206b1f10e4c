# SPDX-License-Identifier: LGPL-2.1-or-later
"""registrar: the location service of the scripted PBX, with the habits of real ones."""
import time

from .message import parameter, split_commas, uri_of


class Contact:
    def __init__(self, uri, expires, flow, request):
        self.uri = uri
        self.until = time.monotonic() + expires
        self.granted = expires
        self.flow = flow
        self.value = request.get("Contact")
        self.call_id = request.call_id
        self.cseq = request.cseq[0]


class Registrar:
    """Contacts by user. `keep_one` replaces the contact of before; `max_contacts` says with how many
    further ones are refused; `grant` caps the expiry; `list_newest` tells in a 200 only what was
    just registered; `contact_params` follow each Contact in a 200."""

    def __init__(self, grant=3600, keep_one=False, max_contacts=0, min_expires=0,
                 contact_params=""):
        self.grant = grant
        self.keep_one = keep_one
        self.max_contacts = max_contacts
        self.min_expires = min_expires
        self.list_newest = False
        self.contact_params = contact_params
        self.contacts = {}

    def of(self, user):
        now = time.monotonic()
        return [c for c in self.contacts.get(user, {}).values() if c.until > now]

    def asked(self, request):
        """The expiry asked for the first contact."""
        values = split_commas(request.get("Contact") or "")
        text = parameter(values[0], "expires") if values else None
        return int(text if text is not None else request.get("Expires") or self.grant)

    def is_too_many(self, user, request):
        """As Asterisk counts: what is there, plus what comes, less what goes with it."""
        values = request.values("Contact")
        there = {c.uri for c in self.of(user)}
        comes = {uri_of(v) for v in values if self.expires_of(v, request) > 0} - there
        goes = {uri_of(v) for v in values if self.expires_of(v, request) == 0} & there
        return bool(self.max_contacts) and bool(comes) and \
            len(there) + max(len(comes) - len(goes), 0) > self.max_contacts

    def expires_of(self, value, request):
        text = parameter(value, "expires")
        return int(text if text is not None else request.get("Expires") or self.grant)

    def save(self, user, request):
        """Applies a REGISTER that was accepted; returns the Contact values of the 200."""
        mine = self.contacts.setdefault(user, {})
        values = request.values("Contact")
        if values == ["*"]:
            mine.clear()
            values = []
        for value in values:
            uri, expires = uri_of(value), self.expires_of(value, request)
            if expires == 0:
                mine.pop(uri, None)
                continue
            if self.keep_one:
                mine.clear()
            mine.pop(uri, None)
            mine[uri] = Contact(uri, min(expires, self.grant), request.flow, request)
        named = {uri_of(value) for value in values}
        return [f"<{c.uri}>;expires={int(c.until - time.monotonic() + 0.5)}{self.contact_params}"
                for c in self.of(user) if not self.list_newest or c.uri in named]

    def forget(self):
        self.contacts.clear()
