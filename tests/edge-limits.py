#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every limit of the edge: it closes, it counts, and the others do not notice. Prints TAP."""
import os
import resource
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "edge"))
from edgetest import (OPTIONS, Authority, Stub, WebSocket, client, dial, ends, exchange,
                      read_exactly, run)

CA = Authority("ca")
EDGE = CA.issue("edge", "DNS:edge.example")
LARGE = OPTIONS.replace(b"Content-Length: 4", b"Content-Length: 60000")[:-4] + b"x" * 60000
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
HELLO_BEGIN = b"\x16\x03\x01\x02"


def stalled(port, source="127.0.0.1"):
    """A handshake that has begun and never goes on."""
    phone = dial(port, source=source)
    phone.sendall(HELLO_BEGIN)
    return phone


def handshakes_wait_their_turn():
    stub = Stub(handshakes=2, handshakes_per_source=2, handshake_timeout=4000)
    port = stub.listen("tls", "tls", EDGE)
    slow = [stalled(port) for _ in range(2)]
    stub.until("edge_handshakes_open", 2)
    time.sleep(2)  # so that its own time is not up as soon as theirs
    began = time.monotonic()
    with dial(port, client(CA)) as phone:
        exchange(phone)
    assert time.monotonic() - began > 0.4
    assert stub.counter("edge_handshakes_deferred") >= 1
    for phone in slow:
        assert ends(phone)
    stub.until("edge_handshakes_timed_out", 2)
    stub.until("edge_handshakes_open", 0)
    stub.stop()


def silent_connections_take_no_turn():
    stub = Stub(handshakes=2, handshake_timeout=6000)
    port = stub.listen("tls", "tls", EDGE)
    silent = [dial(port) for _ in range(20)]
    stub.until("edge_connections_open", 20)
    assert stub.counter("edge_handshakes_open") == 0
    began = time.monotonic()
    with dial(port, client(CA)) as phone:
        exchange(phone)
    assert time.monotonic() - began < 5
    for phone in silent:
        assert ends(phone)
    stub.until("edge_handshakes_timed_out", 20)
    stub.stop()


def one_source_takes_its_share_only():
    stub = Stub(handshakes=8, handshakes_per_source=2, handshake_timeout=8000)
    port = stub.listen("tls", "tls", EDGE)
    slow = [stalled(port, "127.0.0.9") for _ in range(20)]
    stub.until("edge_connections_open", 20)
    stub.until("edge_handshakes_open", 2)
    began = time.monotonic()
    with dial(port, client(CA), source="127.0.0.10") as phone:
        exchange(phone)
    assert time.monotonic() - began < 6
    for phone in slow:
        phone.close()
    stub.until("edge_connections_open", 0)
    assert stub.counter("edge_handshakes_open") == 0
    stub.stop()


def connections_per_source():
    stub = Stub(connections_per_source=3, close_timeout=300)
    port = stub.listen("tls", "tls", EDGE)
    phones = [dial(port, client(CA), source="127.0.0.9") for _ in range(3)]
    with dial(port, source="127.0.0.9") as phone:
        assert ends(phone)
    stub.until("edge_refused_source", 1)
    with dial(port, client(CA), source="127.0.0.10") as phone:
        exchange(phone)
    for phone in phones:
        exchange(phone)
    phones.pop().close()
    stub.until("edge_connections_open", 2)
    time.sleep(0.5)
    with dial(port, client(CA), source="127.0.0.9") as phone:
        exchange(phone)
    stub.stop()


def connections_in_total():
    stub = Stub(connections=4)
    port = stub.listen("tls", "tls", EDGE)
    phones = [dial(port, client(CA), source=f"127.0.0.{i + 2}") for i in range(4)]
    with dial(port) as phone:
        assert ends(phone)
    stub.until("edge_refused_total", 1)
    for phone in phones:
        exchange(phone)
    stub.stop()


def upgrade_has_a_deadline():
    stub = Stub(handshake_timeout=2000)
    plain, secure = stub.listen("ws", "ws"), stub.listen("wss", "wss", EDGE)
    for phone in (dial(plain), dial(secure, client(CA))):
        phone.sendall(b"GET / HTTP/1.1\r\n")
        assert ends(phone)
    stub.until("edge_handshakes_timed_out", 2)
    stub.stop()


def idle_and_registered():
    stub = Stub(idle_timeout=1500, registered_timeout=4000)
    port = stub.listen("tls", "tls", EDGE)
    idle, registered = dial(port, client(CA)), dial(port, client(CA))
    exchange(idle)
    exchange(registered)
    first, second = stub.opened(), stub.opened()
    if int(first["port"]) == registered.getsockname()[1]:
        first, second = second, first
    stub.do("registered", second["id"])
    assert ends(idle)
    assert stub.closed(first["id"]) == "idle"
    exchange(registered)
    began = time.monotonic()
    assert ends(registered)
    assert time.monotonic() - began > 2
    assert (reason := stub.closed(second["id"])) == "idle", reason
    assert stub.counter("edge_idle_closed") == 2
    stub.stop()


def slow_reader():
    stub = Stub(stall_timeout=800)
    ports = (stub.listen("tls", "tls", EDGE), stub.listen("ws", "ws"))
    for number, port in enumerate(ports, 1):
        phone = socket.socket()
        phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        phone.connect(("127.0.0.1", port))
        phone.settimeout(0.5)
        message = LARGE
        if number == 1:
            phone = client(CA).wrap_socket(phone, server_hostname="edge.example")
        else:
            WebSocket(phone).open()
            message = WebSocket.frame(message)
        try:
            for _ in range(400):
                phone.sendall(message)
        except OSError:
            pass
        stub.until("edge_slow_readers", number)
        stub.until("edge_connections_open", 0)
        phone.close()
    stub.stop()


def descriptors_run_out():
    stub = Stub(files=60)
    port = stub.listen("ws", "ws")
    phones = [dial(port) for _ in range(80)]
    for _ in range(300):
        if stub.counter("edge_accept_paused") > 0:
            break
        time.sleep(0.05)
    assert stub.counter("edge_accept_paused") > 0
    late = dial(port)
    for phone in phones:
        phone.close()
    WebSocket(late).open()
    stub.stop()


def loopback_addresses_are_not_used_again():
    stub = Stub()
    port = stub.listen("ws", "ws")
    seen = set()
    for _ in range(300):
        with dial(port) as stream:
            WebSocket(stream).open()
        peer = stub.opened()
        key = (peer["loopback"], peer["loopback_port"])
        assert key not in seen, key
        seen.add(key)
    stub.stop()


def clients_at_the_same_time():
    stub = Stub()
    ports = (stub.listen("tls", "tls", EDGE), stub.listen("wss", "wss", EDGE))
    failures = []

    def phone(number):
        try:
            for round_ in range(5):
                message = OPTIONS.replace(b"body", b"%02d%02d" % (number, round_))
                if number % 2:
                    with dial(ports[0], client(CA)) as stream:
                        for _ in range(10):
                            exchange(stream, message)
                else:
                    with dial(ports[1], client(CA)) as stream:
                        web = WebSocket(stream).open()
                        for _ in range(10):
                            web.send(message)
                            assert web.receive() == (1, message)
        except (OSError, AssertionError) as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=phone, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for turn in range(5):
        stub.do("reload")
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert stub.counter("edge_connections") == 80
    stub.until("edge_connections_open", 0)
    stub.stop()


def refused_pbx(stub, words, cause):
    stub.do("dial", *words)
    line = stub.expect("dial-failed")
    assert cause in line, line


def dial_a_pbx():
    stub = Stub(handshake_timeout=3000)
    middle = Authority("elsewhere")
    names = {
        "uri": CA.issue("uri", "URI:sip:pbx.example,DNS:host.example", subject="/CN=cn.example"),
        "dns": CA.issue("dns", "DNS:PBX.example", subject="/CN=cn.example"),
        "wild": CA.issue("wild", "DNS:*.example", subject="/CN=pbx.example"),
        "cn": CA.issue("cn", None, subject="/CN=pbx.example"),
        "user": CA.issue("user", "URI:sip:bob@pbx.example", subject="/CN=pbx.example"),
        "sips": CA.issue("sips", "URI:sips:pbx.example", subject="/CN=pbx.example"),
        "ip": CA.issue("ip", "IP:127.0.0.1"),
        "foreign": middle.issue("foreign", "DNS:pbx.example"),
    }
    # The PBX is another listener of the same edge: it writes back what it gets.
    ports = {name: stub.listen(name, "tls", pair) for name, pair in names.items()}
    trust = f"ca={CA.file}"
    for name, wanted in (("uri", "pbx.example"), ("dns", "pbx.example"), ("cn", "PBX.example"),
                         ("ip", "127.0.0.1")):
        stub.do("dial", "127.0.0.1", ports[name], wanted, trust)
        line = stub.expect("dialed", "dial-failed")
        assert line.startswith("dialed ") and line.endswith(wanted), (name, line)
    for name, wanted, cause in (
            ("uri", "host.example", "does not prove the name host.example"),
            ("uri", "cn.example", "does not prove"), ("dns", "cn.example", "does not prove"),
            ("wild", "pbx.example", "does not prove"), ("user", "pbx.example", "does not prove"),
            ("sips", "pbx.example", "does not prove"), ("ip", "127.0.0.2", "does not prove"),
            ("foreign", "pbx.example", "certificate: ")):
        refused_pbx(stub, ("127.0.0.1", ports[name], wanted, trust), cause)
    refused_pbx(stub, ("127.0.0.1", 1, "pbx.example", trust), "Connection refused")
    refused_pbx(stub, ("pbx.example", 5061, "pbx.example", trust), "no numeric address")
    refused_pbx(stub, ("127.0.0.1", ports["dns"], "pbx.example", "ca=/nowhere.pem"), "/nowhere.pem")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        refused_pbx(stub, ("127.0.0.1", mute.getsockname()[1], "pbx.example", trust),
                    "not up in time")
    assert stub.counter("edge_dials_failed") == 10
    stub.stop()


def dialed_pbx_talks_to_the_stack():
    stub = Stub()
    port = stub.listen("pbx", "tls", EDGE, client_ca=CA.file, require=1)
    pair = ",".join(CA.issue("ours", "URI:sip:sipwake.example"))
    refused_pbx_or_closed(stub, port)
    stub.do("dial", "127.0.0.1", port, "edge.example", f"ca={CA.file}", f"pair={pair}")
    number = stub.expect("dialed").split()[1]
    peers = {peer["verified"]: peer for peer in (stub.opened(), stub.opened())}
    assert peers["edge.example"]["id"] == number, peers
    assert peers["sipwake.example"]["listener"] == "pbx", peers
    stub.do("close", number)
    assert stub.closed(number) == "refused"
    assert stub.closed(peers["sipwake.example"]["id"]) == "closed by the peer"
    stub.stop()


def refused_pbx_or_closed(stub, port):
    """In TLS 1.3 the refusal of a client without certificate may come after its own handshake."""
    stub.do("dial", "127.0.0.1", port, "edge.example", f"ca={CA.file}")
    line = stub.expect("dial-failed", "dialed")
    if line.startswith("dialed"):
        stub.closed(line.split()[1])
    stub.kept.clear()


def weigh(transport, most):
    """Not the budget, which benchmarks hold, but a leak or a buffer kept would show."""
    number = min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 4)
    stub = Stub(connections_per_source=5000, idle_timeout=600000)
    port = stub.listen(transport, transport, *([EDGE] if transport != "ws" else []))
    context = client(CA) if transport != "ws" else None
    before = stub.ask("memory")
    phones = []
    for _ in range(number):
        phones.append(dial(port, context))
        if transport == "tls":
            exchange(phones[-1])
        else:
            web = WebSocket(phones[-1]).open()
            web.send(OPTIONS)
            web.receive()
    each = (stub.ask("memory") - before) / number
    print(f"# {each:.1f} kB for each of {number} idle {transport} connections, "
          "the stand-in's own side included")
    assert not stub.weighs or each < most, each
    for phone in phones:
        phone.close()
    stub.until("edge_connections_open", 0)
    stub.stop()


def resident_kb(stub):
    with open(f"/proc/{stub.process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def memory_comes_back_after_a_storm():
    """Though some connections stay, and hold the heap up with them."""
    stub = Stub(connections_per_source=5000)
    port = stub.listen("tls", "tls", EDGE)
    context = client(CA)
    for _ in range(20):
        dial(port, context).close()
    stub.until("edge_connections_open", 0)
    before = resident_kb(stub)
    phones = [dial(port, context) for _ in range(min(600, FILES // 4))]
    stub.until("edge_handshakes_open", 0)
    peak = resident_kb(stub)
    staying = phones[::20]
    for phone in phones:
        if phone not in staying:
            phone.close()
    stub.until("edge_connections_open", len(staying))
    deadline = time.monotonic() + 15
    while (after := resident_kb(stub)) > peak - (peak - before) / 4:
        if not stub.weighs or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    print(f"# resident before {before} kB, in the storm {peak} kB, after it {after} kB")
    assert not stub.weighs or after <= peak - (peak - before) / 4, (before, peak, after)
    for phone in staying:
        exchange(phone)
    stub.stop()


def weight_of_idle_connections():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # The two halves of the record layer that OpenSSL has since 3.2 weigh 9 kB more.
    halves = 10 if ssl.OPENSSL_VERSION_INFO >= (3, 2) else 0
    weigh("tls", 24 + halves)
    weigh("ws", 20)
    weigh("wss", 36 + halves)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


run([handshakes_wait_their_turn, silent_connections_take_no_turn, one_source_takes_its_share_only,
     connections_per_source, connections_in_total, upgrade_has_a_deadline, idle_and_registered,
     slow_reader, descriptors_run_out, loopback_addresses_are_not_used_again,
     clients_at_the_same_time, dial_a_pbx, dialed_pbx_talks_to_the_stack,
     memory_comes_back_after_a_storm, weight_of_idle_connections])
