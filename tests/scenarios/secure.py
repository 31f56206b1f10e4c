#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""secure: phones that come by TLS, WebSocket and secure WebSocket, and a PBX by TLS."""
import os
import resource
import shutil
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.authority import Authority
from sipwaketest.call import Call
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.message import parameter, uri_of
from sipwaketest.phone import Forwarded
from sipwaketest.stream import connect
from sipwaketest.tap import main, test
from sipwaketest.uri import Uri, host_port

SECURE = ("tls", "ws", "wss")


def assert_public_address(phone, message):
    """The answer says where the phone really is, as NAT would show it."""
    via = message.get("Via")
    flow = phone.flow
    assert parameter(via, "received") == flow.local[0], via
    assert parameter(via, "rport") == str(flow.local[1]), via


def wake_and_talk(stage, transport):
    house = House(stage, secure=SECURE)
    phone = house.phone(transport=transport)
    assert_public_address(phone, phone.register_ok())
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    house.wake(phone)
    leg = house.connect(call, phone)
    contact = Uri(uri_of(leg.invite.get("Contact")))
    assert (contact.scheme, contact.transport) == ("sip", transport), leg.invite.get("Contact")
    assert leg.invite.get("Via").startswith(f"SIP/2.0/{transport.upper()} "), leg.invite.get("Via")
    info = leg.send("INFO")
    call.reply(call.expect_request("INFO"), 200)
    assert_public_address(phone, info.expect(200))
    house.finish(leg, call)

    # Awake: it is called on the connection that it has.
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    assert len(house.push.pushes()) == 1

    out = phone.dial("2000", OFFER)
    answering = house.pbx.expect_call()
    answering.ring()
    assert_public_address(phone, out.expect(180))
    answering.answer(ANSWER)
    assert out.expect(200).body == ANSWER
    out.ack()
    answering.expect_ack()
    house.finish(answering, out)

    # An answer that the stack gives by itself.
    out = phone.invite("2000", OFFER)
    cancel = out.cancel()
    assert_public_address(phone, cancel.final())
    phone.take(lambda m: not m.is_request and m.status >= 300, 5, "refusal")
    house.daemon.assert_alive()


@test
def a_phone_by_tls_is_woken_called_and_calls(stage):
    wake_and_talk(stage, "tls")


@test
def a_phone_by_websocket_is_woken_called_and_calls(stage):
    wake_and_talk(stage, "ws")


@test
def a_phone_by_secure_websocket_is_woken_called_and_calls(stage):
    wake_and_talk(stage, "wss")


@test
def a_pbx_by_tls_has_everything(stage):
    house = House(stage, secure=("tls",), pbx_transport="tls")
    house.daemon.wait_line("is up, verified as pbx.test")
    phone = house.sleeper(transport="tls")
    contact = Uri(house.pbx.contact("alice").uri)
    assert (contact.scheme, contact.transport) == ("sip", "tls"), contact.text
    assert contact.address == (house.pbx_side, house.pbx_tls_port), contact.text
    call = house.pbx.call("alice", OFFER)
    house.wake(phone)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    out = phone.dial("2000", OFFER)
    answering = house.pbx.expect_call()
    via = answering.invite.get("Via")
    assert via.startswith(f"SIP/2.0/TLS {host_port(house.pbx_side, house.pbx_tls_port)}"), via
    assert Uri(uri_of(answering.invite.get("Contact"))).transport == "tls"
    answering.answer(ANSWER)
    out.expect(200)
    out.ack()
    answering.expect_ack()
    house.finish(answering, out)
    house.assert_pbx_clean()
    house.trace.assert_absent("pbx", "127.0.0.1:")


@test
def a_lost_pbx_is_dialed_again(stage):
    house = House(stage, secure=("tls",), pbx_transport="tls")
    house.daemon.wait_line("is up, verified as pbx.test")
    phone = house.phone(transport="tls")
    phone.register_ok()
    port = house.pbx.port
    house.pbx.close()
    house.daemon.wait_line("the TLS connection to .* is lost")
    assert phone.register(timeout=8).status in (408, 503)
    assert phone.invite("2000", OFFER).transaction.final().status == 503
    house.pbx.open(port)
    house.daemon.wait_line("(?s)is lost.*is up, verified as pbx.test", 15)
    deadline = time.monotonic() + 10  # a probe finds that it answers
    while phone.register().status != 200:
        assert time.monotonic() < deadline, "the PBX is back and nobody uses it"
        time.sleep(0.1)
    house.daemon.assert_alive()


@test
def a_pbx_that_proves_another_name_gets_nothing(stage):
    authority = Authority(stage.path, "other")
    pair = authority.issue("liar", "DNS:pbx.example")
    house = House(stage, secure=("tls",), pbx_transport="tls", start=False,
                  server_tls=authority.server(pair))
    for ca, why in ((house.authority.file, "certificate"), (authority.file, "pbx.test")):
        house.groups["pbx:office"]["ca-file"] = ca
        house.start()
        phone = house.phone(transport="tls")
        found = house.daemon.wait_line("no TLS to the PBX: .*")
        assert why in found.group(0), found.group(0)
        assert phone.register(timeout=8).status == 503
        phone.close()
        house.daemon.stop()
    assert not house.pbx.registers()


def loopback_ports(house):
    """Where the stack listens behind the edge."""
    with open(f"/proc/{house.daemon.pid}/net/tcp", encoding="ascii") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    inodes = {os.readlink(f"/proc/{house.daemon.pid}/fd/{name}")
              for name in os.listdir(f"/proc/{house.daemon.pid}/fd")}
    return [int(row[1].split(":")[1], 16) for row in rows
            if row[3] == "0A" and f"socket:[{row[9]}]" in inodes and row[1].startswith("0100007F")]


@test
def sips_is_answered_with_sips_and_sip_with_sip(stage):
    house = House(stage, secure=("tls",))
    house.pbx.challenge_calls = False
    phone = house.phone(transport="tls")
    phone.register_ok(contact=phone.contact().replace("<sip:", "<sips:"))
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    assert Uri(leg.invite.uri).scheme == "sips", leg.invite.start
    assert Uri(uri_of(leg.invite.get("Contact"))).scheme == "sips", leg.invite.get("Contact")
    house.finish(call, leg)
    for scheme in ("sips", "sip"):
        out = Call.outgoing(phone, phone.flow, f"{scheme}:2000@{phone.domain}", phone.aor,
                            body=OFFER)
        answering = house.pbx.expect_call()
        # This PBX is reached by UDP.
        assert Uri(answering.invite.uri).scheme == "sip", answering.invite.start
        assert Uri(uri_of(answering.invite.get("Contact"))).scheme == "sip"
        answering.answer(ANSWER)
        answer = out.expect(200)
        assert Uri(uri_of(answer.get("Contact"))).scheme == scheme, answer.get("Contact")
        out.ack()
        answering.expect_ack()
        house.finish(out, answering)


@test
def silent_connections_end_and_those_of_phones_stay(stage):
    house = House(stage, secure=("tls", "ws"), config={"edge": {
        "idle-timeout": 1, "registered-timeout": 60}})
    registered = house.phone(transport="tls")
    registered.register_ok()
    flow = registered.flow
    silent = [house.phone(name, transport=transport, path="")
              for name, transport in (("bob", "tls"), ("carol", "ws"))]
    flows = [phone.flow for phone in silent]
    registered.register_ok()
    house.daemon.wait_line("Connection 2: idle")
    silent[0].wait_closed(flows[0])  # who said nothing by TLS
    time.sleep(1.5)
    assert not flows[1].closed, "who answers pings is alive"
    assert not flow.closed and registered.flow is flow
    assert registered.register(expires=0).status == 200
    house.daemon.wait_line("Connection 1: idle")


@test
def nobody_comes_past_the_edge(stage):
    house = House(stage, secure=("tls",))
    port, = loopback_ports(house)
    phone = house.phone(transport="tls")
    request = phone.send_register().request.to_bytes()
    phone.take(lambda m: not m.is_request, 5, "challenge")
    with socket.create_connection(("127.0.0.1", port), 5) as stranger:
        stranger.sendall(request.replace(b"branch=z9hG4bK", b"branch=z9hG4bKx"))
        said = b""
        while part := stranger.recv(4096):
            said += part
    assert b"SIP/2.0 4" not in said and b"SIP/2.0 2" not in said, said
    house.daemon.wait_line("is not the edge spoke to listener phones-tls")
    assert len(house.pbx.registers()) == 1
    phone.register_ok()


@test
def nothing_is_sent_in_the_clear_to_a_phone_that_left(stage):
    """Its TLS connection is gone in the middle of a call, and something plain is at its address."""
    house = House(stage, secure=("tls",))
    phone = house.phone(transport="tls")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    house.connect(call, phone)
    address = phone.flow.local
    phone.close()
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deadline = time.monotonic() + 5
        while True:  # until the connection is over for the kernel as well
            try:
                plain.bind(address)
                break
            except OSError:
                assert time.monotonic() < deadline, "the phone's port does not become free"
                time.sleep(0.05)
        plain.listen()
        plain.settimeout(2)
        call.send("BYE")
        try:
            raise AssertionError(plain.accept()[0].recv(4096))
        except socket.timeout:
            pass
    house.daemon.assert_alive()


@test
def the_limit_of_descriptors_is_raised_and_told(stage):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        house = House(stage, secure=("tls",))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    house.daemon.wait_line(f"may hold {hard} descriptors")
    with open(f"/proc/{house.daemon.pid}/limits", encoding="ascii") as file:
        line, = [line for line in file if line.startswith("Max open files")]
    assert line.split()[3] == str(hard), line


@test
def a_phone_that_vanishes_keeps_nobody_busy(stage):
    house = House(stage, secure=SECURE)
    for transport in SECURE * 2:
        phone = house.phone(transport=transport)
        phone.register_ok()
        phone.close()
    time.sleep(0.2)
    before = house.daemon.cpu_seconds()
    time.sleep(1)
    assert house.daemon.cpu_seconds() - before < 0.3


@test
def a_web_page_comes_from_its_origin_and_to_its_path(stage):
    house = House(stage, secure=("wss",), config={"listen:phones-wss": {
        "path": "/sip", "origins": "https://phone.example.com"}})

    def opens(**websocket):
        plain = socket.create_connection(house.door("wss"), 5)
        try:
            connect(plain, "wss", house.authority.client(), **websocket).sock.close()
            return True
        except AssertionError:
            plain.close()
            return False
    assert opens(path="/sip", origin="https://phone.example.com")
    assert opens(path="/sip")
    assert not opens(path="/sip", origin="https://evil.example.com")
    assert not opens(path="/", origin="https://phone.example.com")


def certified(house, san, subject="/CN=ignored"):
    """What a phone needs that shows a certificate of the house's authority."""
    context = house.authority.client()
    if san or subject != "/CN=ignored":
        context.load_cert_chain(*house.authority.issue(house.stage.unique("phone"), san, subject))
    return context


def asks_for_certificates(stage, config=None, **keys):
    house = House(stage, secure=("tls",), start=False, config=config)
    house.groups["listen:phones-tls"].update({"client-ca": house.authority.file, **keys})
    house.start()
    return house


@test
def a_phone_registers_as_whom_its_certificate_names(stage):
    house = asks_for_certificates(stage, **{"client-names": "aor"})

    def status(san, subject="/CN=ignored", name="alice"):
        phone = house.phone(name, transport="tls", tls=certified(house, san, subject))
        answer = phone.register()
        phone.close()
        return answer.status
    right = (("URI:sip:alice@pbx.test",), ("email:alice@pbx.test",), (None, "/CN=alice@pbx.test"),
             ("URI:sips:alice@pbx.test,DNS:elsewhere.test",), (None,),
             ("URI:sip:bob@pbx.test,URI:sip:alice@PBX.test",), ("DNS:pbx.test",))
    wrong = (("URI:sip:bob@pbx.test",), ("URI:sip:Alice@pbx.test",), ("email:alice@elsewhere.test",),
             ("DNS:elsewhere.test",), ("DNS:*.test",), ("IP:127.0.0.5",), (None, "/CN=alice"),
             ("URI:sip:bob@pbx.test,DNS:pbx.test",), ("URI:sips:bob@pbx.test,DNS:pbx.test",),
             ("URI:mailto:bob@pbx.test,DNS:pbx.test",))
    for certificate in right:
        assert status(*certificate) == 200, certificate
    reached = len(house.pbx.registers())
    for certificate in wrong:
        assert status(*certificate) == 403, certificate
    assert len(house.pbx.registers()) == reached, "the PBX heard of what was refused"
    assert status("URI:sip:bob@pbx.test", name="bob") == 200
    # Whom a certificate names is masked like any user.
    house.daemon.wait_line("registered from .*, certificate of a~5@pbx.test")


@test
def a_certificate_may_be_required_or_only_open_the_door(stage):
    house = asks_for_certificates(stage, **{"client-certificate": "required"})
    other = house.phone("bob", transport="tls", tls=certified(house, "URI:sip:carol@pbx.test"))
    other.register_ok()
    try:
        with socket.create_connection(house.door("tls"), 5) as plain, \
                house.authority.client().wrap_socket(plain) as without:
            without.sendall(b"\r\n\r\n")
            assert not without.recv(2), "who shows no certificate is served"
    except OSError:
        pass
    house.daemon.wait_line("peer did not return a certificate")
    assert len(house.pbx.contacts("bob")) == 1


@test
def wrong_passwords_are_counted_for_the_certificate(stage):
    """Phones behind one address: the one that is certified is not shut out with the other."""
    house = asks_for_certificates(stage)
    stranger = house.phone("carol", transport="tls", password="wrong")
    while "Too Many Failed Authentications" not in stranger.register().start:
        pass
    assert house.phone("bob", transport="tls").register().status == 403
    house.phone(transport="tls", tls=certified(house, "URI:sip:alice@pbx.test")).register_ok()


@test
def the_certificate_of_a_proxy_names_no_phone(stage):
    """It is judged by its own only where it is none of ours, or sends nothing of others."""
    hop = "SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bK1"
    for proxies, hops, status in ((ports.EDGE, [hop], 200), (ports.EDGE, [], 403),
                                  (ports.STRANGER, [hop], 403)):
        house = asks_for_certificates(stage, config={"registrar": {"proxies": proxies}},
                                      **{"client-names": "aor"})
        phone = Forwarded(stage, "alice", house.door("tls"), house.pbx.domain, transport="tls",
                          address=ports.EDGE, tls=certified(house, "DNS:edge.test"))
        phone.hops = hops
        assert phone.register().status == status, (proxies, hops)
        house.tear_down(phone)


@test
def wrong_passwords_are_not_counted_for_a_whole_domain(stage):
    """Many phones show a certificate of the domain: one of them shuts out its address only."""
    house = asks_for_certificates(stage)

    def member(name, **more):
        return house.phone(name, transport="tls", tls=certified(house, "DNS:pbx.test"), **more)
    stranger = member("carol", password="wrong")
    while "Too Many Failed Authentications" not in stranger.register().start:
        pass
    assert member("bob").register().status == 403
    member("alice", address=ports.OTHER_PHONE).register_ok()


@test
def each_address_behind_the_edge_has_its_own_limit(stage):
    house = House(stage, secure=SECURE, config={"registrar": {"phones-per-address": 1}})
    for transport, address, user in zip(SECURE, (ports.PHONE, ports.OTHER_PHONE, ports.CALLER),
                                        ("alice", "bob", "carol")):
        phone = house.phone(user, transport, address=address)
        phone.register_ok()
        other = house.phone("2000", transport, address=address)
        assert other.register().status == 403
        phone.register_ok()
        other.close()


@test
def who_fails_behind_the_edge_shuts_out_only_his_address(stage):
    house = House(stage, secure=SECURE)
    for transport, address in zip(SECURE, (ports.PHONE, ports.OTHER_PHONE, ports.CALLER)):
        for _ in range(4):
            thief = house.phone(f"mallory-{transport}", transport, address=address)
            thief.register()
            thief.close()
        heard = len(house.pbx.registers())
        shut_out = house.phone("bob", transport, address=address)
        answer = shut_out.register()
        assert answer.status == 403 and answer.get("Retry-After"), answer.start
        assert len(house.pbx.registers()) == heard, "the PBX heard of it"
        shut_out.close()
        house.phone("alice", transport, address=ports.STRANGER).register_ok()


def serial(house):
    """The certificate that somebody who comes now is shown."""
    with socket.create_connection(house.door("tls"), 5) as plain, \
            house.authority.client().wrap_socket(plain) as sock:
        return sock.getpeercert()["serialNumber"]


@test(limit=60)
def certificates_are_renewed_under_load(stage):
    """Calls come one after the other; none of them and no connection suffers."""
    house = House(stage, secure=SECURE)
    phones = [house.phone(name, transport=transport, path="")
              for name, transport in zip(("alice", "bob", "carol"), ("tls", "wss", "tls"))]
    for phone in phones:
        phone.register_ok()
    flows = [phone.flow for phone in phones]
    lasting = house.pbx.call("alice", OFFER)
    leg = house.connect(lasting, phones[0])
    seen = {serial(house)}
    for number in range(24):
        if number % 6 == 2:
            house.authority.issue("sipwake", "DNS:sipwake.test")
            if number == 8:
                house.daemon.child.send_signal(signal.SIGHUP)
        phone = phones[1 + number % 2]
        call = house.pbx.call(phone.user, OFFER)
        house.finish(call, house.connect(call, phone))
        time.sleep(0.15)
        seen.add(serial(house))
    deadline = time.monotonic() + 15
    while len(seen) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
        seen.add(serial(house))
    assert len(seen) >= 3, f"{len(seen)} certificates were shown"
    with open(house.pair[1], "w", encoding="ascii") as file:
        file.write("no key\n")
    house.daemon.wait_line("the certificates in use stay: .*sipwake.key", 15)
    serial(house)
    house.finish(leg, lasting)
    assert flows == [phone.flow for phone in phones], "a phone had to connect again"
    house.assert_settled(*phones)


@test
def certificates_are_renewed_by_other_files_in_their_place(stage):
    """As certbot does it: the name leads to another file from one moment to the next."""
    house = House(stage, secure=("tls",))
    before = serial(house)
    for path, target in zip(house.pair, house.authority.issue("renewed", "DNS:sipwake.test")):
        os.symlink(target, f"{path}.new")
        os.replace(f"{path}.new", path)
    house.daemon.wait_line("certificates are read again", 15)
    assert serial(house) != before


@test
def a_directory_of_certificates_is_replaced(stage):
    """As a whole, by another of its name; what is in that one is renewed like any."""
    house = House(stage, secure=("tls",), start=False)
    current = os.path.join(stage.path, "current")

    def fill(folder):
        os.mkdir(folder, mode=0o700)
        issue(folder)

    def issue(folder):
        for path, end in zip(house.authority.issue("renewed", "DNS:sipwake.test"), ("pem", "key")):
            os.replace(path, os.path.join(folder, f"sipwake.{end}"))

    def wait_for_another(before):
        deadline = time.monotonic() + 15
        while (shown := serial(house)) == before:
            assert time.monotonic() < deadline, "the old certificate is still shown"
            time.sleep(0.1)
        return shown

    fill(current)
    house.groups["listen:phones-tls"].update({
        "certificate": os.path.join(current, "sipwake.pem"),
        "private-key": os.path.join(current, "sipwake.key")})
    house.start()
    shown = serial(house)
    for number in range(2):
        fill(f"{current}.new")
        os.rename(current, f"{current}.{number}")
        os.rename(f"{current}.new", current)
        shown = wait_for_another(shown)
        issue(current)
        shown = wait_for_another(shown)
    fill(f"{current}.new")
    shutil.rmtree(current)
    os.rename(f"{current}.new", current)
    shown = wait_for_another(shown)
    issue(current)
    wait_for_another(shown)


@test
def the_end_of_a_certificate_is_told_once(stage):
    """Two listeners show it; and an authority that has ended is not ours to renew."""
    house = House(stage, secure=("tls", "wss"), start=False)
    house.authority.issue("sipwake", "DNS:sipwake.test", days=0)
    authorities = os.path.join(stage.path, "authorities.pem")
    with open(authorities, "w", encoding="ascii") as file:
        ended, _ = house.authority.issue("ended", None, ca=True, days=0)
        for path in (ended, house.authority.file):
            with open(path, encoding="ascii") as one:
                file.write(one.read())
    house.groups["listen:phones-tls"]["client-ca"] = authorities
    house.start()
    house.daemon.wait_log("is ready")
    house.daemon.wait_log("has expired")
    told = [line for line in house.daemon.errors().splitlines() if "has expired" in line]
    assert len(told) == 1 and house.pair[0] in told[0], told


@test
def authorities_of_clients_are_renewed(stage):
    house = asks_for_certificates(stage, **{"client-certificate": "required"})
    further = Authority(stage.path, "further")
    tls = house.authority.client()
    tls.load_cert_chain(*further.issue("phone", "URI:sip:alice@pbx.test"))
    with open(house.authority.file, "a", encoding="ascii") as file, \
            open(further.file, encoding="ascii") as more:
        file.write(more.read())
    house.daemon.wait_line("certificates are read again", 15)
    house.phone(transport="tls", tls=tls).register_ok()


if __name__ == "__main__":
    main()
