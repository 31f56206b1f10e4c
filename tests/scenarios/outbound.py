#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""outbound: phones behind a proxy of their side, and phones with several flows (RFC 3327, 5626)."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.agent import Agent
from sipwaketest.daemon import write_config
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.kamailio import EdgeProxy
from sipwaketest.message import parameter
from sipwaketest.phone import Forwarded, Phone
from sipwaketest.tap import main, test


def behind(house, edge, name="alice", transport="tcp", **more):
    """A phone whose proxy is not the daemon."""
    push = {"provider": "webpush", "prid": house.push.prid(f"/push/{name}")}
    more.setdefault("push", push)
    return Phone(house.stage, name, edge.door, house.pbx.domain, transport=transport, **more)


def flow(number):
    return {"header_params": f";reg-id={number}"}


# Behind a proxy


def call_through_the_edge(stage, transport, behind_transport):
    house = House(stage)
    edge = EdgeProxy(stage, house.phones_door, transport)
    phone = behind(house, edge, transport=behind_transport, **flow(1))
    answer = phone.register_ok()
    path = answer.get("Path")
    assert f"<sip:edge@{ports.EDGE}:{edge.port};" in path and ";ob" in path, path
    assert "path" in answer.get("Supported") and answer.get("Require") == "outbound"
    assert answer.get("Flow-Timer") is None, "the proxy would say so"
    for _ in range(2):
        call = house.pbx.call("alice", OFFER)
        leg = phone.expect_call()
        assert leg.flow.remote == edge.door, leg.flow.remote
        leg.ring()
        call.expect(180)
        leg.answer(ANSWER)
        call.expect(200)
        call.ack()
        leg.expect_ack()
        info = call.send("INFO")
        leg.reply(leg.expect_request("INFO"), 200)
        info.expect(200)
        house.finish(call, leg)
    house.push.assert_pushes(0)
    house.restart()  # the Path is on the disk
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    message = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=b"hello")
    phone.reply(phone.expect_request("MESSAGE"), 200)
    message.expect(200)
    for method, count in (("INVITE", 3), ("MESSAGE", 1)):
        sent = [text for text in edge.received() if text.startswith(method)]
        assert len(sent) == count and all(f"\nRoute: {path}" in text for text in sent), sent
    house.assert_pbx_clean()
    house.assert_settled(phone)


@test
def a_tcp_phone_behind_kamailio(stage):
    call_through_the_edge(stage, "udp", "tcp")


@test
def a_udp_phone_behind_kamailio_over_tcp(stage):
    call_through_the_edge(stage, "tcp", "udp")


@test
def a_phone_behind_kamailio_is_woken(stage):
    """Its connection to the proxy is closed, which the proxy says by 430."""
    house = House(stage)
    edge = EdgeProxy(stage, house.phones_door)
    phone = behind(house, edge)
    phone.register_ok()
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    house.push.assert_pushes(1)
    house.assert_settled(phone)


@test
def a_message_wakes_a_phone_behind_kamailio(stage):
    house = House(stage)
    edge = EdgeProxy(stage, house.phones_door)
    phone = behind(house, edge)
    phone.register_ok()
    phone.sleep()
    message = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=b"hello")
    house.wake(phone)
    phone.reply(phone.expect_request("MESSAGE"), 200)
    message.expect(200)
    house.push.assert_pushes(1)
    house.assert_settled(phone)


@test
def a_frozen_phone_behind_kamailio_is_woken(stage):
    """Only the proxy answers, and that by 100; the phone comes back on another connection."""
    house = House(stage)
    edge = EdgeProxy(stage, house.phones_door)
    phone = behind(house, edge)
    phone.register_ok()
    phone.freeze()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    phone.close_connections()
    phone.thaw()
    phone.new_identity()
    phone.register_ok()
    house.finish(call, house.connect(call, phone))
    house.assert_settled(phone)


@test
def a_proxy_that_pushes_is_left_to_it(stage):
    """RFC 8599 5.6.1.1: it says so in the REGISTER, and finds how in the INVITE."""
    house = House(stage)
    phone = house.phone(push={"provider": "acme", "prid": "x"})
    answer = phone.register(headers=[("Feature-Caps", '*;+sip.pns="acme"')])
    assert answer.status == 200 and not answer.values("Feature-Caps"), answer.raw
    house.assert_pbx_clean()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    assert ";pn-provider=acme;pn-prid=x" in leg.invite.uri, leg.invite.uri
    leg.reject(486)
    leg.expect_ack()
    call.expect(486)
    house.push.assert_pushes(0)
    house.assert_settled(phone)


@test
def without_push_a_lost_flow_is_480(stage):
    house = House(stage)
    edge = EdgeProxy(stage, house.phones_door)
    phone = behind(house, edge, push=None)
    phone.register_ok()
    phone.sleep()
    house.pbx.call("alice", OFFER).expect(480, 10)
    house.assert_settled()


@test
def a_phone_behind_kamailio_calls(stage):
    house = House(stage)
    edge = EdgeProxy(stage, house.phones_door, "tcp")
    phone = behind(house, edge)
    phone.register_ok()
    house.pbx.challenge_calls = False
    call = phone.invite("2000", OFFER)
    leg = house.pbx.expect_call()
    assert house.pbx.contact("alice").uri.split("@")[0] in leg.invite.get("Contact")
    leg.ring()
    call.expect(180)
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    house.assert_settled(phone)


def guess_passwords(stage, **more):
    """Who registers with wrong passwords behind a proxy, and what a third phone there gets."""
    house = House(stage, **more)
    edge = EdgeProxy(stage, house.phones_door)
    for name in ("bob", "carol"):
        wrong = behind(house, edge, name, address=ports.OTHER_PHONE, password="wrong")
        for _ in range(3):
            wrong.register()
    phone = behind(house, edge)
    status = phone.register().status
    house.assert_settled(phone)
    return status


@test
def a_wrong_password_is_held_against_the_proxy(stage):
    assert guess_passwords(stage) == 403


@test
def a_wrong_password_is_held_against_the_phone(stage):
    assert guess_passwords(stage, config={"registrar": {"proxies": ports.EDGE}}) == 200


@test
def a_network_of_ipv6_is_one_scanner(stage):
    """Who has one address of a /64 has them all, and tries each user from another."""
    house = House(stage, config={"registrar": {"proxies": ports.EDGE}})

    def status(user, source, password=None):
        phone = Forwarded(stage, user, house.phones_door, house.pbx.domain, address=ports.EDGE,
                          password=password)
        phone.hops = [f"SIP/2.0/UDP hop.test;branch=z9hG4bK1;received={source}"]
        return phone.register().status
    guesses = [status(f"user{number}", f"2001:db8::{number}", "wrong") for number in range(6)]
    assert guesses == [401] * 4 + [403] * 2, guesses
    assert status("alice", "2001:db8:0:1::1") == 200
    house.assert_settled()


@test
def phones_behind_a_proxy_count_by_their_own_addresses(stage):
    house = House(stage, config={"registrar": {"proxies": ports.EDGE, "phones-per-address": 1}})
    edge = EdgeProxy(stage, house.phones_door)
    alice = behind(house, edge)
    bob, carol = (behind(house, edge, name, address=ports.OTHER_PHONE) for name in ("bob", "carol"))
    alice.register_ok()
    bob.register_ok()
    assert carol.register().status == 403
    for phone in (alice, bob):
        phone.register_ok()
    assert carol.register().status == 403, "who registers again is still counted"
    assert bob.register(expires=0).status == 200
    carol.register_ok()
    house.assert_settled(alice, bob, carol)


@test
def proxies_in_a_row_are_all_believed(stage):
    house = House(stage, config={"registrar": {"proxies": f"{ports.EDGE};{ports.STRANGER}",
                                               "phones-per-address": 1}})

    def status(name, *sources):
        phone = Forwarded(stage, name, house.phones_door, house.pbx.domain, address=ports.EDGE)
        phone.hops = [f"SIP/2.0/UDP hop.test;branch=z9hG4bK{number};received={source}"
                      for number, source in enumerate(sources)]
        return phone.register().status
    assert status("alice", ports.STRANGER, "2001:db8::1") == 200
    assert status("bob", ports.STRANGER, "[2001:db8:0::1]") == 403, "it is the same address"
    assert status("bob", "2001:db8::1") == 403
    assert status("bob", ports.STRANGER, "2001:db8::2") == 200
    assert status("carol", "2001:db8::3", "2001:db8::4") == 200
    assert status("2000", "2001:db8::3", "2001:db8::5") == 403, "who is believed is a stranger"
    house.assert_settled()


@test
def a_path_to_somewhere_else(stage):
    """Whoever names another host in a Path gets his calls himself, by the way that he came."""
    house = House(stage)
    victim = Agent(stage, "victim", ports.STRANGER)
    for transport in ("udp", "tcp"):
        phone = house.phone(transport=transport, path="")
        path = f"<sip:{victim.address}:{victim.port};transport={transport};lr>"
        phone.register_ok(headers=[("Path", path)])
        call = house.pbx.call("alice", OFFER)
        leg = phone.expect_call()
        assert leg.invite.get("Route") == path
        leg.ring()
        call.cancel().expect(200)
        leg.expect_cancel()
        call.expect(487)
        assert phone.register(expires=0).status == 200
        phone.close()
    victim.assert_quiet()
    house.assert_settled()


@test
def a_path_without_end(stage):
    house = House(stage)
    phone = house.phone()
    path = ", ".join(f"<sip:proxy{number}.example.com;lr>" for number in range(100))
    answer = phone.register(headers=[("Path", path)])
    assert answer.status == 400 and "Path" in answer.start, answer.start
    house.assert_settled(phone)


# Several flows


def two_flows(house, transport="tcp", timer=840, **more):
    """One phone as two agents, each on a connection of its own."""
    phones = []
    for number in (1, 2):
        phone = house.phone(transport=transport, **flow(number), **more)
        answer = phone.register_ok()
        assert answer.get("Require") == "outbound" and answer.get("Flow-Timer") == str(timer)
        phones.append(phone)
    assert len(house.pbx.contacts("alice")) == 1, "to the PBX it is one phone"
    return phones


@test
def the_newer_of_two_flows_is_called(stage):
    house = House(stage)
    first, second = two_flows(house)
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, second))
    first.expect_nothing(0.2)
    first.ping()
    first.wait_pongs(1)
    house.assert_settled(first, second)


@test
def signs_of_life_are_wanted_before_the_edge_closes(stage):
    """And what the edge was started with counts, whatever was written since."""
    house = House(stage, secure=("tls",), config={"edge": {"registered-timeout": 100}})
    phones = two_flows(house, "tls", timer=90)
    write_config(house.daemon.config, {**house.groups, "edge": {"registered-timeout": 3600}})
    house.daemon.child.send_signal(signal.SIGHUP)
    house.daemon.wait_log("configuration and certificates re-read")
    assert phones[0].register_ok().get("Flow-Timer") == "90"
    house.assert_settled(*phones)


@test
def a_closed_flow_has_another(stage):
    house = House(stage)
    first, second = two_flows(house)
    second.sleep()
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, first))
    message = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=b"hello")
    first.reply(first.expect_request("MESSAGE"), 200)
    message.expect(200)
    house.push.assert_pushes(0)
    house.assert_settled(first)


@test
def a_flow_that_closes_during_a_call_has_another(stage):
    """Be it the one that the phone was heard on last, or one that has registered since."""
    house = House(stage)
    first, second = two_flows(house)
    for gone, left in ((first, second), (second, first)):
        call = house.pbx.call("alice", OFFER)
        leg = house.connect(call, second)
        if gone == first:
            first.register_ok()
        gone.sleep()
        for method in ("INFO", "BYE"):
            sent = call.send(method)
            left.reply(left.expect_request(method, call_id=leg.call_id), 200)
            sent.expect(200)
        if gone == first:
            first.wake()
            first.register_ok()
            second.register_ok()
    house.push.assert_pushes(0)
    house.assert_settled(first)


@test
def a_flow_that_fails_has_another(stage):
    """By an answer, and by silence; either way no push is sent, and the PBX hears of neither."""
    house = House(stage)
    first, second = two_flows(house)
    for status in (430, 503, None):
        if not status:
            second.freeze()
        call = house.pbx.call("alice", OFFER)
        if status:
            leg = second.expect_call()
            leg.reject(status)
            leg.expect_ack()
        house.finish(call, house.connect(call, first))
        second.assert_quiet()
    house.push.assert_pushes(0)
    house.assert_settled(first, second)


@test
def who_rang_has_not_lost_its_flow(stage):
    """Nobody took the call, which a proxy says by 408: no further flow, no push."""
    house = House(stage)
    first, second = two_flows(house)
    for status in (408, 503):
        call = house.pbx.call("alice", OFFER)
        leg = second.expect_call()
        leg.ring()
        call.expect(180)
        leg.reject(status)
        leg.expect_ack()
        call.expect(status)
    first.expect_nothing(0.2)
    house.push.assert_pushes(0)
    house.assert_settled(first, second)


@test
def one_flow_knows_that_the_other_has_the_call(stage):
    """482 by the one, silence by the other: neither is tried once more, and a push follows."""
    house = House(stage)
    first, second = two_flows(house)
    call = house.pbx.call("alice", OFFER)
    leg = second.expect_call()
    merged = first.expect_call()
    merged.reject(482)
    merged.expect_ack()
    house.push.wait_pushes(1)
    first.expect_nothing(1, "INVITE")
    leg.ring()
    call.expect(180)
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    house.push.assert_pushes(1)
    house.assert_settled(first, second)


@test
def all_flows_are_silent(stage):
    house = House(stage)
    first, second = two_flows(house)
    first.freeze()
    second.freeze()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    first.close_connections()
    first.thaw()
    first.new_identity()
    first.register_ok()
    house.finish(call, house.connect(call, first))
    house.push.assert_pushes(1)
    house.assert_settled(first)


@test
def one_flow_of_two_is_removed(stage):
    house = House(stage)
    first, second = two_flows(house)
    contact = house.pbx.contact("alice").uri
    assert second.register(expires=0).status == 200
    assert house.pbx.contact("alice").uri == contact, "the phone is still there"
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, first))
    assert first.register(expires=0).status == 200
    assert not house.pbx.contacts("alice")
    house.assert_settled(first, second)


@test
def a_flow_that_takes_the_place_of_the_same(stage):
    """RFC 5626 section 6: the same instance and reg-id is the same flow, on a new connection."""
    house = House(stage)
    first, second = two_flows(house)
    third = house.phone(transport="tcp", **flow(2))
    third.register_ok()
    third.sleep()
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, first))
    second.expect_nothing(0.2)
    house.assert_settled(first, second)


@test
def a_phone_has_four_flows_at_most(stage):
    house = House(stage)
    phones = []
    for number in range(1, 7):
        phone = house.phone(transport="tcp", path="", **flow(number))
        phone.register_ok()
        phones.append(phone)
    for phone in phones[2:]:
        phone.sleep()
    house.pbx.call("alice", OFFER).expect(480)
    for phone in phones[:2]:
        phone.expect_nothing(0.1)
    house.assert_settled(*phones[:2])


@test
def a_silent_flow_of_two_stays_open(stage):
    """Behind the edge, which closes connections that nobody has registered on."""
    house = House(stage, secure=("tls",), config={"edge": {"idle-timeout": 1}})
    first, second = two_flows(house, "tls")
    bob = house.phone("bob", "tls")
    idle = bob.flow
    bob.wait_closed(idle)  # as what is nobody's
    second.sleep()
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, first))
    house.push.assert_pushes(0)
    house.assert_settled(first)


@test
def a_flow_of_two_that_is_removed_is_nobodys(stage):
    """Whichever of the two goes: the edge closes its connection, and that of the other stays."""
    for gone in (0, 1):
        house = House(stage, secure=("tls",), config={"edge": {"idle-timeout": 1}})
        phones = two_flows(house, "tls")
        flows = [phone.flow for phone in phones]
        assert phones[gone].register(expires=0).status == 200
        phones[gone].wait_closed(flows[gone])  # as what is nobody's
        time.sleep(0.5)
        assert not flows[1 - gone].closed
        house.assert_settled(phones[1 - gone])
        house.tear_down(*phones)


@test
def a_restart_ends_flows_that_are_connections(stage):
    """None of them is tried any more: the push goes out at once."""
    house = House(stage)
    first, second = two_flows(house)
    second.sleep()
    house.restart()
    first.sleep()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    first.wake()
    first.register_ok()
    house.finish(call, house.connect(call, first))
    house.push.assert_pushes(1)
    house.assert_settled(first)


def two_proxies(house, **more):
    """One phone by two proxies."""
    proxies = [EdgeProxy(house.stage, house.phones_door) for _ in range(2)]
    phones = [behind(house, proxy, **flow(number), **more)
              for number, proxy in enumerate(proxies, 1)]
    for phone in phones:
        phone.register_ok()
    assert len(house.pbx.contacts("alice")) == 1, "to the PBX it is one phone"
    return proxies, phones


@test
def a_restart_knows_all_flows_through_proxies(stage):
    """Of which the newest is lost; nothing could wake the phone."""
    house = House(stage)
    _, (first, second) = two_proxies(house, push=None)
    second.sleep()
    for ending in (house.restart, house.restart, lambda: None):
        ending()
        call = house.pbx.call("alice", OFFER)
        house.finish(call, house.connect(call, first))
    assert first.register(expires=0).status == 200
    house.restart()
    house.pbx.call("alice", OFFER).expect(480, 10)
    house.assert_settled(first)


@test
def all_proxies_are_gone_after_a_restart(stage):
    """The phone is woken all the same, and comes without one."""
    house = House(stage)
    proxies, phones = two_proxies(house)
    for part in (*phones, *proxies):
        part.close()
    house.restart()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    house.finish(call, house.connect(call, phone))
    house.push.assert_pushes(1)
    house.assert_settled(phone)


@test
def over_udp_there_is_one_flow(stage):
    """Its keep-alive would be STUN, which the daemon does not speak."""
    house = House(stage)
    phone = house.phone(**flow(1))
    answer = phone.register_ok()
    assert answer.get("Require") is None and answer.get("Flow-Timer") is None
    house.assert_settled(phone)


@test
def behind_a_proxy_without_outbound_there_is_none(stage):
    """RFC 5626 section 6: a phone that asks for flows is told, and may come without."""
    house = House(stage)
    proxy = f"<sip:edge@{ports.EDGE};lr>", f"<sip:edge@{ports.EDGE};lr;ob>"
    rows = (("udp", None, 1, 439), ("tcp", None, 1, 439), ("tcp", proxy[0], 1, 439),
            ("tcp", f"{proxy[1]}, {proxy[0]}", 1, 439), ("tcp", f"{proxy[0]}, {proxy[1]}", 1, 200),
            ("tcp", proxy[0], 0, 200), ("udp", None, 0, 200))
    for transport, path, number, status in rows:
        phone = Forwarded(stage, "alice", house.phones_door, house.pbx.domain, address=ports.EDGE,
                          transport=transport, **(flow(number) if number else {}))
        phone.hops = [f"SIP/2.0/UDP {ports.PHONE};branch=z9hG4bK1"]
        heard = len(house.pbx.registers())
        answer = phone.register(headers=[("Path", path)] if path else [])
        assert answer.status == status, (transport, path, number, answer.start)
        if status == 439:
            assert answer.start.endswith("First Hop Lacks Outbound Support"), answer.start
            assert len(house.pbx.registers()) == heard, "the PBX heard of it"
        phone.close()
    house.assert_settled()


@test
def several_contacts_with_flows(stage):
    house = House(stage)
    phone = house.phone(transport="tcp", **flow(1))
    other = phone.contact().replace("reg-id=1", "reg-id=2")
    answer = phone.register(contact=f"{phone.contact()}, {other}")
    assert answer.status == 400, answer.start
    house.assert_settled(phone)


# What stays on its side


@test
def no_gruu_crosses(stage):
    """RFC 5627: the PBX's names no device of ours, and a phone's is not for the PBX."""
    house = House(stage, contact_params=';pub-gruu="sip:alice@pbx.test;gr=urn:x"'
                                        ';temp-gruu="sip:t@pbx.test;gr"')
    phone = house.phone()
    phone.header_params = ';pub-gruu="sip:old@pbx.test;gr=urn:y"'
    answer = phone.register_ok(headers=[("Supported", "gruu")])
    assert "gruu" not in answer.get("Contact"), answer.get("Contact")
    house.trace.assert_absent(phone.name, "pub-gruu")
    house.trace.assert_absent(phone.name, "temp-gruu")
    house.trace.assert_absent("pbx", "gruu")
    house.pbx.challenge_calls = False
    call = phone.invite("2000", OFFER, headers=[("Supported", "gruu, outbound, timer")])
    leg = house.pbx.expect_call()
    assert leg.invite.get("Supported") == "timer", leg.invite.get("Supported")
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    house.assert_settled(phone)


@test
def rport_tells_where_a_request_came_from(stage):
    """RFC 3581: and the daemon asks the same of others."""
    house = House(stage)
    phone = house.phone()
    via = phone.register_ok().get("Via")
    assert parameter(via, "rport") == str(phone.port), via
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    assert ";rport" in leg.invite.get("Via"), leg.invite.get("Via")
    leg.ring()
    call.cancel().expect(200)
    leg.expect_cancel()
    call.expect(487)
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
