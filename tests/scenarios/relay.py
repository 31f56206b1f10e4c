#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""relay: every offer and answer of a call through a real rtpengine, and nothing left there."""
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports, tap
from sipwaketest.call import Call
from sipwaketest.daemon import write_config
from sipwaketest.house import ANSWER, OFFER, USERS, House
from sipwaketest.pbx import ScriptedPbx
from sipwaketest.rtpengine import ADDRESS, Rtpengine
from sipwaketest.sdp import sdp
from sipwaketest.tap import test


def relayed_house(stage, *rtpengines, **more):
    config = {"pbx:office": {"media": "rtpengine"},
              "media:relay": {"rtpengine": ";".join(r.uri for r in rtpengines)}}
    return House(stage, config=config, **more)


def assert_relayed(body):
    assert f"c=IN IP4 {ADDRESS}".encode() in body and b"192.0.2." not in body, body
    assert not re.search(rb"m=audio 4000[02] ", body), body
    return body


def connect(call, phone, offer=OFFER, answer=ANSWER):
    leg = phone.expect_call()
    assert_relayed(leg.invite.body)
    leg.ring()
    call.expect(180)
    leg.answer(answer)
    assert_relayed(call.expect(200).body)
    call.ack()
    leg.expect_ack()
    return leg


def change(here, there, method="INVITE"):
    """An offer inside the call, and its answer."""
    again = here.send(method, sdp("hold", "192.0.2.1", version=2, direction="sendonly"))
    request = there.expect_request(method)
    assert b"a=sendonly" in assert_relayed(request.body)
    there.reply(request, 200, sdp("held", "192.0.2.2", version=2, direction="recvonly"))
    assert b"a=recvonly" in assert_relayed(again.expect(200).body)
    if method == "INVITE":
        here.ack(again)
        there.expect_ack()


def late_change(here, there):
    """A re-INVITE without offer: the other side makes it in its 200, the ACK answers."""
    again = here.send("INVITE")
    request = there.expect_request("INVITE")
    assert not request.body
    there.reply(request, 200, sdp("late", "192.0.2.2", version=3))
    assert_relayed(again.expect(200).body)
    here.ack(again, sdp("early", "192.0.2.1", version=3))
    assert_relayed(there.expect_ack().body)


@test
def every_offer_and_answer_of_a_woken_call(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    house.wake(phone)
    leg = connect(call, phone)
    rtpengine.wait_calls(1)
    for here, there in ((call, leg), (leg, call)):
        change(here, there)
        change(here, there, "UPDATE")
        late_change(here, there)
        info = here.send("INFO", b"Signal=5\r\n", [("Content-Type", "application/dtmf-relay")])
        there.reply(there.expect_request("INFO"), 200)
        info.expect(200)
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)
    assert rtpengine.received("delete") == 2, "one for the call, one for the sleeping phone's INVITE"


def around(body):
    """A body with that session description in the midst of other parts, which are to be kept."""
    return (b"preamble\r\n--b\r\nContent-Type: application/isup\r\n\r\n\x01\0\xff\r\n"
            b"--b\r\nContent-Type: application/sdp\r\nX-Kept: c=IN IP4 192.0.2.9\r\n\r\n" + body,
            b"\r\n--b\r\nContent-Type: text/plain\n\n--bare\n\r\n--b--\r\nepilogue")


class Sound:
    """A place for RTP of one side, and where that side is told to send it."""

    def __init__(self, stage, address):
        self.address = address
        self.socket = stage.own(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.socket.bind((address, 0))
        self.socket.setblocking(False)
        self.number = 0
        self.to = None

    def body(self, name, **more):
        return sdp(name, self.address, self.socket.getsockname()[1], **more)

    def told(self, body):
        self.to = ADDRESS, int(re.search(rb"m=audio (\d+)", body)[1])

    def reaches(self, other, patience=5):
        deadline = time.monotonic() + patience
        sound = secrets.token_bytes(160)  # nothing of before, which may still be on its way
        while not other.came(sound):
            if time.monotonic() > deadline:
                return False
            self.number += 1
            self.socket.sendto(struct.pack("!BBHII", 0x80, 8, self.number, self.number * 160,
                                           id(self) & 0xffffffff) + sound, self.to)
            time.sleep(0.02)
        return True

    def came(self, sound):
        try:
            while not self.socket.recv(2000).endswith(sound):
                pass
            return True
        except BlockingIOError:
            return False


class Talk:
    """A call through rtpengine in which both hear each other, and another place for sound."""

    def __init__(self, stage):
        self.rtpengine = Rtpengine(stage)
        self.house = relayed_house(stage, self.rtpengine)
        self.phone = self.house.phone()
        self.phone.register_ok()
        caller, called, self.other = (Sound(stage, f"127.0.1.{n}") for n in (1, 2, 3))
        self.call = self.house.pbx.call("alice", caller.body("offer"))
        self.leg = self.phone.expect_call()
        called.told(self.leg.invite.body)
        self.leg.answer(called.body("answer"))
        caller.told(self.call.expect(200).body)
        self.call.ack()
        self.leg.expect_ack()
        self.sounds = {self.call: caller, self.leg: called}
        self.assert_heard("at first")

    def ways(self):
        return (self.call, self.leg), (self.leg, self.call)

    def offer(self, end, method="INVITE"):
        return end.send(method, self.other.body("elsewhere", version=2))

    def assert_moved(self, end):
        """That who is at that end hears nothing, since it has offered another place."""
        caller, called = self.sounds.values()
        mine, theirs = (caller, called) if end is self.call else (called, caller)
        assert not theirs.reaches(mine, 0.1), "the offer changes nothing: this test shows nothing"

    def assert_heard(self, *when):
        caller, called = self.sounds.values()
        assert caller.reaches(called) and called.reaches(caller), when

    def finish(self):
        change(self.call, self.leg)
        self.house.finish(self.call, self.leg)
        self.rtpengine.wait_calls(0)
        self.house.assert_settled(self.phone)


@test
def an_offer_that_is_refused_leaves_the_media_as_they_were(stage):
    """Sound goes on between the places that were agreed (RFC 3261 14.1)."""
    talk = Talk(stage)
    for here, there in talk.ways():
        for method, status in (("INVITE", 488), ("INVITE", 491), ("UPDATE", 504)):
            again = talk.offer(here, method)
            request = there.expect_request(method)
            talk.assert_moved(here)
            there.reply(request, status)
            again.expect(status)
            if method == "INVITE":
                there.expect_request("ACK")
            talk.assert_heard(method, status)
    talk.finish()


@test
def an_offer_that_meets_one_of_the_other_side_leaves_the_media_as_they_were(stage):
    """RFC 3261 14.2: the second one goes no further, and the first may be refused, too."""
    talk = Talk(stage)
    for here, there in talk.ways():
        first = talk.offer(here)
        request = there.expect_request("INVITE")
        talk.assert_moved(here)
        offers = talk.rtpengine.received("offer")
        talk.offer(there).expect(491)
        assert talk.rtpengine.received("offer") == offers
        there.reply(request, 491)
        first.expect(491)
        there.expect_request("ACK")
        talk.assert_heard("re-INVITE")
    talk.finish()


@test
def an_update_that_meets_an_offer_of_the_other_side_leaves_that_alone(stage):
    """RFC 3311 5.2: it gets 491, and what was offered first is agreed on all the same."""
    talk = Talk(stage)
    for method in ("UPDATE", "INVITE"):
        for here, there in talk.ways():
            old, talk.sounds[here], talk.other = talk.sounds[here], talk.other, talk.sounds[here]
            first = here.send(method, talk.sounds[here].body("moved", version=2))
            request = there.expect_request(method)
            assert there.send("UPDATE", talk.other.body("elsewhere")).final().status == 491
            assert here.send("UPDATE", talk.other.body("elsewhere")).final().status == 500
            there.reply(request, 200, talk.sounds[there].body("answer"))
            talk.sounds[here].to = old.to
            first.expect(200)
            if method == "INVITE":
                here.ack(first)
                there.expect_ack()
            talk.assert_heard(method)
    talk.finish()


@test
def a_re_invite_that_is_cancelled_leaves_the_media_as_they_were(stage):
    talk = Talk(stage)
    for here, there in talk.ways():
        again = talk.offer(here)
        request = there.expect_request("INVITE")
        there.reply(request, 100)
        talk.assert_moved(here)
        here.cancel(transaction=again).expect(200)
        there.reply(there.expect_request("CANCEL"), 200)
        there.reply(request, 487)
        there.expect_request("ACK")
        again.expect(487)
        talk.assert_heard("cancelled")
    talk.finish()


@test
def a_cancelled_re_invite_that_is_accepted_nevertheless_holds_for_both(stage):
    """Before the other side has heard of that, or while rtpengine thinks about its answer."""
    talk = Talk(stage)
    for here, there in talk.ways():
        for thinks in (False, True):
            again = talk.offer(here)
            request = there.expect_request("INVITE")
            there.reply(request, 100)
            if thinks:
                talk.rtpengine.pause()
                there.reply(request, 200, talk.sounds[there].body("answer"))
                here.agent.expect_nothing(0.1)
            here.cancel(transaction=again).expect(200)
            if thinks:
                talk.rtpengine.resume()
            else:
                there.reply(there.expect_request("CANCEL"), 200)
                there.reply(request, 200, talk.sounds[there].body("answer"))
            told, talk.sounds[here], talk.other = talk.sounds[here].to, talk.other, talk.sounds[here]
            talk.sounds[here].to = told
            again.expect(200)
            here.ack(again)
            there.expect_ack()
            talk.assert_heard("accepted", thinks)
    talk.finish()


@test
def an_offer_that_rtpengine_takes_too_late_leaves_the_media_as_they_were(stage):
    """Its sender has given it up meanwhile, or was told that it cannot be."""
    talk = Talk(stage)
    for here, there in talk.ways():
        for status in (487, 503):
            talk.rtpengine.pause()
            again = talk.offer(here)
            if status == 487:
                again.expect(100)
                here.cancel(transaction=again).expect(200)
            again.expect(status)
            talk.rtpengine.resume()
            there.agent.expect_nothing(0.3)
            talk.assert_heard(status)
    talk.finish()


@test
def parts_beside_the_session_description_are_kept(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    several = [("Content-Type", 'multipart/mixed;boundary="b"')]
    offer = around(OFFER)
    call = house.pbx.call("alice", b"".join(offer), headers=several)
    leg = phone.expect_call()
    head, tail = offer[0][:-len(OFFER)], offer[1]

    def translated(message):
        assert message.body.startswith(head) and message.body.endswith(tail), message.body
        part = message.body[len(head):-len(tail)]
        assert message.get("Content-Length") == str(len(message.body))
        return assert_relayed(part)

    translated(leg.invite)
    leg.answer(b"".join(around(ANSWER)), headers=several)
    translated(call.expect(200))
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


FAX = ("m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
       "a=T38FaxUdpEC:t38UDPRedundancy\r\nm=application {other} UDP/BFCP *\r\na=setup:actpass\r\n"
       "a=floorctrl:c-s\r\n")


def assert_fax(body):
    """The streams that are not sound are there to the byte, but for their ports."""
    ports = re.findall(rb"m=(?:image|application) (\d+) ", body)
    assert len(set(ports)) == 2 and not {b"40002", b"40004"} & set(ports), body
    rest = FAX.format(port=ports[0].decode(), other=ports[1].decode()).encode()
    assert assert_relayed(body).endswith(rest), body


@test
def a_call_turns_to_fax(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = connect(call, phone)
    fax = FAX.format(port=40002, other=40004).encode()
    for here, there in ((call, leg), (leg, call)):
        again = here.send("INVITE", sdp("fax", "192.0.2.1", version=2) + fax)
        request = there.expect_request("INVITE")
        assert_fax(request.body)
        there.reply(request, 200, sdp("fax", "192.0.2.2", version=2) + fax)
        assert_fax(again.expect(200).body)
        here.ack(again)
        there.expect_ack()
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def a_phone_calls_out_with_early_media(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = phone.dial("2000", OFFER)
    leg = house.pbx.expect_call()
    house.pbx.expect_request("ACK")  # of the 407
    assert_relayed(leg.invite.body)
    leg.ring(183, ANSWER)
    early = assert_relayed(call.expect(183).body)
    leg.answer(ANSWER)
    assert assert_relayed(call.expect(200).body).splitlines()[5] == early.splitlines()[5]
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)
    assert rtpengine.received("delete") == 2, "one for the call, one for the challenged INVITE"


@test
def early_media_while_rtpengine_thinks(stage):
    """A 180 overtakes it, and does not take its place."""
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    house.pbx.challenge_calls = False
    phone = house.phone()
    phone.register_ok()
    call = phone.invite("2000", OFFER)
    leg = house.pbx.expect_call()
    rtpengine.pause()
    leg.ring(183, ANSWER)
    leg.ring(180)
    assert not call.expect(180).body
    rtpengine.resume()
    assert_relayed(call.expect(183).body)
    leg.answer(ANSWER)
    assert_relayed(call.expect(200).body)
    call.ack()
    leg.expect_ack()
    house.finish(leg, call)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def a_late_offer(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice")
    leg = phone.expect_call()
    assert not leg.invite.body
    leg.answer(OFFER)
    assert_relayed(call.expect(200).body)
    call.ack(body=ANSWER)
    assert_relayed(leg.expect_ack().body)
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def only_the_winner_s_media_stays(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phones = [house.phone("alice"), house.phone("alice", path="/push/other", instance=None)]
    phones[1].name = "other"
    for phone in phones:
        phone.register_ok()
    uri = house.pbx.contacts("alice")[0].uri
    call = house.pbx.call("alice", OFFER, uri=uri, request_user="alice")
    legs = [phone.expect_call() for phone in phones]
    ports = {re.search(rb"m=audio (\d+)", assert_relayed(leg.invite.body))[1] for leg in legs}
    assert len(ports) == 2, ports
    rtpengine.wait_calls(2)
    legs[0].ring()
    call.expect(180)
    legs[1].answer(ANSWER)
    assert_relayed(call.expect(200).body)
    call.ack()
    legs[1].expect_ack()
    legs[0].expect_cancel()
    rtpengine.wait_calls(1)
    house.finish(call, legs[1])
    rtpengine.wait_calls(0)
    assert rtpengine.received("delete") == 2, "one for each phone"


@test
def who_answers_first_behind_the_pbx_is_heard(stage):
    """A PBX that forks: the last to send early media is not the one who takes the call."""
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    house.pbx.challenge_calls = False
    phone = house.phone(transport="tcp")
    phone.register_ok()
    mine, winner, loser = (Sound(stage, f"127.0.1.{n}") for n in (1, 2, 3))
    call = phone.invite("2000", mine.body("offer"))
    one = house.pbx.expect_call()
    other = Call.incoming(house.pbx, one.invite)
    for leg, sound in ((one, winner), (other, loser)):
        sound.told(leg.invite.body)
        leg.ring(183, sound.body("early"))
        mine.told(phone.take(lambda m: m.status == 183, 5, "183").body)
        assert mine.reaches(sound) and sound.reaches(mine)
    one.answer(winner.body("early"))
    mine.told(call.expect(200).body)
    call.ack()
    one.expect_ack()
    assert mine.reaches(winner) and winner.reaches(mine) and not mine.reaches(loser, 0.1)
    house.finish(call, one)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)
    assert rtpengine.received("delete") == 1


@test
def calls_that_come_to_nothing(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    rtpengine.wait_calls(1)
    leg.reject(486)
    call.expect(486)
    phone.expect_request("ACK")
    rtpengine.wait_calls(0)
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.ring()
    call.expect(180)
    cancel = call.cancel()
    cancel.expect(200)
    call.expect(487)
    leg.expect_cancel()
    rtpengine.wait_calls(0)
    assert rtpengine.received("delete") == 2, "one for each call"
    house.assert_settled(phone)


@test
def what_rtpengine_refuses_gets_488(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    house.pbx.call("alice", b"no session description\r\n").expect(488)
    phone.expect_nothing(0.2, "INVITE")
    house.daemon.wait_line(r"no media: .*Failed to parse SDP")
    call = house.pbx.call("alice", OFFER)
    leg = connect(call, phone)
    again = call.send("INVITE", b"no session description\r\n")
    again.expect(488)
    change(leg, call)
    house.finish(call, leg)
    rtpengine.wait_calls(0)


@test
def why_there_are_no_media_is_told(stage):
    """Of early media and of changes, too, not only of the call itself."""
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.ring(183, b"no session description\r\n")
    house.daemon.wait_line(r"call: no early media: 488 .*Failed to parse SDP")
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    leg.send("UPDATE", b"no session description\r\n").expect(488)
    house.daemon.wait_line(r"call: no media for UPDATE: 488 .*Failed to parse SDP")
    again = call.send("INVITE")
    leg.reply(leg.expect_request("INVITE"), 200, sdp("late", "192.0.2.2", version=2))
    again.expect(200)
    rtpengine.stop()
    call.ack(again, ANSWER)
    assert not leg.expect_ack().body
    house.daemon.wait_line(r"call: no media for INVITE: 503 rtpengine is not running")
    call.send("INVITE", OFFER).expect(503)
    house.daemon.wait_line(r"call: no media for INVITE: 503 the call's rtpengine is down")
    house.finish(call, leg)
    house.assert_settled(phone)


@test
def an_answer_that_rtpengine_refuses_ends_the_call(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    leg.answer(b"no session description\r\n")
    call.expect(488)
    leg.expect_ack()
    leg.expect_bye()
    rtpengine.wait_calls(0)
    house.assert_settled(phone)
    assert rtpengine.received("delete") == 1


@test(limit=60)
def a_slow_and_a_dead_rtpengine(stage):
    first, second = Rtpengine(stage), Rtpengine(stage)
    house = relayed_house(stage, first, second)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = connect(call, phone)
    first.wait_calls(1)
    first.pause()
    other = house.pbx.call("alice", OFFER)
    other_leg = connect(other, phone)
    second.wait_calls(1)
    call.send("INVITE", sdp("hold", "192.0.2.1", version=2)).expect(503)
    house.daemon.wait_line(r"no media for INVITE: 503 the call's rtpengine is down")
    second.stop()
    house.pbx.call("alice", OFFER).expect(503)
    house.pbx.call("alice", OFFER).expect(503)
    house.daemon.wait_line(r"no media: .*no rtpengine is up")
    house.finish(other, other_leg)
    house.finish(call, leg)
    first.resume()
    first.wait_calls(0, 10)
    second.start()
    house.daemon.wait_line(r"rtpengine is up(.|\n)*rtpengine is up(.|\n)*rtpengine is up")
    call = house.pbx.call("alice", OFFER)
    house.finish(call, connect(call, phone))
    first.wait_calls(0)
    second.wait_calls(0)


@test
def a_call_that_waits_for_rtpengine_delays_no_other(stage):
    rtpengine = Rtpengine(stage)
    lab = ScriptedPbx(stage, dict(USERS), domain="lab.test", address=ports.SECOND_PBX)
    lab.name = "lab"
    house = relayed_house(stage, rtpengine, start=False)
    house.groups["pbx:lab"] = {**house.groups["pbx:office"], "domains": lab.domain,
                               "route": f"{lab.route};transport=udp", "media": "direct"}
    house.start()
    needy, other = house.phone("alice"), house.phone("bob")
    other.domain = lab.domain
    needy.register_ok()
    other.register_ok()
    rtpengine.pause()
    waiting = house.pbx.call("alice", OFFER)
    call = lab.call("bob", OFFER)
    leg = house.connect(call, other)
    house.pbx.assert_quiet()  # the other waits still
    needy.expect_nothing(0, "INVITE")
    rtpengine.resume()
    house.finish(waiting, connect(waiting, needy))
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(needy, other)


@test
def a_call_outlives_the_restart_of_its_rtpengine(stage):
    """Which knows nothing of it then: the next offer begins it anew, and its end is still told."""
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = connect(call, phone)
    rtpengine.stop()
    rtpengine.start()
    assert rtpengine.calls() == 0
    for here, there in ((call, leg), (leg, call)):
        change(here, there)
        assert rtpengine.calls() == 1
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def a_call_is_given_up_while_rtpengine_thinks(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    rtpengine.pause()
    call = house.pbx.call("alice", OFFER)
    call.expect(100)
    call.cancel().expect(200)
    call.expect(487)
    rtpengine.resume()
    phone.expect_nothing(0.3, "INVITE")
    rtpengine.wait_calls(0)
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    rtpengine.pause()
    leg.answer(ANSWER)
    house.pbx.expect_nothing(0.1)
    call.cancel().expect(200)
    call.expect(487)
    leg.expect_ack()
    leg.expect_bye()
    rtpengine.resume()
    rtpengine.wait_calls(0)
    house.assert_settled(phone)
    assert rtpengine.received("delete") == 2, "one for each call"


@test
def what_a_killed_daemon_left_is_swept(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    connect(call, phone)
    rtpengine.wait_calls(1)
    house.daemon.ended = True
    os.kill(house.daemon.pid, signal.SIGKILL)
    house.daemon.wait(5)
    assert rtpengine.calls() == 1
    house.start()
    rtpengine.wait_calls(0)
    assert rtpengine.received("delete") == 1


@test
def a_stopped_daemon_leaves_nothing(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = connect(call, phone)
    os.kill(house.daemon.pid, signal.SIGTERM)
    leg.expect_bye()
    call.expect_bye()
    house.daemon.wait(10)
    rtpengine.wait_calls(0)
    assert rtpengine.received("delete") == 1


def reload(house, count, without=(), **groups):
    kept = {name: keys for name, keys in house.groups.items() if name not in without}
    write_config(house.daemon.config, {**kept, **groups})
    os.kill(house.daemon.pid, signal.SIGHUP)
    house.daemon.wait_log("configuration and certificates re-read", count)


@test
def changed_settings_hold_for_calls_to_come(stage):
    first, second = Rtpengine(stage), Rtpengine(stage)
    house = relayed_house(stage, first)
    phone = house.phone()
    phone.register_ok()
    office = house.groups["pbx:office"]
    call = house.pbx.call("alice", OFFER)
    leg = connect(call, phone)

    # The other rtpengine takes new calls; the running one stays where it is.
    reload(house, 1, **{"media:relay": {"rtpengine": second.uri}})
    other = house.pbx.call("alice", OFFER)
    other_leg = connect(other, phone)
    assert (first.calls(), second.calls()) == (1, 1)

    # New calls go without any; both running ones still have theirs.
    address = {**office, "media": "address", "media-address": "203.0.113.7"}
    reload(house, 2, **{"pbx:office": address})
    plain = house.pbx.call("alice", sdp("pbx", "10.0.0.5", 4000))
    plain_leg = phone.expect_call()
    assert plain_leg.invite.body == sdp("pbx", "203.0.113.7", 4000), plain_leg.invite.body
    plain_leg.answer(ANSWER)
    plain.expect(200)
    plain.ack()
    plain_leg.expect_ack()
    for here, there in ((call, leg), (other_leg, other)):
        change(here, there)
    assert (first.calls(), second.calls()) == (1, 1)

    # Phones are taken for such as speak SRTP.
    reload(house, 3, **{"pbx:office": {**office, "media-phones": "srtp"},
                        "media:relay": {"rtpengine": second.uri}})
    secure = house.pbx.call("alice", OFFER)
    secure_leg = phone.expect_call()
    assert b" RTP/SAVP " in secure_leg.invite.body, secure_leg.invite.body
    secure_leg.reject(486)
    secure.expect(486)
    phone.expect_request("ACK")

    # What is not valid changes nothing.
    write_config(house.daemon.config, {**house.groups, "media:relay": {"rtpengine": "udp:there"}})
    os.kill(house.daemon.pid, signal.SIGHUP)
    house.daemon.wait_log("the running configuration stays")
    for ends in ((call, leg), (other, other_leg), (plain, plain_leg)):
        house.finish(*ends)
    first.wait_calls(0)
    second.wait_calls(0)
    assert (first.received("delete"), second.received("delete")) == (1, 2)
    house.assert_settled(phone)


@test
def a_pbx_keeps_its_media_until_the_restart_that_takes_it_away(stage):
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    other = {**house.groups["pbx:office"], "domains": "other.test", "media": "direct"}
    reload(house, 1, without=("pbx:office", "media:relay"), **{"pbx:other": other})
    call = house.pbx.call("alice", OFFER)
    house.finish(call, connect(call, phone))
    rtpengine.wait_calls(0)

    # Configured again, but without it, the PBX and the daemon are done with the rtpengine.
    reload(house, 2, without=("media:relay",), **{"pbx:office": {**other, "domains": house.pbx.domain}})
    house.daemon.wait_log("rtpengine is no longer in use")
    call = house.pbx.call("alice", OFFER)
    house.finish(call, house.connect(call, phone))
    house.assert_settled(phone)


@test
def what_phones_are_offered_can_be_said(stage):
    rtpengine = Rtpengine(stage, ("phones/127.0.0.8", "pbx/127.0.0.9"))
    config = {"pbx:office": {"media": "rtpengine", "media-phones": "srtp"},
              "media:relay": {"rtpengine": rtpengine.uri, "interface-phones": "phones",
                              "interface-pbx": "pbx"}}
    house = House(stage, config=config)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    assert b" RTP/SAVP " in leg.invite.body and b"a=crypto:" in leg.invite.body, leg.invite.body
    assert b"c=IN IP4 127.0.0.8" in leg.invite.body, leg.invite.body
    crypto = re.search(rb"a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 (\S+)", leg.invite.body)
    leg.answer(ANSWER.replace(b"RTP/AVP", b"RTP/SAVP") + crypto[0] + b"\r\n")
    answer = call.expect(200).body
    assert b" RTP/AVP " in answer and b"a=crypto" not in answer, answer
    assert b"c=IN IP4 127.0.0.9" in answer, answer
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def what_some_users_are_offered_can_be_said(stage):
    """Called, and called back by an INVITE that leaves the offer to the PBX."""
    rtpengine = Rtpengine(stage)
    config = {"pbx:office": {"media": "rtpengine", "media-phones": "srtp",
                             "media-users": "alice:rtp;bob:webrtc;carol:auto"},
              "media:relay": {"rtpengine": rtpengine.uri}}
    house = House(stage, config=config)
    for user, profile in (("alice", b"RTP/AVP"), ("bob", b"UDP/TLS/RTP/SAVPF"),
                          ("carol", b"RTP/AVP"), ("2000", b"RTP/SAVP")):
        phone = house.phone(user)
        phone.register_ok()
        call = house.pbx.call(user, OFFER)
        leg = phone.expect_call()
        assert b" " + profile + b" " in leg.invite.body, leg.invite.body
        leg.reject(486)
        call.expect(486)
        phone.expect_request("ACK")
        call = phone.dial("2001")
        leg = house.pbx.expect_call()
        house.pbx.expect_request("ACK")  # of the 407
        leg.answer(OFFER)
        answered = call.expect(200)
        assert b" " + profile + b" " in answered.body, answered.body
        call.ack()
        leg.expect_ack()
        house.finish(leg, call)
        house.assert_settled(phone)
    rtpengine.wait_calls(0)


@test
def what_the_pbx_is_offered_can_be_said(stage):
    rtpengine = Rtpengine(stage)
    config = {"pbx:office": {"media": "rtpengine", "media-pbx": "srtp"},
              "media:relay": {"rtpengine": rtpengine.uri}}
    house = House(stage, config=config)
    phone = house.phone()
    phone.register_ok()
    call = phone.dial("2000", OFFER)
    leg = house.pbx.expect_call()
    house.pbx.expect_request("ACK")  # of the 407
    crypto = re.search(rb"a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 (\S+)", leg.invite.body)
    assert b" RTP/SAVP " in leg.invite.body and crypto, leg.invite.body
    leg.answer(ANSWER.replace(b"RTP/AVP", b"RTP/SAVP") + crypto[0] + b"\r\n")
    answer = call.expect(200).body
    assert b" RTP/AVP " in answer and b"a=crypto" not in answer, answer
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def early_media_is_acknowledged(stage):
    """A PBX that requires reliable provisional answers gets the phone's sound in one (RFC 3262)."""
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER,
                          headers=[("Require", "100rel"), ("Supported", "100rel")])
    leg = phone.expect_call()
    leg.ring(183, ANSWER)
    early = call.expect(183)
    assert_relayed(early.body)
    leg.answer(ANSWER)
    call.send("PRACK", headers=[("RAck", f"{early.get('RSeq')} {call.invite.cseq[0]} INVITE")]
              ).expect(200)
    assert assert_relayed(call.expect(200).body).splitlines()[5] == early.body.splitlines()[5]
    call.ack()
    leg.expect_ack()
    change(leg, call, "UPDATE")
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


def acknowledge(call, leg, early_body, body):
    """Early media from the phone, sent reliably; returns the PRACK with that body as the PBX sent it
    and as the phone has it."""
    leg.ring(183, early_body, headers=[("Require", "100rel"), ("RSeq", 4711)])
    early = call.expect(183)
    assert_relayed(early.body)
    sent = call.send("PRACK", body, [
        ("RAck", f"{early.get('RSeq')} {call.invite.cseq[0]} INVITE")])
    return sent, leg.expect_request("PRACK")


@test
def offers_and_answers_before_the_call_is_answered(stage):
    """An offer in a PRACK, its answer in the 200, and an UPDATE each way (RFC 3262 5, RFC 3311)."""
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER, headers=[("Supported", "100rel")])
    leg = phone.expect_call()
    assert_relayed(leg.invite.body)
    sent, request = acknowledge(call, leg, ANSWER, sdp("again", "192.0.2.1", version=2))
    assert b"s=again" in assert_relayed(request.body)
    leg.reply(request, 200, sdp("agreed", "192.0.2.2", version=2))
    assert b"s=agreed" in assert_relayed(sent.expect(200).body)
    for here, there in ((call, leg), (leg, call)):
        change(here, there, "UPDATE")
    leg.answer(b"")
    assert not call.expect(200).body
    call.ack()
    leg.expect_ack()
    house.finish(call, leg)
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def a_session_description_that_is_too_much_for_rtpengine(stage):
    """It would not reply, and be taken for dead while others need it."""
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    for more in (b"m=audio 4 RTP/AVP 0\r\n" * 1300, b"a=x-much:%s\r\n" % (b"x" * 100) * 400):
        phone.dial("2000", OFFER + more).expect(488)
        house.daemon.wait_line("no media: .*too large")
    assert rtpengine.received("offer") == 0
    call = house.pbx.call("alice", OFFER + b"m=video 4 RTP/AVP 31\r\n" * 31)
    house.finish(call, connect(call, phone, answer=ANSWER + b"m=video 0 RTP/AVP 31\r\n" * 31))
    rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def early_media_that_got_lost_in_rtpengine(stage):
    """The phone repeats a reliable answer until the PBX acknowledges it."""
    rtpengine = Rtpengine(stage)
    house = relayed_house(stage, rtpengine)
    phone = house.phone()
    phone.register_ok()
    for lost in ("overtaken", "refused"):
        call = house.pbx.call("alice", OFFER, headers=[("Supported", "100rel")])
        leg = phone.expect_call()
        reliably = [("Require", "100rel"), ("RSeq", 4711)]
        if lost == "overtaken":
            rtpengine.pause()
            leg.ring(183, ANSWER, headers=reliably)
            leg.ring(180)
            call.expect(180)
            rtpengine.resume()
        else:
            leg.ring(183, b"no session description\r\n", headers=reliably)
            house.pbx.expect_nothing(0.3)
        leg.ring(183, ANSWER, headers=reliably)
        early = call.expect(183)
        assert_relayed(early.body)
        sent = call.send("PRACK", headers=[
            ("RAck", f"{early.get('RSeq')} {call.invite.cseq[0]} INVITE")])
        leg.reply(leg.expect_request("PRACK"), 200)
        sent.expect(200)
        leg.ring(183, ANSWER, headers=reliably)
        house.pbx.expect_nothing(0.2)
        leg.answer(ANSWER)
        call.expect(200)
        call.ack()
        leg.expect_ack()
        house.finish(call, leg)
        rtpengine.wait_calls(0)
    house.assert_settled(phone)


@test
def the_pbx_s_address_is_replaced_and_no_other(stage):
    config = {"pbx:office": {"media": "address", "media-address": "203.0.113.7"}}
    house = House(stage, config=config)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", sdp("pbx", "10.0.0.5", 4000))
    leg = phone.expect_call()
    assert leg.invite.body == sdp("pbx", "203.0.113.7", 4000), leg.invite.body
    leg.answer(sdp("phone", "192.168.1.2", 5000))
    assert call.expect(200).body == sdp("phone", "192.168.1.2", 5000)
    call.ack()
    leg.expect_ack()
    several = [("Content-Type", "multipart/mixed;boundary=b")]
    again = call.send("UPDATE", b"".join(around(sdp("pbx", "10.0.0.5", 4000, version=2))), several)
    request = leg.expect_request("UPDATE")
    assert request.body == b"".join(around(sdp("pbx", "203.0.113.7", 4000, version=2)))
    leg.reply(request, 200, sdp("phone", "192.168.1.2", 5000, version=2))
    again.expect(200)
    again = leg.send("INVITE", sdp("phone", "192.168.1.2", 5000, version=2))
    request = call.expect_request("INVITE")
    assert request.body == sdp("phone", "192.168.1.2", 5000, version=2)
    call.reply(request, 200, sdp("pbx", "10.0.0.5", 4000, version=2))
    assert again.expect(200).body == sdp("pbx", "203.0.113.7", 4000, version=2)
    leg.ack(again)
    call.expect_ack()
    house.finish(call, leg)
    house.assert_settled(phone)


if __name__ == "__main__":
    if shutil.which("rtpengine"):
        tap.main()
    else:
        print("1..0 # SKIP rtpengine is not installed")
