# SPDX-License-Identifier: LGPL-2.1-or-later
"""endpoint: sockets of one party (UDP and streams on one port) and the thread that reads them."""
import re
import selectors
import socket
import threading
import time

from . import ports, stream

LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d+)", re.I)
ESTABLISHED, CLOSE_WAIT = "01", "08"


class Flow:
    """A way to a peer: a datagram address, or one connection, which then has a stream."""

    def __init__(self, endpoint, transport, sock, remote, connection=None):
        self.endpoint = endpoint
        self.transport = transport
        self.sock = sock
        self.connection = connection
        self.remote = remote[:2]
        self.local = sock.getsockname()[:2]
        self.buffer = b""
        self.closed = False

    def send(self, data):
        self.endpoint.trace.add(self.endpoint.name, True, self.transport, self.local, self.remote,
                                data)
        self.write(data)

    def send_keepalive(self, data=b"\r\n\r\n"):
        """What is no SIP message and so stands in no trace."""
        self.write(data)

    def write(self, data):
        if self.connection:
            self.connection.write(data)
        else:
            self.sock.sendto(data, self.remote)


class Endpoint:
    """Reads its sockets in a thread of its own and gives each message to on_message().

    `tls` is what its own connections need, `server_tls` makes TLS of those that come to it.
    """

    def __init__(self, stage, name, address, port=0, tls=None, server_tls=None):
        self.tls = tls
        self.server_tls = server_tls
        self.stage = stage
        self.trace = stage.trace
        self.name = name
        self.address = address
        self.port = port
        self.flows = []
        self.pongs = 0
        self.frozen = False
        self.thread = None
        self.changed = threading.Condition()
        stage.own(self)
        self.open(port)

    def open(self, port=0):
        self.udp, self.listener = ports.bind_pair(self.address, port)
        self.port = self.udp.getsockname()[1]
        self.bell, self.rope = socket.socketpair()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.udp, selectors.EVENT_READ, self.read_datagram)
        self.selector.register(self.listener, selectors.EVENT_READ, self.accept)
        self.selector.register(self.bell, selectors.EVENT_READ, None)
        self.thread = threading.Thread(target=self.run, name=self.name, daemon=True)
        self.thread.start()

    @property
    def is_open(self):
        return self.thread is not None

    def close(self):
        """Closes every socket, as a phone does whose process is gone."""
        if not self.thread:
            return
        self.rope.send(b"x")
        self.thread.join(5)
        self.thread = None
        self.close_connections()
        for sock in (self.udp, self.listener, self.bell, self.rope):
            sock.close()
        self.selector.close()

    def udp_flow(self, remote):
        return Flow(self, "udp", self.udp, remote)

    def stream_flow(self, transport, remote):
        """The open connection to this peer, or a new one."""
        for flow in list(self.flows):
            if flow.remote == tuple(remote[:2]) and not flow.closed:
                return flow
        return self.new_flow(transport, remote)

    def new_tcp_flow(self, remote):
        """A further connection."""
        return self.new_flow("tcp", remote)

    def new_flow(self, transport, remote):
        sock = socket.socket(ports.family(self.address), socket.SOCK_STREAM)
        sock.settimeout(5)
        sock.bind((self.address, 0))
        sock.connect(remote)
        return self.adopt(transport, stream.connect(sock, transport, self.tls))

    def flow_to(self, transport, remote):
        return self.udp_flow(remote) if transport == "udp" else self.stream_flow(transport, remote)

    def adopt(self, transport, connection):
        sock = connection.sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        flow = Flow(self, transport, sock, sock.getpeername(), connection)
        self.flows.append(flow)
        self.selector.register(sock, selectors.EVENT_READ, lambda: self.read_stream(flow))
        self.rope.send(b"n")
        return flow

    def drop(self, flow):
        """Closes one connection."""
        if flow.closed:
            return
        flow.closed = True
        self.selector.unregister(flow.sock)
        self.flows.remove(flow)
        flow.sock.close()
        with self.changed:
            self.changed.notify_all()

    def close_connections(self):
        """They are over for the other side as well, unless it takes its time: what it sends before
        it has heard of that is lost."""
        gone = {(ports.kernel_name(*flow.remote), ports.kernel_name(*flow.local))
                for flow in self.flows}
        for flow in list(self.flows):
            self.drop(flow)
        deadline = time.monotonic() + 1
        while self.is_held(gone) and time.monotonic() < deadline:
            time.sleep(0.005)

    def is_held(self, gone):
        """Whether the other side still has one of these connections open."""
        if not gone:
            return False
        with open("/proc/net/tcp6" if ":" in self.address else "/proc/net/tcp",
                  encoding="ascii") as file:
            rows = [line.split() for line in file]
        return any((row[1], row[2]) in gone and row[3] in (ESTABLISHED, CLOSE_WAIT) for row in rows)

    def wait_closed(self, flow, timeout=10):
        """The other side closes it."""
        with self.changed:
            assert self.changed.wait_for(lambda: flow.closed, timeout), \
                f"{self.name}: a connection is open after {timeout} s"

    def run(self):
        while True:
            for key, _ in self.selector.select(1):
                if key.fileobj is self.bell:
                    if b"x" in self.bell.recv(64):
                        return
                else:
                    key.data()

    def accept(self):
        sock, _ = self.listener.accept()
        if not self.server_tls:
            self.adopt("tcp", stream.Stream(sock))
            return
        sock.settimeout(stream.PATIENCE)
        try:
            self.adopt("tls", stream.Stream(self.server_tls.wrap_socket(sock, server_side=True)))
        except OSError as error:
            self.trace.note(f"{self.name}: no handshake: {error}")
            sock.close()

    def read_datagram(self):
        try:
            data, remote = self.udp.recvfrom(65536)
        except OSError:
            return
        if not data.strip(b"\r\n\0"):
            self.on_keepalive()
            return
        self.receive(data, Flow(self, "udp", self.udp, remote))

    def read_stream(self, flow):
        data = flow.connection.read()
        if data is None:
            return
        if not data:
            self.drop(flow)
            return
        flow.buffer += data
        while self.cut_message(flow):
            pass

    def cut_message(self, flow):
        while flow.buffer.startswith(b"\r\n"):
            flow.buffer = flow.buffer[2:]
            self.on_keepalive()
        head, separator, rest = flow.buffer.partition(b"\r\n\r\n")
        if not separator:
            return False
        found = LENGTH.search(head)
        length = int(found.group(1)) if found else 0
        if len(rest) < length:
            return False
        size = len(head) + 4 + length
        data, flow.buffer = flow.buffer[:size], flow.buffer[size:]
        self.receive(data, flow)
        return True

    def on_keepalive(self):
        with self.changed:
            self.pongs += 1
            self.changed.notify_all()

    def receive(self, data, flow):
        event = self.trace.add(self.name, False, flow.transport, flow.local, flow.remote, data)
        if event.message is not None:
            event.message.flow = flow
        if not self.frozen:
            self.on_message(event.message, data, flow)

    def on_message(self, message, data, flow):
        """Called in the reading thread; `message` is None for what is no SIP."""
        raise NotImplementedError
