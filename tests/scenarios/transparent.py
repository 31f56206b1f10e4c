#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""transparent: what sipwake does not own passes both ways, in calls that go up and down."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.sdp import sdp
from sipwaketest.tap import main, test

ODD = [("X-Odd", 'a;b="c, d";e=<f>;;g'), ("X-Empty", ""), ("X-Utf8", "Gr\u00fc\u00dfe \u260e"),
       ("P-Asserted-Identity", '"Two; Thousand" <sip:2000@pbx.test>'),
       ("P-Early-Media", "supported"), ("Privacy", "none"), ("Priority", "urgent"),
       ("Subject", "lunch, and more"), ("History-Info", "<sip:1@a>;index=1, <sip:2@b>;index=1.1"),
       ("Diversion", '"x" <sip:3@c>;reason=unconditional'), ("Call-Info", "<http://a/b>;purpose=icon"),
       ("Accept-Language", "de, en;q=0.5"), ("User-to-User", "56a390f3;encoding=hex"),
       ("Geolocation", "<cid:1@a>"), ("Alert-Info", "<urn:alert:source:internal>")]


def names(headers):
    return [name for name, _ in headers]


def assert_same(message, headers):
    for name in names(headers):
        wanted = [value for key, value in headers if key == name]
        got = message.get_all(name)
        assert [v.replace(" ", "") for v in got] == [v.replace(" ", "") for v in wanted], \
            f"{name}: {got}, wanted {wanted}"


def exchange(here, there, method, body=b"", status=200):
    """A request with odd headers, and an answer with them."""
    extra = [("Content-Type", "application/x-odd")] if body else []
    sent = here.send(method, body, ODD + extra)
    got = there.expect_request(method)
    assert_same(got, ODD)
    assert got.body == body
    there.agent.reply(got, status, None, ODD + [("Contact", "<sip:a@192.0.2.1>")])
    answer = sent.expect(status)
    assert_same(answer, ODD)


@test
def odd_headers_pass_both_ways(stage):
    house = House(stage)
    house.pbx.challenge_calls = False
    phone = house.phone(transport="tcp")
    phone.register_ok()
    for outward in (False, True):
        if outward:
            call = phone.invite("2000", OFFER, headers=ODD)
            leg = house.pbx.expect_call()
        else:
            call = house.pbx.call("alice", OFFER, headers=ODD)
            leg = phone.expect_call()
        assert_same(leg.invite, ODD)
        leg.ring(183, ANSWER, ODD)
        assert_same(call.expect(183), ODD)
        leg.answer(ANSWER, ODD)
        assert_same(call.expect(200), ODD)
        call.ack()
        leg.expect_ack()
        for one, other in ((call, leg), (leg, call)):
            exchange(one, other, "INFO", b"odd\0bytes\r\n\r\n")
            exchange(one, other, "FOO")
            update = one.send("UPDATE", OFFER, ODD)
            got = other.expect_request("UPDATE")
            assert_same(got, ODD)
            assert got.body == OFFER
            other.reply(got, 200, ANSWER, ODD)
            answer = update.expect(200)
            assert_same(answer, ODD)
            assert answer.body == ANSWER
            exchange(one, other, "MESSAGE", b"hello")
            exchange(one, other, "INFO", status=415)
        bye = call.send("BYE", headers=ODD + [("Reason", 'Q.850;cause=16;text="x, y"')])
        got = leg.expect_bye()
        assert got.get("Reason") == 'Q.850;cause=16;text="x, y"'
        assert_same(got, ODD)
        bye.expect(200)
        house.assert_settled(phone)


@test
def session_timers_pass(stage):
    """RFC 4028 is between the two ends."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, headers=[
        ("Supported", "timer, replaces"), ("Session-Expires", "90"), ("Min-SE", "90")])
    leg = phone.expect_call()
    assert "timer" in leg.invite.get("Supported") and leg.invite.get("Min-SE") == "90"
    leg.reject(422, [("Min-SE", "120")])
    leg.expect_ack()
    assert call.expect(422).get("Min-SE") == "120"
    call = house.pbx.call("alice", OFFER, headers=[
        ("Supported", "timer"), ("Session-Expires", "120;refresher=uas")])
    leg = phone.expect_call()
    leg.answer(ANSWER, [("Require", "timer"), ("Session-Expires", "120;refresher=uas")])
    answer = call.expect(200)
    assert answer.get("Require") == "timer"
    assert answer.get("Session-Expires") == "120;refresher=uas"
    call.ack()
    leg.expect_ack()
    refresh = leg.send("UPDATE", headers=[("Session-Expires", "120;refresher=uac")])
    got = call.expect_request("UPDATE")
    assert got.get("Session-Expires") == "120;refresher=uac"
    call.reply(got, 200, headers=[("Session-Expires", "120;refresher=uac")])
    assert refresh.expect(200).get("Session-Expires") == "120;refresher=uac"
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def hold_and_resume(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    for here, there in ((leg, call), (call, leg)):
        for version, direction in ((2, "sendonly"), (3, "inactive"), (4, "sendrecv")):
            offer = sdp("offer", version=version, direction=direction)
            answer = sdp("answer", version=version, direction=direction)
            again = here.send("INVITE", offer)
            got = there.expect_request("INVITE")
            assert got.body == offer
            there.reply(got, 200, answer)
            assert again.expect(200).body == answer
            here.ack(again)
            there.expect_ack()
    house.finish(leg, call)
    house.assert_settled(phone)


@test
def a_re_invite_without_offer(stage):
    """As Asterisk sends it to learn what an end can do; the answer comes in the ACK."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    again = call.send("INVITE")
    got = leg.expect_request("INVITE")
    assert got.body == b""
    leg.reply(got, 200, OFFER)
    assert again.expect(200).body == OFFER
    call.ack(again, ANSWER)
    assert leg.expect_ack().body == ANSWER
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def two_calls_of_one_pbx_get_crossing_re_invites(stage):
    """Asterisk's direct_media: both legs of a bridge are re-invited at once, through us twice."""
    house = House(stage)
    alice = house.phone(transport="tcp")
    bob = house.phone("bob", transport="tcp")
    alice.register_ok()
    bob.register_ok()
    to_alice = house.pbx.call("alice", OFFER)
    at_alice = house.connect(to_alice, alice)
    to_bob = house.pbx.call("bob", OFFER)
    at_bob = house.connect(to_bob, bob)
    first = to_alice.send("INVITE", sdp("bob", "192.0.2.8", version=2))
    second = to_bob.send("INVITE", sdp("alice", "192.0.2.9", version=2))
    got_bob, got_alice = at_bob.expect_request("INVITE"), at_alice.expect_request("INVITE")
    at_bob.reply(got_bob, 200, sdp("bob", "192.0.2.8", version=3))
    at_alice.reply(got_alice, 200, sdp("alice", "192.0.2.9", version=3))
    first.expect(200)
    second.expect(200)
    to_alice.ack(first)
    to_bob.ack(second)
    at_alice.expect_ack()
    at_bob.expect_ack()
    house.finish(to_alice, at_alice)
    house.finish(at_bob, to_bob)
    house.assert_settled(alice, bob)


if __name__ == "__main__":
    main()
