# SPDX-License-Identifier: LGPL-2.1-or-later
"""sdp: a session description with a name in it, so that a test can tell whose it is."""


def sdp(name, address="127.0.0.1", port=40000, direction="sendrecv", version=1):
    kind = "IP6" if ":" in address else "IP4"
    lines = ["v=0", f"o={name} 4711 {version} IN {kind} {address}", f"s={name}",
             f"c=IN {kind} {address}", "t=0 0", f"m=audio {port} RTP/AVP 8 0 101",
             "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000",
             "a=fmtp:101 0-15", "a=x-own-attribute:kept", f"a={direction}"]
    return ("\r\n".join(lines) + "\r\n").encode()
