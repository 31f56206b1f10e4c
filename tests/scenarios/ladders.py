#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ladders: sipp on both sides of every kind of call; it fails on each message out of order."""
import os
import re
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.ladder import (awake, called, caller, challenge, may, pause, probed, recv,
                                register, send, until)
from sipwaketest.population import inhabit, user_of
from sipwaketest.sipp import Sipp
from sipwaketest.tap import main, test
from sipwaketest.uri import Uri, host_port


# What sipp writes among its complaints without any being one.
NOTICE = re.compile("The following events occurred|using the out-of-call scenario")

ELSEWHERE = '^ *SIP;cause=200;text="Call completed elsewhere"$'


class Street:
    """A house between a PBX, of which sipp makes the calls, and phones that are sipp."""

    def __init__(self, stage, **more):
        self.stage = stage
        self.house = House(stage, **more)
        self.players = []

    def play(self, name, ladder, target, address, port=None, also=None, transport="udp",
             calls=1, options=(), **keys):
        name = f"{name}{len(self.players) + 1}"
        with open(self.messages(name), "w", encoding="ascii"):
            pass  # sipp is not so soon
        player = Sipp(self.stage, name, self.write(name, ladder), target, address, port, transport,
                      calls, also=also and self.write(f"{name}-called", also), seconds=20,
                      keys={"domain": self.house.pbx.domain, **keys},
                      more=("-au", keys["me"], "-ap", f"pw{keys['me']}", "-trace_msg",
                            "-message_file", self.messages(name), *options))
        self.players.append(player)
        return player

    def write(self, name, ladder):
        path = os.path.join(self.stage.path, f"{name}.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(ladder)
        return path

    def messages(self, name):
        return os.path.join(self.stage.path, f"{name}.messages")

    def heard(self, player, pattern):
        """What this expression finds in what a player has sent and got, as soon as it is there."""
        def read():
            with open(self.messages(player.name), encoding="ascii") as file:
                return file.read()
        return player.wait_line(pattern, read=read)

    def phone(self, ladder, also=None, address=ports.PHONE, **more):
        """A phone of alice's; each address has a push resource of its own."""
        return self.play("phone", ladder, self.house.phones_door, address, also=also, me="alice",
                         prid=self.house.push.prid(f"/push/{address}"),
                         instance=uuid.uuid5(uuid.NAMESPACE_URL, address), peer="alice",
                         uri=f"sip:{self.house.pbx.domain}", **more)

    def sleeper(self, **more):
        """Registers and is gone; returns its port."""
        phone = self.phone(caller(register()), **more)
        phone.expect_success(15)
        return phone.port

    def pbx(self, ladder, **more):
        """The PBX calls the one contact that is registered there, or all of them by name."""
        uris = [contact.uri for contact in self.house.pbx.contacts("alice")]
        uri = uris[0] if len(uris) == 1 else Uri(uris[0]).with_user("alice")
        return self.play("pbx", ladder, self.house.pbx_door, ports.PBX, me="2000", peer="alice",
                         uri=uri, **more)

    def finish(self):
        """All has gone as written and nobody heard anything else."""
        for player in self.players:
            player.expect_success(20)
            strays = [line for line in player.complaints().splitlines()
                      if line and not NOTICE.search(line)]
            assert not strays, f"{player.name}: {strays[:40]}"
        self.house.assert_settled()


# The first part of a call, as the PBX sees it.
UP = (send("INVITE", OFFER), recv("100 INVITE"), recv("180 INVITE"),
      recv("200 INVITE", body="s=answer"), send("ACK"))
# And as the phone does.
TAKEN = (recv("INVITE", body="s=offer"), send("180 INVITE"), send("200 INVITE", ANSWER),
         recv("ACK"))
HANGS_UP = (send("BYE"), recv("200 BYE"))
HEARS_BYE = (recv("BYE"), send("200 BYE"))

GIVES_UP = (send("CANCEL"), recv("200 CANCEL"), recv("487 INVITE"), send("ACK"))
CANCELLED = (recv("CANCEL"), send("200 CANCEL"), send("487 INVITE"), recv("ACK"))
HOLD = OFFER.replace(b"sendrecv", b"sendonly")
KEPT = ANSWER.replace(b"sendrecv", b"recvonly")


def asks(method, body=b"", answer=b""):
    """A request inside the call, and its answer."""
    checks = {"body": mark(answer)} if answer else {}
    return [send(method, body), *([may("100 INVITE")] if method == "INVITE" else []),
            recv(f"200 {method}", **checks)]


def is_asked(method, body=b"", answer=b""):
    checks = {"body": mark(body)} if body else {}
    return [recv(method, **checks), send(f"200 {method}", answer)]


def mark(body):
    """What tells this SDP from the others."""
    return re.search("a=(sendonly|recvonly|sendrecv)", body.decode()).group()


@test
def a_held_call_wakes_its_phone(stage):
    street = Street(stage)
    port = street.sleeper()
    street.pbx(caller([*UP, *HANGS_UP]))
    street.house.push.wait_pushes(1)
    street.phone(awake(), called([*TAKEN, *HEARS_BYE]), port=port)
    street.finish()
    street.house.push.assert_pushes(1)


def call(stage, pbx, phone, pbx_options=(), phone_options=(), **more):
    """An awake phone is called."""
    street = Street(stage, **more)
    street.phone(awake(), called(phone), options=phone_options)
    street.house.pbx.wait_contacts("alice", 1)
    street.pbx(caller(pbx), options=pbx_options)
    street.finish()
    street.house.push.assert_pushes(0)


@test
def an_awake_phone_rings_without_a_push(stage):
    call(stage, [*UP, *HEARS_BYE], [*TAKEN, *HANGS_UP])


@test
def a_phone_with_a_connection_is_woken_and_called(stage):
    street = Street(stage)
    street.sleeper(transport="tcp")
    street.pbx(caller([*UP, *HANGS_UP]))
    street.house.push.wait_pushes(1)
    street.phone(awake(), called([*TAKEN, *HEARS_BYE]), transport="tcp")
    street.finish()
    street.house.push.assert_pushes(1)


def comes_back(stage, first):
    """The first process of a phone ends in the midst of a call, and with it the connection."""
    street = Street(stage)
    street.phone(awake(), called(first), transport="tcp")
    street.house.pbx.wait_contacts("alice", 1)
    street.pbx(caller([*UP, *HANGS_UP]))
    street.players[0].expect_success()
    street.house.push.wait_pushes(1)
    street.phone(awake(), called([*TAKEN, *HEARS_BYE]), transport="tcp")
    street.finish()
    street.house.push.assert_pushes(1)


@test
def a_connection_closes_before_the_phone_says_anything(stage):
    comes_back(stage, TAKEN[:1])


@test
def a_connection_closes_while_the_phone_rings(stage):
    comes_back(stage, TAKEN[:2])


# sipp takes what is repeated for a message of its own, and repeats nothing.
LITERALLY = ("-nr",)


@test
def a_repeated_invite_is_one_call(stage):
    again = send("INVITE", OFFER, same=True)
    street = Street(stage)
    port = street.sleeper()
    street.pbx(caller([*UP[:3], again, recv("180 INVITE"), recv("180 INVITE"), recv("200 INVITE"),
                       again, recv("200 INVITE"), send("ACK"), *HANGS_UP]), options=LITERALLY)
    street.house.push.wait_pushes(1)
    street.heard(street.players[-1], "(?s)(SIP/2.0 180.*){2}")
    street.phone(awake(), called([*TAKEN, *HEARS_BYE]), port=port)
    street.finish()
    street.house.push.assert_pushes(1)


@test
def a_lost_ack_of_the_pbx(stage):
    """The 200 comes again until there is an ACK, and only then does the phone get one."""
    call(stage, [*UP[:4], recv("200 INVITE"), recv("200 INVITE"), send("ACK"), *HANGS_UP],
         [*TAKEN, *HEARS_BYE], pbx_options=LITERALLY)


@test
def a_lost_ack_to_the_phone(stage):
    """Each 200 of the phone is acknowledged, and the PBX hears of one."""
    call(stage, [*UP, *HEARS_BYE],
         [*TAKEN, send("200 INVITE", ANSWER), recv("ACK"), send("200 INVITE", ANSWER), recv("ACK"),
          *HANGS_UP], phone_options=LITERALLY)


@test
def nobody_wakes(stage):
    street = Street(stage, wake={"timeout": 1})
    street.sleeper()
    street.pbx(caller([*UP[:3], recv("480 INVITE"), send("ACK")]))
    street.finish()
    street.house.push.assert_pushes(1)


@test
def a_late_answer_after_the_wait_is_over(stage):
    """The phone says nothing before, so that there was nothing to cancel (RFC 3261 section 9.1)."""
    street = Street(stage, wake={"timeout": 1})
    street.phone(awake(), called([recv("INVITE"), pause(2500), send("200 INVITE", ANSWER),
                                  recv("ACK"), *HEARS_BYE]), transport="tcp")
    street.house.pbx.wait_contacts("alice", 1)
    street.pbx(caller([*UP[:3], recv("480 INVITE"), send("ACK")]))
    street.finish()


@test
def early_media_and_an_invite_without_offer(stage):
    call(stage,
         [*UP[:2], recv("183 INVITE", body="s=answer"), recv("200 INVITE"), send("ACK"),
          send("INVITE"), may("100 INVITE"), recv("200 INVITE", body=mark(HOLD)),
          send("ACK", KEPT), *HANGS_UP],
         [TAKEN[0], send("183 INVITE", ANSWER), *TAKEN[2:], recv("INVITE"),
          send("200 INVITE", HOLD), recv("ACK", body=mark(KEPT)), *HEARS_BYE])


@test
def a_caller_gives_up_while_the_call_is_held(stage):
    street = Street(stage)
    port = street.sleeper()
    street.pbx(caller([*UP[:3], *GIVES_UP]))
    street.house.push.wait_pushes(1)
    street.players[-1].expect_success()
    street.phone(caller([*register(), pause(500)]), port=port)
    street.finish()


@test
def a_caller_gives_up_while_it_rings(stage):
    call(stage, [*UP[:3], *GIVES_UP], [*TAKEN[:2], *CANCELLED])


@test
def a_cancel_crosses_the_answer_of_the_phone(stage):
    call(stage, [*UP[:3], *GIVES_UP],
         [*TAKEN[:2], recv("CANCEL"), send("200 CANCEL"), send("200 INVITE", ANSWER), recv("ACK"),
          *HEARS_BYE])


@test
def a_cancel_crosses_the_answer_to_the_pbx(stage):
    call(stage, [*UP[:4], send("CANCEL"), recv("481 CANCEL"), send("ACK"), *HANGS_UP],
         [*TAKEN, *HEARS_BYE])


def call_two(stage, pbx, *phones):
    """Two awake phones of one user are called."""
    street = Street(stage)
    for number, phone in enumerate(phones):
        street.phone(awake(), called(phone), address=(ports.PHONE, ports.OTHER_PHONE)[number])
        street.house.pbx.wait_contacts("alice", number + 1)
    street.pbx(caller(pbx))
    street.finish()


@test
def the_first_of_two_phones_wins(stage):
    call_two(stage, [*UP, *HANGS_UP], [*TAKEN, *HEARS_BYE],
             [*TAKEN[:2], recv("CANCEL", Reason=ELSEWHERE), *CANCELLED[1:]])


@test
def the_loser_of_two_phones_answers_instead_of_ending(stage):
    call_two(stage, [*UP, *HANGS_UP], [*TAKEN, *HEARS_BYE],
             [*TAKEN[:2], *CANCELLED[:2], send("200 INVITE", ANSWER), recv("ACK"), *HEARS_BYE])


@test
def the_best_of_two_refusals_is_told(stage):
    call_two(stage, [*UP[:3], recv("404 INVITE"), send("ACK")],
             [*TAKEN[:2], send("486 INVITE"), recv("ACK")],
             [*TAKEN[:2], send("404 INVITE"), recv("ACK")])


@test
def a_call_is_held_and_resumed_from_both_sides(stage):
    call(stage,
         [*UP, *asks("INVITE", HOLD, KEPT), send("ACK"), *is_asked("INVITE", OFFER, ANSWER),
          recv("ACK"), *asks("UPDATE", HOLD, KEPT), *is_asked("UPDATE", OFFER, ANSWER),
          *asks("INFO"), *is_asked("INFO"), *HEARS_BYE],
         [*TAKEN, *is_asked("INVITE", HOLD, KEPT), recv("ACK"), *asks("INVITE", OFFER, ANSWER),
          send("ACK"), *is_asked("UPDATE", HOLD, KEPT), *asks("UPDATE", OFFER, ANSWER),
          *is_asked("INFO"), *asks("INFO"), *HANGS_UP])


@test
def a_re_invite_meets_one_of_the_other_side(stage):
    """RFC 3261 section 14.2, once from each side."""
    first = [send("INVITE", HOLD), may("100 INVITE"), recv("200 INVITE"), send("ACK")]
    second = [recv("INVITE"), send("INVITE", OFFER), recv("491 INVITE"), send("ACK"),
              send("200 INVITE", KEPT), recv("ACK")]
    call(stage, [*UP, *first, *second, *HEARS_BYE], [*TAKEN, *second, *first, *HANGS_UP])


@test
def a_bye_crosses_a_re_invite(stage):
    call(stage, [*UP, send("INVITE", HOLD), may("100 INVITE"), recv("BYE"), send("200 BYE"),
                 recv("487 INVITE"), send("ACK")],
         [*TAKEN, recv("INVITE"), send("100 INVITE"), *HANGS_UP, *CANCELLED])


@test
def a_refused_re_invite_leaves_the_call_up(stage):
    call(stage, [*UP, send("INVITE", HOLD), may("100 INVITE"), recv("488 INVITE"), send("ACK"),
                 *asks("INFO"), *HANGS_UP],
         [*TAKEN, recv("INVITE"), send("488 INVITE"), recv("ACK"), *is_asked("INFO"), *HEARS_BYE])


@test
def a_phone_transfers_its_caller(stage):
    target = "<sip:3000@pbx.test>"
    told = ("Event: refer", "Subscription-State: terminated;reason=noresource",
            "Content-Type: message/sipfrag;version=2.0")
    call(stage,
         [*UP, recv("REFER", Refer_To=f"^ *{target}$"), send("202 REFER"),
          send("NOTIFY", "SIP/2.0 200 OK\r\n", told), recv("200 NOTIFY"), *HEARS_BYE],
         [*TAKEN, send("REFER", headers=[f"Refer-To: {target}"]), recv("202 REFER"),
          recv("NOTIFY", Event="refer", body="^SIP/2.0 200 OK"), send("200 NOTIFY"), *HANGS_UP])


@test
def a_call_takes_the_place_of_another(stage):
    """The PBX names the first call as it knows it, and the phone reads what that is for it."""
    street = Street(stage)
    phone = street.phone(awake(calls=2), called([
        recv("INVITE"), send("200 INVITE", ANSWER), recv("ACK"), until("begun", 2), *HANGS_UP]))
    street.house.pbx.wait_contacts("alice", 1)
    up = [send("INVITE", OFFER), recv("100 INVITE"), recv("200 INVITE"), send("ACK"), *HEARS_BYE]
    first = street.pbx(caller(up))
    street.heard(first, "ACK sip:")
    near, far, call_id = street.heard(
        first, r"(?s)200 OK.*?;tag=(\S+).*?;tag=(\S+).*?Call-ID: (\S+)").groups()
    replaces = f"Replaces: {call_id};to-tag={far};from-tag={near}"
    street.pbx(caller([send("INVITE", OFFER, headers=[replaces]), *up[1:]]))
    street.finish()
    far, call_id = street.heard(
        phone, r"(?s)^INVITE .*?From: [^\n]*;tag=(\S+).*?Call-ID: (\S+)").groups()
    near = street.heard(phone, rf";tag={far}\nTo: .*;tag=(\S+)").group(1)
    street.heard(phone, f"^Replaces: {call_id};to-tag={near};from-tag={far}$")


@test
def a_message_wakes_a_phone(stage):
    street = Street(stage)
    port = street.sleeper()
    text = ("Content-Type: text/plain",)
    street.pbx(caller([send("MESSAGE", "wake up", text), may("100 MESSAGE"), recv("200 MESSAGE")]))
    street.house.push.wait_pushes(1)
    street.phone(awake(), called([recv("MESSAGE", body="^wake up$"), send("200 MESSAGE")]),
                 port=port)
    street.finish()


class SippPbx:
    """A PBX that is called; it is sipp, which begins when it is told how it shall be."""

    domain = "pbx.test"

    def __init__(self):
        self.address = ports.PBX
        self.port = ports.free_port(self.address)

    @property
    def route(self):
        return f"sip:{host_port(self.address, self.port)}"

    def assert_quiet(self):
        """sipp itself says what was too much."""


def ask_pbx(stage, phone, pbx, requests):
    """A phone that is known from before asks the PBX, which was probed itself first."""
    exchange = SippPbx()
    street = Street(stage, pbx=exchange, start=False)
    port = ports.free_port(ports.PHONE)
    inhabit(street.house, 1, address=lambda number: host_port(ports.PHONE, port))
    street.house.daemon.stop()
    street.play("pbx", called([probed(), *pbx]), None, exchange.address, exchange.port,
                calls=1 + requests, me="2000").wait_bound()
    street.house.start()
    street.play("phone", caller(phone), street.house.phones_door, ports.PHONE, port,
                me=user_of(0), peer="2000", uri=f"sip:2000@{exchange.domain}")
    street.finish()


@test
def a_phone_proves_itself_to_the_pbx(stage):
    ask_pbx(stage, [send("INVITE", OFFER), may("100 INVITE"), recv("407 INVITE"), send("ACK"),
                    send("INVITE", OFFER, headers=["[authentication]"]), *UP[1:], *HANGS_UP],
            [challenge("INVITE"), *TAKEN[1:], *HEARS_BYE], 2)


@test
def a_phone_subscribes_and_is_notified(stage):
    event, state = "Event: dialog", "Subscription-State: active;expires=60"
    wanted = {"Event": "^ *dialog$", "Subscription_State": "^ *active;expires=60$"}
    heard = [recv("NOTIFY", **wanted), send("200 NOTIFY")]
    told = [send("NOTIFY", headers=[event, state]), recv("200 NOTIFY")]
    ask_pbx(stage, [send("SUBSCRIBE", headers=[event, "Expires: 60"]), recv("200 SUBSCRIBE"),
                    *heard, send("SUBSCRIBE", headers=[event, "Expires: 60"]),
                    recv("200 SUBSCRIBE"), *heard],
            [recv("SUBSCRIBE"), send("200 SUBSCRIBE", headers=["Expires: 60"]), *told,
             recv("SUBSCRIBE"), send("200 SUBSCRIBE", headers=["Expires: 60"]), *told], 1)


if __name__ == "__main__":
    main()
