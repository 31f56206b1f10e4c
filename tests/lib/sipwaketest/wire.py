# SPDX-License-Identifier: LGPL-2.1-or-later
"""wire: SIP over UDP as it passes on the loopback device, with the kernel's own time of each packet."""
import ctypes
import os
import re
import socket
import struct
import sys
import threading

ETH_P_IP = 0x0800
SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
SOL_PACKET = 263
PACKET_STATISTICS = 6
# UDP alone, and of each packet, which is seen twice on loopback, only its arrival.
FILTER = ((0x30, 0, 0, 9), (0x15, 0, 3, 17), (0x30, 0, 0, 0xfffff004), (0x15, 1, 0, 4),
          (0x06, 0, 0, 0x40000), (0x06, 0, 0, 0))


class Packet:
    def __init__(self, time, source, destination, data):
        self.time = time
        self.source = source  # port
        self.destination = destination
        self.start, _, self.rest = data.partition(b"\r\n")

    def header(self, name):
        found = re.search(rb"^" + name + rb": *([^\r]*)", self.rest, re.M | re.I)
        return found[1] if found else b""


class Wire:
    """Listens from its making until take()."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
        code = ctypes.create_string_buffer(b"".join(struct.pack("@HBBI", *line) for line in FILTER))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                               struct.pack("@HP", len(FILTER), ctypes.addressof(code)))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self.socket.bind(("lo", ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.settimeout(0.2)
        self.packets = []
        self.over = False
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while not self.over:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(65536, 64)
            except TimeoutError:
                continue
            start = (data[0] & 15) * 4
            source, destination = struct.unpack_from("!HH", data, start)
            seconds, nanoseconds = struct.unpack("@qq", ancillary[0][2][:16])
            self.packets.append(Packet(seconds + nanoseconds / 1e9, source, destination,
                                       data[start + 8:]))

    def take(self):
        """Ends it; returns the packets in their order. It is an error when some were missed."""
        self.over = True
        self.thread.join(5)
        _, dropped = struct.unpack("@II", self.socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        self.socket.close()
        assert not dropped, f"{dropped} packets were missed"
        return self.packets


def enter_own_network():
    """Starts this program once more in a network of its own, where anybody may listen, and where
    nobody else speaks."""
    if os.environ.get("OWN_NETWORK"):
        return
    os.environ["OWN_NETWORK"] = "1"
    command = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c",
               'ip link set lo up && exec "$@"', "sh", sys.executable, *sys.argv]
    os.execvp(command[0], command)
