#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools: the test tools against each other, against Kamailio and against sipp, without the daemon.

What these show is that a failure of another scenario is the daemon's, and that the tools do notice.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import digest, ports
from sipwaketest.kamailio import Kamailio
from sipwaketest.message import Malformed, Message, parameter, split_commas
from sipwaketest.pbx import ScriptedPbx
from sipwaketest.phone import Phone
from sipwaketest.sdp import sdp
from sipwaketest.sipp import PATIENT, Sipp
from sipwaketest.tap import main, test
from sipwaketest.uri import Uri

DOMAIN = "pbx.test"
USERS = {"alice": "pwalice", "bob": "pwbob"}
PUSH = {"provider": "webpush", "prid": "https://127.0.0.1:1/push/alice"}


def phone_at(stage, pbx, name="alice", **more):
    return Phone(stage, name, (pbx.address, pbx.port), DOMAIN, **more)


def fails(function, *args):
    try:
        function(*args)
    except AssertionError:
        return True
    return False


@test
def digest_gives_the_known_answers(stage):
    fields = {"username": "Mufasa", "realm": "testrealm@host.com", "uri": "/dir/index.html",
              "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093", "qop": "auth", "nc": "00000001",
              "cnonce": "0a4f113b"}
    assert digest.response(fields, "Circle Of Life", "GET") == "6629fae49393a05397450978507c4ef1"
    fields = {"username": "alice", "realm": "pbx.example.com", "nonce": "4f2b9c0d1e",
              "uri": "sip:pbx.example.com", "qop": "auth", "nc": "00000001", "cnonce": "0a4f113b",
              "algorithm": "SHA-256"}
    assert digest.response(fields, "secret", "REGISTER") == \
        "70c9c2a7e186363bcd31bbeac95ef88a3dffd7b85f4b3ce313e38bfe6e411665"


@test
def a_message_is_read_and_written(stage):
    text = (b"INVITE sip:a@b SIP/2.0\r\nv: SIP/2.0/UDP h;branch=z9x\r\nm: \"x, y\" <sip:a,b@c>, "
            b"<sip:d@e>;q=1\r\nCSeq: 4 INVITE\r\nl: 3\r\n\r\nabc")
    message = Message.parse(text)
    assert (message.method, message.branch, message.cseq) == ("INVITE", "z9x", (4, "INVITE"))
    assert message.values("Contact") == ['"x, y" <sip:a,b@c>', "<sip:d@e>;q=1"]
    assert message.body == b"abc" and message.raw == text and message.to_bytes() == text
    assert parameter(message.values("Contact")[1], "q") == "1"
    value = '"a <b>;c" <sip:x;y=1>;+sip.instance="<urn:u;v>";expires=7;lone'
    assert parameter(value, "+sip.instance") == '"<urn:u;v>"'
    assert (parameter(value, "expires"), parameter(value, "lone")) == ("7", "")
    assert parameter(value, "y") is None and parameter("SIP/2.0/UDP h:1;branch=z", "branch") == "z"
    assert split_commas('a;b="1,2",c') == ['a;b="1,2"', "c"]
    assert Uri("sip:a@[::1]:70;transport=TCP").address == ("::1", 70)
    for broken in (b"hello\r\n\r\n", b"INVITE x SIP/2.0\r\nno colon\r\n\r\n", b"INVITE"):
        try:
            Message.parse(broken)
        except Malformed:
            continue
        raise AssertionError(f"{broken!r} was taken for SIP")


@test
def a_phone_registers_over_everything(stage):
    for address, algorithm, qop in ((ports.PBX, "MD5", "auth"), ("::1", "SHA-256", "auth"),
                                    (ports.PBX, "SHA-256", "")):
        pbx = ScriptedPbx(stage, USERS, DOMAIN, address, algorithm, qop, grant=60)
        for transport in ("udp", "tcp"):
            phone = phone_at(stage, pbx, transport=transport, push=PUSH,
                             address="::1" if ":" in address else ports.PHONE)
            answer = phone.register_ok()
            assert parameter(answer.values("Contact")[-1], "expires") == "60"
            phone.assert_quiet()
            assert phone.register(expires=0).status == 200
            assert not pbx.contacts("alice")
            phone.close()
        stage.trace.assert_order("alice> REGISTER", "pbx< REGISTER", "pbx> 401 REGISTER",
                                 "alice< 401 REGISTER", "alice> REGISTER", "alice< 200 REGISTER")
        assert fails(stage.trace.assert_absent, "pbx", "PN-")


@test
def the_scripted_pbx_has_moods(stage):
    pbx = ScriptedPbx(stage, USERS, DOMAIN, keep_one=True, min_expires=100)
    alice, again = phone_at(stage, pbx), phone_at(stage, pbx, address=ports.OTHER_PHONE)
    pbx.stale_once = True
    alice.register_ok()
    again.register_ok()
    assert Uri(pbx.contact("alice").uri).host == ports.OTHER_PHONE, "it keeps one contact"
    short = alice.register(expires=10)
    assert (short.status, short.get("Min-Expires")) == (423, "100")
    assert phone_at(stage, pbx, "bob", password="wrong").register().status == 401
    pbx.forbidden.add("bob")
    assert phone_at(stage, pbx, "bob", address=ports.CALLER).register().status == 403
    pbx.restart()
    assert not pbx.contacts("alice")
    pbx.refuse_wrong, pbx.ban_after = True, 5
    scanner = phone_at(stage, pbx, "bob", password="wrong", address=ports.STRANGER)
    for _ in range(5):
        assert scanner.register().status == 403
    assert fails(scanner.register, 3600, 0.3), "a banned address gets no answer"
    alice.register_ok()


@test
def a_call_goes_both_ways(stage):
    for transport in ("udp", "tcp"):
        pbx = ScriptedPbx(stage, USERS, DOMAIN)
        phone = phone_at(stage, pbx, transport=transport)
        phone.register_ok()
        call = pbx.call("alice", sdp("pbx"))
        ringing = phone.expect_call()
        ringing.ring()
        call.expect(180)
        ringing.answer(sdp("phone"))
        assert call.expect(200).body == sdp("phone")
        call.ack()
        ringing.expect_ack()
        info = ringing.send("INFO")
        call.reply(call.expect_request("INFO"), 200)
        info.expect(200)
        again = call.send("INVITE", sdp("pbx", version=2))
        ringing.reply(ringing.expect_request("INVITE"), 200, sdp("phone", version=2))
        again.expect(200)
        call.ack(again)
        ringing.expect_ack()
        bye = ringing.send("BYE")
        call.expect_bye()
        bye.expect(200)
        out = phone.dial("2000", sdp("phone"))
        answering = pbx.expect_call()
        pbx.expect_request("ACK")  # of the 407
        cancelled = out.cancel()
        answering.expect_cancel()
        cancelled.expect(200)
        out.expect(487)
        phone.assert_quiet()
        pbx.assert_quiet()
        phone.close()
        pbx.close()


@test
def stray_messages_and_wrong_order_are_noticed(stage):
    pbx = ScriptedPbx(stage, USERS, DOMAIN)
    phone = phone_at(stage, pbx)
    phone.register_ok()
    call = pbx.call("alice", sdp("pbx"))
    phone.expect_call().reject(486)
    assert fails(call.expect, 200)
    phone.expect_request("ACK")
    stage.trace.assert_order("pbx> INVITE", "alice> 486 INVITE", "pbx> ACK")
    assert fails(stage.trace.assert_order, "pbx> ACK", "pbx> INVITE")
    pbx.request("OPTIONS", pbx.contact("alice").uri)
    assert fails(phone.expect_nothing, 0.5)


@test
def kamailio_is_a_pbx(stage):
    pbx = Kamailio(stage)
    alice = phone_at(stage, pbx, transport="tcp", push=PUSH)
    bob = phone_at(stage, pbx, "bob", address=ports.OTHER_PHONE)
    assert phone_at(stage, pbx, password="wrong", address=ports.STRANGER).register().status == 401
    alice.register_ok()
    bob.register_ok()
    call = bob.dial("alice", sdp("bob"))
    ringing = alice.expect_call()
    ringing.ring()
    call.expect(180)
    ringing.answer(sdp("alice"))
    call.expect(200)
    call.ack()
    ringing.expect_ack()
    bye = call.send("BYE")
    ringing.expect_bye()
    bye.expect(200)
    call = bob.dial("alice", sdp("bob"))
    ringing = alice.expect_call()
    ringing.ring()
    call.expect(180)
    cancelled = call.cancel()
    ringing.expect_cancel()
    cancelled.expect(200)
    call.expect(487)
    alice.assert_quiet()
    bob.assert_quiet()
    assert any("pn-prid" in text for text in pbx.registers())
    assert len(pbx.registers()) == 6, f"{len(pbx.registers())} REGISTERs"


@test
def sipp_registers_calls_and_answers(stage):
    pbx = Kamailio(stage)
    users = [f"u{n}" for n in range(10)]
    door = (pbx.address, pbx.port)
    phones = Sipp(stage, "phones", "sipp-phone-register.xml", door, ports.PHONE, calls=10,
                  users=[f"{u};[authentication username={u} password=pw{u}];https://a/push/{u}"
                         for u in users], keys={"domain": DOMAIN}, also="sipp-phone-answer.xml",
                  hold=6, more=PATIENT)
    pbx.wait_registers(20)
    caller = Sipp(stage, "caller", "sipp-caller.xml", door, ports.CALLER, calls=10, rate=50,
                  users=[f"{u};[authentication username=2000 password=pw2000]" for u in users],
                  keys={"domain": DOMAIN}, more=PATIENT)
    caller.expect_success(20)
    phones.expect_success(20)


if __name__ == "__main__":
    main()
