# SPDX-License-Identifier: LGPL-2.1-or-later
"""ladder: one party's side of a call, rung by rung, which sipp then plays.

    caller([send("INVITE", OFFER), may("100 INVITE"), recv("200 INVITE"), send("ACK"), ...])

A request is named by its method, an answer by its status and the method that it is for. sipp fails
when something else arrives, or in another order, or in the moment after the last rung. The keys
`uri`, `domain`, `me` and `peer` of the process say who calls whom.
"""
import os
import re
from xml.sax.saxutils import quoteattr

AGAIN = 2000  # milliseconds to the first repetition, since here nothing gets lost but time
CALM = 250  # milliseconds after the last rung in which nothing may come
END = 99  # the label after all
STEP = 20  # milliseconds from one look at a flag to the next
WORDS = "words"  # the file of what is told, in the directory where sipp runs
VIA = "SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]-[call_number]-"
CONTACT = "<sip:[me]@[local_ip]:[local_port];transport=[transport]>"
CALLER = "<sip:[me]@[domain]>;tag=[pid]c[call_number]"
PUSHED = ("<sip:[me]@[local_ip]:[local_port];transport=[transport];[push]>;"
          '+sip.instance="<urn:uuid:[instance]>"')
DIALOGS = ("INVITE", "SUBSCRIBE")
EARLY = ("PRACK", "UPDATE")  # what is sent inside a dialog that is not up yet
REASONS = {"180": "Ringing", "183": "Session Progress", "200": "OK", "202": "Accepted"}


class Rung:
    """`checks` are regular expressions by header, or by `body`, None for what must not be there.

    What one finds may be sent afterwards, by all calls of the process: `RSeq` as [$RSeq], `Call_ID`
    as [$Call_ID]. `same` repeats the last request; `tag` is ours in another early dialog; `then`
    are rungs instead of those that follow.
    """

    def __init__(self, kind, what, body="", headers=(), checks=None, same=False, tag=None,
                 then=()):
        self.kind = kind
        self.what = what
        status, _, method = what.rpartition(" ")
        self.status = status
        self.method = method
        self.body = body.decode() if isinstance(body, bytes) else body
        self.headers = headers
        self.checks = checks or {}
        self.same = same
        self.tag = tag
        self.then = then

    def has(self, header):
        return any(line.startswith(f"{header}:") for line in self.headers)


def send(what, body="", headers=(), same=False, tag=None):
    return Rung("send", what, body, headers, same=same, tag=tag)


def recv(what, **checks):
    return Rung("recv", what, checks=checks)


def may(what, *then):
    """What comes or does not; when it does, `then` goes on in place of what follows."""
    return Rung("may", what, then=then)


def probed():
    """Who is asked whether it is there says so, and that was all of this call."""
    return Rung("probed", "OPTIONS")


def challenge(what):
    """Who proves nothing gets 407, and that was all of this call."""
    return Rung("challenge", what)


def pause(milliseconds):
    return Rung("pause", str(milliseconds))


def flag(name):
    """Tells the other calls of the process that this one has come here."""
    return Rung("flag", name)


def until(name, count=1):
    """Waits until so many calls of the process have."""
    return Rung("until", name, checks={"count": count})


def told(word):
    """Waits until tell() says this."""
    return Rung("told", word)


def tell(directory, word):
    """Lets all players there go on that wait to be told this."""
    path = os.path.join(directory, WORDS)
    with open(f"{path}.new", "w", encoding="ascii") as file:
        file.write(f"{word}\n")
    os.replace(f"{path}.new", path)


def register():
    """Answers a challenge; `push` and `instance` are keys of the process, too."""
    return [send("REGISTER"), recv("401 REGISTER"),
            send("REGISTER", headers=("[authentication]",)), recv("200 REGISTER")]


def awake(calls=1):
    """A phone that registers, and stays until so many calls of its other ladder are through.

    It never ends, and thereby fails, when there are more of them.
    """
    return Ladder(False, register(), [until("through", calls), until("begun", calls)]).text()


def caller(rungs):
    """Who sends the first request, and of whom sipp makes a call."""
    return Ladder(False, rungs, [pause(CALM)]).text()


def called(rungs):
    """Who receives the first request."""
    return Ladder(True, rungs, [pause(CALM), flag("through")]).text()


def goes_on(rungs):
    """Who was called, and comes back into the dialog as another process."""
    return Ladder(True, rungs, [pause(CALM), flag("through")], own_tag="").text()


class Ladder:
    """Writes the XML of sipp; what a dialog remembers (RFC 3261 section 12) are variables there.

    `rungs` lead to `top`, and so do those that go in their place.
    """

    def __init__(self, is_called, rungs, top, own_tag=";tag=[pid]p[call_number]"):
        self.is_called = is_called
        self.own_tag = own_tag
        self.rungs = rungs
        self.top = top
        self.number = 0  # of our own requests
        self.invite = 0  # of our last INVITE
        self.target = None  # the Request-URI of that
        self.refused = False
        self.joined = is_called
        self.labels = 0
        self.apart = ""  # what is reached by a label alone
        self.flags = set()
        self.names = set()

    def text(self):
        body = self.write([*self.rungs, *self.top])
        shared = ",".join(sorted(self.flags))
        head = f'<Global variables="{shared}"/>\n' if shared else ""
        body += f'<nop next="{END}"/>\n{self.apart}<label id="{END}"/>\n'
        names = ",".join(sorted(self.names | self.flags))
        tail = f'<Reference variables="{names}"/>\n' if names else ""
        return f'<?xml version="1.0"?>\n<scenario name="ladder">\n{head}{body}{tail}</scenario>\n'

    def write(self, rungs):
        return "".join(getattr(self, f"write_{rung.kind}")(rung) for rung in rungs)

    # What is sent

    def write_send(self, rung):
        start, via, number = self.answer(rung) if rung.status else self.request(rung)
        joined = self.joined or rung.method in ("ACK", *EARLY)
        far = "[$far]" if joined else "<sip:[peer]@[domain]>"
        own_tag = f";tag={rung.tag}" if rung.tag else self.own_tag
        near = f"[$near]{own_tag}" if self.is_called else CALLER
        sender, receiver = (far, near) if rung.status else (near, far)
        lines = [start, f"Via: {via}", f"From: {sender}", f"To: {receiver}", "Call-ID: [call_id]",
                 f"CSeq: {number}", *self.contact(rung), *rung.headers]
        if not rung.status and not rung.has("Max-Forwards"):
            lines.append("Max-Forwards: 70")
        if rung.body and not rung.has("Content-Type"):
            lines.append("Content-Type: application/sdp")
        lines.append("Content-Length: [len]")
        # sipp repeats until the next message comes.
        repeated = rung.what == "200 INVITE" or not rung.status and rung.method != "ACK"
        marks = f' retrans="{AGAIN}"' if repeated else ""
        text = "\n".join([*lines, "", rung.body.replace("\r\n", "\n")])
        self.flags.update(re.findall(r"\[\$([A-Z]\w*)\]", text))
        return f"<send{marks}><![CDATA[\n{text}]]></send>\n"

    def request(self, rung):
        """The start line, Via and CSeq."""
        method = rung.method
        if method not in ("ACK", "CANCEL") and not rung.same:
            self.number += 1
        uri = "[next_url]" if self.joined or method in EARLY else "[uri]"
        if method == "INVITE":
            self.invite, self.target, self.refused = self.number, uri, False
        number = self.invite if method in ("ACK", "CANCEL") else self.number
        branch = number
        if method == "CANCEL" or method == "ACK" and self.refused:
            uri = self.target
        elif method == "ACK":
            branch = f"{number}ack"
        return f"{method} {uri} SIP/2.0", f"{VIA}{branch}", f"{number} {method}"

    def answer(self, rung):
        method = rung.method
        return (f"SIP/2.0 {rung.status} {REASONS.get(rung.status, 'Whatever')}", f"[$via_{method}]",
                f"[$cseq_{method}]")

    def contact(self, rung):
        if rung.method == "REGISTER":
            return [f"Contact: {PUSHED}", "Expires: 3600"]
        makes = rung.method in (*DIALOGS, "UPDATE", "REFER")
        return [f"Contact: {CONTACT}"] if makes and rung.status < "300" else []

    # What is received

    def write_recv(self, rung, marks="", more=""):
        if rung.status:
            kind = f"response={quoteattr(rung.status)}"
            number = self.invite if rung.method in ("INVITE", "CANCEL") else self.number
            actions = self.keep("far", "To") if rung.status != "100" else ""
            actions += self.check("CSeq", f"^ *{number} {rung.method}$")
            if rung.status in ("401", "407"):
                marks += ' auth="true"'
            if rung.method in DIALOGS and rung.status >= "200":
                self.refused = rung.status >= "300"
                self.joined = self.joined or not self.refused
        else:
            kind = f"request={quoteattr(rung.method)}"
            actions = self.keep(f"via_{rung.method}", "Via") + self.keep(f"cseq_{rung.method}",
                                                                         "CSeq")
            if self.is_called and "near" not in self.names:
                actions += self.keep("far", "From") + self.keep("near", "To") + self.add("begun")
        if rung.method in DIALOGS and (not rung.status or "100" < rung.status < "300"):
            marks += ' rrs="true"'
        for name, wanted in rung.checks.items():
            actions += self.check(name, wanted)
        return f"<recv {kind}{marks}><action>\n{actions}{more}</action></recv>\n"

    def write_may(self, rung):
        if not rung.then:
            return self.write_recv(rung, ' optional="true"')
        self.labels += 1
        branch = self.labels
        text = self.write_recv(rung, f' optional="true" next="{branch}"')
        self.apart += (f'<label id="{branch}"/>\n{self.write([*rung.then, *self.top])}'
                       f'<nop next="{END}"/>\n')
        return text

    def write_probed(self, rung):
        self.labels += 1
        self.apart += f'<label id="{self.labels}"/>\n' + self.write_send(send("200 OPTIONS"))
        text = self.write_recv(rung, f' optional="true" next="{self.labels}"')
        self.names.remove("near")  # what comes next is the first of another call
        return text

    def write_challenge(self, rung):
        self.names.add("proved")
        self.labels += 1
        on = self.labels
        proof = ('<ereg regexp="Digest" search_in="hdr" header="Proxy-Authorization:" '
                 'assign_to="proved"/>\n')
        question = 'Proxy-Authenticate: Digest realm="[domain]", nonce="0a1b2c", algorithm=MD5'
        return (self.write_recv(rung, more=proof) + f'<nop next="{on}" test="proved"/>\n'
                + self.write_send(send(f"407 {rung.method}", headers=[question]))
                + self.write_recv(recv("ACK")) + f'<nop next="{END}"/>\n<label id="{on}"/>\n')

    def keep(self, name, header):
        self.names.add(name)
        return (f'<ereg regexp="[^ ].*" search_in="hdr" header="{header}:" check_it="true" '
                f'assign_to="{name}"/>\n')

    def check(self, name, wanted):
        self.flags.add(name)
        where = name.replace("_", "-")
        place = 'search_in="body"' if where == "body" else f'search_in="hdr" header="{where}:"'
        must = 'check_it_inverse="true"' if wanted is None else 'check_it="true"'
        return f'<ereg regexp={quoteattr(wanted or ".")} {place} {must} assign_to="{name}"/>\n'

    # What happens in between

    def write_pause(self, rung):
        return f'<pause milliseconds="{rung.what}"/>\n'

    def add(self, name):
        self.flags.add(name)
        return f'<add assign_to="{name}" value="1"/>\n'

    def write_flag(self, rung):
        return f"<nop><action>{self.add(rung.what)}</action></nop>\n"

    def write_until(self, rung):
        self.flags.add(rung.what)
        return self.look("arrived", f'<test assign_to="arrived" variable="{rung.what}" '
                         f'compare="equal" value="{rung.checks["count"]}"/>')

    def write_told(self, rung):
        # Where the file ends sipp ends nothing, and something else follows.
        self.names.add("said")
        name = f"told_{rung.what}"
        return self.look(name, f'<assignstr assign_to="said" value="[file name={WORDS}]"/>\n'
                         f'<ereg regexp="^{rung.what}\n" search_in="var" variable="said" '
                         f'assign_to="{name}"/>\n')

    def look(self, name, actions):
        """Does this from time to time, until there is something in the variable."""
        self.names.add(name)
        self.labels += 2
        again, on = self.labels - 1, self.labels
        return (f'<label id="{again}"/>\n<pause milliseconds="{STEP}"/>\n'
                f'<nop><action>{actions}</action></nop>\n'
                f'<nop next="{on}" test="{name}"/>\n<nop next="{again}"/>\n<label id="{on}"/>\n')
