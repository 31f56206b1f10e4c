#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ladders: sipp on both sides of every kind of call; it fails on each message out of order."""
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER
from sipwaketest.ladder import (awake, called, caller, challenge, flag, may, pause, recv,
                                send, told, until)
from sipwaketest.street import (ACKNOWLEDGES, CANCELLED, HANGS_UP, HEARS_BYE, HOLD, KEPT,
                                RELIABLE, TAKEN, UP, Exchange, Street, ask_pbx, asks, call,
                                call_two, is_asked, mark)
from sipwaketest.tap import main, test

ELSEWHERE = '^ *SIP;cause=200;text="Call completed elsewhere"$'


def held(stage, pbx, phone, **more):
    """A phone is woken for a call."""
    street = Street(stage, **more)
    port = street.sleeper()
    street.pbx(caller(pbx))
    street.house.push.wait_pushes(1)
    street.phone(awake(), called(phone), port=port)
    street.finish()
    street.house.push.assert_pushes(1)


@test
def a_held_call_wakes_its_phone(stage):
    held(stage, [*UP, *HANGS_UP], [*TAKEN, *HEARS_BYE])


@test
def an_awake_phone_rings_without_a_push(stage):
    call(stage, [*UP, *HEARS_BYE], [*TAKEN, *HANGS_UP])


@test
def a_frozen_phone_is_pushed(stage):
    """It answers at last, and is called once."""
    street = Street(stage)
    street.phone(awake(), called([TAKEN[0], told("pushed"), *TAKEN[1:], *HEARS_BYE]))
    street.house.pbx.wait_contacts("alice", 1)
    street.pbx(caller([*UP, *HANGS_UP]))
    street.house.push.wait_pushes(1)
    street.say("pushed")
    street.finish()
    street.house.push.assert_pushes(1)


@test
def a_phone_with_a_connection_is_woken_and_called(stage):
    street = Street(stage)
    street.sleeper(transport="tcp")
    street.pbx(caller([*UP, *HANGS_UP]))
    street.house.push.wait_pushes(1)
    street.phone(awake(), called([*TAKEN, *HEARS_BYE]), transport="tcp")
    street.finish()
    street.house.push.assert_pushes(1)


@test
def nobody_wakes(stage):
    street = Street(stage, wake={"timeout": 1})
    street.sleeper()
    street.pbx(caller([*UP[:3], recv("480 INVITE"), send("ACK")]))
    street.finish()
    street.house.push.assert_pushes(1)


@test
def early_media_and_an_invite_without_offer(stage):
    call(stage,
         [*UP[:2], recv("183 INVITE", body="s=answer"), recv("200 INVITE"), send("ACK"),
          send("INVITE"), may("100 INVITE"), recv("200 INVITE", body=mark(HOLD)),
          send("ACK", KEPT), *HANGS_UP],
         [TAKEN[0], send("183 INVITE", ANSWER), *TAKEN[2:], recv("INVITE"),
          send("200 INVITE", HOLD), recv("ACK", body=mark(KEPT)), *HEARS_BYE])


@test
def the_first_of_two_phones_wins(stage):
    call_two(stage, [*UP, *HANGS_UP], [*TAKEN, *HEARS_BYE],
             [*TAKEN[:2], recv("CANCEL", Reason=ELSEWHERE), *CANCELLED[1:]])


@test
def a_phone_that_wakes_joins_one_that_rings(stage):
    street = Street(stage)
    street.phone(awake(), called([*TAKEN[:2], recv("CANCEL", Reason=ELSEWHERE), *CANCELLED[1:]]))
    port = street.sleeper(address=ports.OTHER_PHONE)
    street.pbx(caller([*UP, *HANGS_UP]))
    street.house.push.wait_pushes(1)
    street.phone(awake(), called([*TAKEN, *HEARS_BYE]), address=ports.OTHER_PHONE, port=port)
    street.finish()
    street.house.push.assert_pushes(1)


@test
def who_declines_declines_for_all(stage):
    call_two(stage, [*UP[:3], recv("603 INVITE"), send("ACK")],
             [*TAKEN[:2], pause(300), send("603 INVITE"), recv("ACK")], [*TAKEN[:2], *CANCELLED])


@test
def the_best_of_two_refusals_is_told(stage):
    call_two(stage, [*UP[:3], recv("404 INVITE"), send("ACK")],
             [*TAKEN[:2], send("486 INVITE"), recv("ACK")],
             [*TAKEN[:2], send("404 INVITE"), recv("ACK")])


@test
def a_busy_phone_is_busy_for_all_where_that_is_wanted(stage):
    call_two(stage, [*UP[:3], recv("486 INVITE"), send("ACK")],
             [*TAKEN[:2], pause(300), send("486 INVITE"), recv("ACK")], [*TAKEN[:2], *CANCELLED],
             config={"call": {"busy": "end"}})


@test
def the_others_ring_on_where_that_is_wanted(stage):
    call_two(stage, [*UP, *HANGS_UP],
             [*TAKEN[:2], send("603 INVITE"), recv("ACK")],
             [*TAKEN[:2], pause(300), *TAKEN[2:], *HEARS_BYE],
             config={"call": {"decline": "wait"}})


def refused(stage, header, status):
    """A call to two phones that sleep; nobody is woken."""
    street = Street(stage)
    for address in (ports.PHONE, ports.OTHER_PHONE):
        street.sleeper(address=address)
    street.pbx(caller([send("INVITE", OFFER, headers=[header]), may("100 INVITE"),
                       recv(f"{status} INVITE"), send("ACK")]))
    street.finish()
    street.house.push.assert_pushes(0)


@test
def a_call_that_has_come_too_far(stage):
    refused(stage, "Max-Forwards: 0", 483)


@test
def a_call_that_may_not_fork(stage):
    """RFC 5393 section 5.3.3.1."""
    refused(stage, "Max-Breadth: 1", 440)


@test
def what_nobody_has_heard_of_passes(stage):
    """Headers, those of a session timer, a method and its answer; a hop is counted."""
    asked, told_back = ("X-Odd: <a;b>", "Session-Expires: 1800;refresher=uac"), ("X-Odd: c",)
    seen = {"X_Odd": "^ *<a;b>$", "Session_Expires": "^ *1800;refresher=uac$"}
    yell = ["Content-Type: text/odd"]
    call(stage,
         [send("INVITE", OFFER, asked), *UP[1:3], recv("200 INVITE", X_Odd="^ *c$"), UP[4],
          send("YELL", "loud", yell), recv("299 YELL", body="^louder$"), *HANGS_UP],
         [recv("INVITE", Max_Forwards="^ *69$", **seen), TAKEN[1],
          send("200 INVITE", ANSWER, told_back), TAKEN[3],
          recv("YELL", body="^loud$", Content_Type="^ *text/odd$"),
          send("299 YELL", "louder", yell), *HEARS_BYE])


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
def a_refused_re_invite_leaves_the_call_up(stage):
    call(stage, [*UP, send("INVITE", HOLD), may("100 INVITE"), recv("488 INVITE"), send("ACK"),
                 *asks("INFO"), *HANGS_UP],
         [*TAKEN, recv("INVITE"), send("488 INVITE"), recv("ACK"), *is_asked("INFO"), *HEARS_BYE])


# What it came to, which is all that who was referred tells.
TOLD = (send("NOTIFY", "SIP/2.0 200 OK\r\n", (
    "Event: refer", "Subscription-State: terminated;reason=noresource",
    "Content-Type: message/sipfrag;version=2.0")), recv("200 NOTIFY"))
HEARS = (recv("NOTIFY", Event="refer", body="^SIP/2.0 200 OK"), send("200 NOTIFY"))


@test
def a_phone_transfers_its_caller(stage):
    target = "<sip:3000@pbx.test>"
    call(stage,
         [*UP, recv("REFER", Refer_To=f"^ *{target}$"), send("202 REFER"), *TOLD, *HEARS_BYE],
         [*TAKEN, send("REFER", headers=[f"Refer-To: {target}"]), recv("202 REFER"), *HEARS,
          *HANGS_UP])


def dialog_of(street, player):
    """The tags of a caller and of us, and the Call-ID of a call that was answered."""
    return street.heard(
        player, r"(?s)200 OK.*?;tag=(\S+).*?;tag=(\S+).*?Call-ID: (\S+)").groups()


@test
def a_phone_connects_its_caller_with_another(stage):
    """It asks that one first, and there names its caller's call as it knows it (RFC 5589)."""
    place = "<sip:3000@pbx.test?Replaces=[$Call_ID]%3Bto-tag%3D[$From]%3Bfrom-tag%3D[$To]>"
    street = Exchange(stage, [*TAKEN, recv("REFER"), send("202 REFER"), *TOLD, *HEARS_BYE])
    first = street.pbx(caller([*UP, told("transferred"), *HANGS_UP]))
    street.phone(
        caller([until("talking"), *UP, send("REFER", headers=[f"Refer-To: {place}"]),
                recv("202 REFER"), *HEARS, *HANGS_UP, until("through")]),
        called([*TAKEN[:3], recv("ACK", Call_ID="[^ ].*", From="[^=]+$", To="[^=]+$"),
                flag("talking"), *HEARS_BYE]))
    near, far, call_id = dialog_of(street, first)
    place = urllib.parse.quote(f"{call_id};to-tag={near};from-tag={far}")
    street.heard(street.exchange, f"^Refer-To: <sip:3000@pbx.test.Replaces={place}>$")
    street.say("transferred")
    street.finish()


@test
def a_call_takes_the_place_of_another(stage):
    """The PBX names the first call as it knows it, and the phone reads what that is for it.

    So it does in headers that only refer to a call (RFC 4538, RFC 3261 section 20.21).
    """
    street = Street(stage)
    phone = street.phone(awake(calls=2), called([
        recv("INVITE"), send("200 INVITE", ANSWER), recv("ACK"), until("begun", 2), *HANGS_UP]))
    street.house.pbx.wait_contacts("alice", 1)
    up = [send("INVITE", OFFER), recv("100 INVITE"), recv("200 INVITE"), send("ACK"), *HEARS_BYE]
    first = street.pbx(caller(up))
    street.heard(first, "ACK sip:")
    near, far, call_id = dialog_of(street, first)
    named = [f"Replaces: {call_id};to-tag={far};from-tag={near}",
             f"Target-Dialog: {call_id};local-tag={far};remote-tag={near}",
             f"In-Reply-To: {call_id}"]
    street.pbx(caller([send("INVITE", OFFER, named), *up[1:]]))
    street.finish()
    far, call_id = street.heard(
        phone, r"(?s)^INVITE .*?From: [^\n]*;tag=(\S+).*?Call-ID: (\S+)").groups()
    near = street.heard(phone, rf";tag={far}\nTo: .*;tag=(\S+)").group(1)
    for line in (f"Replaces: {call_id};to-tag={near};from-tag={far}",
                 f"Target-Dialog: {call_id};local-tag={near};remote-tag={far}",
                 f"In-Reply-To: {call_id}"):
        street.heard(phone, f"^{line}$")


def sleeps_on(stage, pbx):
    """What the PBX asks wakes nobody."""
    street = Street(stage)
    street.sleeper()
    street.pbx(caller(pbx))
    street.finish()
    street.house.push.assert_pushes(0)


@test
def a_call_in_place_of_one_that_nobody_knows(stage):
    sleeps_on(stage, [send("INVITE", OFFER, ["Replaces: nobody@knows;to-tag=a;from-tag=b"]),
                      recv("481 INVITE"), send("ACK")])


@test
def an_offer_to_a_phone_that_sleeps(stage):
    """RFC 3311 section 5.2: nobody is there to answer it yet, and nobody was told that one is.

    The phone does not ring, since sipp took another 180 for the first and offered once more.
    """
    held(stage, [*UP[:2], recv("180 INVITE", Allow=None), send("UPDATE", OFFER),
                 recv("500 UPDATE", Retry_After="[0-9]"), *UP[3:], *HANGS_UP],
         [TAKEN[0], *TAKEN[2:], *HEARS_BYE])


SUPPORTED = ("Supported: 100rel",)


def reliably(status, **checks):
    """An answer that is to be acknowledged, and is (RFC 3262)."""
    return (recv(f"{status} INVITE", Require="100rel", RSeq="[0-9]+", **checks), *ACKNOWLEDGES)


@test
def a_pbx_that_requires_reliable_answers(stage):
    """We hold the call reliably, and the phone has nothing to do with it."""
    street = Street(stage)
    port = street.sleeper()
    pbx = street.pbx(caller([send("INVITE", OFFER, RELIABLE), UP[1], *reliably(180), *reliably(180),
                             *UP[3:], *HANGS_UP]))
    street.house.push.wait_pushes(1)
    street.phone(awake(), called([recv("INVITE", Require=None, Supported=None), TAKEN[1],
                                  told("acknowledged"), *TAKEN[2:], *HEARS_BYE]), port=port)
    street.heard(pbx, r"(?s)(^SIP/2.0 200 OK\n(?:[^\n]+\n)*CSeq: \d+ PRACK.*){2}")
    street.say("acknowledged")
    street.finish()
    street.house.push.assert_pushes(1)


@test
def a_pbx_that_requires_reliable_answers_and_offers_nothing(stage):
    """RFC 3262 section 5: there is none, since the first one would have to offer."""
    held(stage, [send("INVITE", headers=RELIABLE), UP[1], recv("200 INVITE", body="s=offer"),
                 send("ACK", ANSWER), *HANGS_UP],
         [recv("INVITE"), send("180 INVITE"), send("200 INVITE", OFFER),
          recv("ACK", body="s=answer"), *HEARS_BYE])


@test
def a_pbx_that_supports_reliable_answers(stage):
    """The one phone may give some, whose PRACKs it gets; ours is none."""
    held(stage, [send("INVITE", OFFER, SUPPORTED), UP[1], recv("180 INVITE", RSeq=None),
                 *reliably(183, body="s=answer"), recv("200 INVITE"), send("ACK"), *HANGS_UP],
         [recv("INVITE", Supported="100rel"),
          send("183 INVITE", ANSWER, [*RELIABLE, "RSeq: 4711"]), recv("PRACK", RAck="^ *4711 "),
          send("200 PRACK"), *TAKEN[2:], *HEARS_BYE])


@test
def two_phones_give_no_reliable_answers(stage):
    """With one To tag for both, neither sends an SDP but in its 200."""
    ladder = [recv("INVITE", Supported=None), send("183 INVITE", ANSWER)]
    call_two(stage, [send("INVITE", OFFER, SUPPORTED), UP[1],
                     recv("183 INVITE", RSeq=None, body=None), *UP[3:], *HANGS_UP],
             [*ladder, *TAKEN[2:], *HEARS_BYE], [*ladder, *CANCELLED])


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


MAIL = send("NOTIFY", "mail", ("Event: message-summary", "Subscription-State: active",
                               "Content-Type: application/simple-message-summary"))


@test
def a_notify_that_nobody_asked_for(stage):
    call(stage, [MAIL, recv("200 NOTIFY")],
         [recv("NOTIFY", Event="message-summary", body="^mail$"), send("200 NOTIFY")])


@test
def a_notify_for_a_phone_that_sleeps(stage):
    sleeps_on(stage, [MAIL, recv("480 NOTIFY")])


@test
def a_phone_publishes(stage):
    ask_pbx(stage, [send("PUBLISH", "here", ["Event: presence", "Content-Type: text/plain"]),
                    recv("200 PUBLISH", SIP_ETag="^ *1$")],
            [recv("PUBLISH", Event="presence", body="^here$"),
             send("200 PUBLISH", headers=["SIP-ETag: 1"])])


@test
def who_is_not_registered_calls_nobody(stage):
    street = Street(stage)
    street.phone(caller([send("INVITE", OFFER), recv("403 INVITE"), send("ACK")]))
    street.finish()


@test
def a_phone_proves_itself_to_the_pbx(stage):
    ask_pbx(stage, [send("INVITE", OFFER), may("100 INVITE"), recv("407 INVITE"), send("ACK"),
                    send("INVITE", OFFER, headers=["[authentication]"]), *UP[1:], *HANGS_UP],
            [challenge("INVITE"), *TAKEN[1:], *HEARS_BYE], calls=2)


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
             recv("SUBSCRIBE"), send("200 SUBSCRIBE", headers=["Expires: 60"]), *told])


@test
def a_pbx_forks_the_call_of_a_phone(stage):
    """Each early dialog is one for the phone, too."""
    street = Exchange(stage, [TAKEN[0], send("183 INVITE", ANSWER, tag="one"),
                              send("183 INVITE", ANSWER, tag="other"), *TAKEN[2:], *HEARS_BYE])
    early = recv("183 INVITE", body="s=answer")
    phone = street.phone(caller([*UP[:2], early, early, *UP[3:], *HANGS_UP]))
    street.finish()
    assert len(street.far_tags(phone)) == 3


if __name__ == "__main__":
    main()
