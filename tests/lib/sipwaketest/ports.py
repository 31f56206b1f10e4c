# SPDX-License-Identifier: LGPL-2.1-or-later
"""ports: addresses by role, and port numbers that are free."""
import random
import socket
import struct

# One loopback address per role, so that the source of a message tells who sent it.
PHONES_SIDE = "127.0.0.2"
PBX_SIDE = "127.0.0.3"
PBX = "127.0.0.4"
PHONE = "127.0.0.5"
OTHER_PHONE = "127.0.0.6"
CALLER = "127.0.0.7"
SECOND_PBX = "127.0.0.8"
STRANGER = "127.0.0.9"
EDGE = "127.0.0.10"

FIRST, END = 20000, 32768  # below those that the kernel gives out
UNTRIED = random.sample(range(FIRST, END), END - FIRST)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def kernel_name(address, port):
    """What /proc/net/tcp and tcp6 call it."""
    packed = socket.inet_pton(family(address), address)
    words = struct.unpack(f"={len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{port:04X}"


def bind_pair(address, port=0, attempts=20):
    """A UDP socket and a listening TCP socket on one port."""
    for _ in range(attempts):
        tcp = socket.socket(family(address), socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        udp = socket.socket(family(address), socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        try:
            tcp.bind((address, port))
            udp.bind((address, tcp.getsockname()[1]))
            tcp.listen(128)
            return udp, tcp
        except OSError:
            tcp.close()
            udp.close()
            if port:
                raise
    raise OSError(f"no port is free on {address} for UDP and TCP")


def free_port(address):
    """A port that was free for UDP and TCP a moment ago; for a process that binds it itself.

    The kernel would give one of its own to somebody else before that process comes, and so would we
    if we named one twice.
    """
    while UNTRIED:
        port = UNTRIED.pop()
        try:
            udp, tcp = bind_pair(address, port)
        except OSError:
            continue
        udp.close()
        tcp.close()
        return port
    raise OSError(f"no port is free on {address} for UDP and TCP")
