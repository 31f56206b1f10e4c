#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""push-proxy: an outgoing proxy for tests: CONNECT (RFC 9110 section 9.3.6) and SOCKS5 (RFC 1928).

Prints its port, then a line for each connection that it makes.
"""
import socket
import struct
import threading

SOCKS5, IPV4, NAME = 5, 1, 3


def read(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def meet_socks(client):
    """Returns where to, and what says that it was reached."""
    read(client, read(client, 1)[0])
    client.sendall(bytes([SOCKS5, 0]))
    _, _, _, kind = read(client, 4)
    assert kind in (IPV4, NAME)
    host = socket.inet_ntoa(read(client, 4)) if kind == IPV4 else \
        read(client, read(client, 1)[0]).decode()
    port, = struct.unpack(">H", read(client, 2))
    return (host, port), bytes([SOCKS5, 0, 0, IPV4]) + bytes(6)


def meet_http(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read(client, 1)
    method, target, _ = (b"C" + head).split(b"\r\n")[0].decode().split(" ")
    assert method == "CONNECT"
    host, port = target.rsplit(":", 1)
    return (host, int(port)), b"HTTP/1.1 200 OK\r\n\r\n"


def pump(here, there):
    try:
        while data := here.recv(65536):
            there.sendall(data)
        there.shutdown(socket.SHUT_WR)
    except OSError:
        there.close()


def serve(client):
    first = read(client, 1)[0]
    kind, meet = ("socks", meet_socks) if first == SOCKS5 else ("http", meet_http)
    target, reached = meet(client)
    server = socket.create_connection(target)
    print(f"{kind} {target[0]}:{target[1]}", flush=True)
    client.sendall(reached)
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


if __name__ == "__main__":
    main()
