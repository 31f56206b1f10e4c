#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""crossings: sipp on both sides while messages cross, get lost, or come late or twice."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER
from sipwaketest.ladder import (awake, called, caller, goes_on, may, pause, recv, register, send,
                                told)
from sipwaketest.push import AppleService
from sipwaketest.street import (ACKNOWLEDGES, CANCELLED, GIVES_UP, HANGS_UP, HEARS_BYE, HOLD, KEPT,
                                RELIABLE, TAKEN, UP, Street, asks, call, call_two, is_asked)
from sipwaketest.tap import main, test


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
def a_suspended_phone_comes_back_before_it_has_said_anything(stage):
    """The kernel has taken the first INVITE, and who reads that at last hears nothing more."""
    street = Street(stage)
    first = street.phone(awake(), called(TAKEN[:1]), transport="tcp")
    street.house.pbx.wait_contacts("alice", 1)
    first.pause()
    street.pbx(caller([*UP, told("bye"), *HANGS_UP]))
    street.house.push.wait_pushes(1)
    second = street.phone(awake(), called([*TAKEN, *HEARS_BYE]), transport="tcp")
    street.heard(second, "^ACK")
    first.resume()
    first.expect_success()
    street.say("bye")
    street.finish()
    street.house.push.assert_pushes(1)


@test
def a_connection_closes_before_the_phone_says_anything(stage):
    comes_back(stage, TAKEN[:1])


@test
def a_connection_closes_while_the_phone_rings(stage):
    comes_back(stage, TAKEN[:2])


@test
def a_connection_closes_while_the_phone_rings_and_it_never_comes_back(stage):
    street = Street(stage, wake={"timeout": 1})
    street.phone(awake(), called(TAKEN[:2]), transport="tcp")
    street.house.pbx.wait_contacts("alice", 1)
    street.pbx(caller([*UP[:3], recv("480 INVITE"), send("ACK")]))
    street.finish()
    street.house.push.assert_pushes(1)


def leaves_while_it_registers(stage, rungs, hold=False):
    """A phone that was woken loses its connection in the midst of its REGISTER, and comes again.

    Where that is carried out nevertheless, the phone is woken again.
    """
    street = Street(stage)
    street.sleeper(transport="tcp")
    street.pbx(caller([*UP, *HANGS_UP]))
    street.house.push.wait_pushes(1)
    street.house.pbx.hold_registers = hold
    phone = street.phone(caller(rungs), transport="tcp")
    held = street.house.pbx.expect_request("REGISTER") if hold else None
    phone.expect_success()
    if held:
        street.house.pbx.hold_registers = False
        street.house.pbx.finish_register(held)
    street.house.push.wait_pushes(1 + hold)
    street.phone(awake(), called([*TAKEN, *HEARS_BYE]), transport="tcp")
    street.finish()
    street.house.push.assert_pushes(1 + hold)


@test
def a_connection_closes_during_the_challenge(stage):
    leaves_while_it_registers(stage, register()[:2])


@test
def a_connection_closes_between_register_and_invite(stage):
    leaves_while_it_registers(stage, register()[:3], hold=True)


def leaves_in_the_call(stage, phone, pbx):
    """The first process of a phone ends after it has answered."""
    street = Street(stage)
    street.phone(awake(), called(phone), transport="tcp")
    street.house.pbx.wait_contacts("alice", 1)
    street.pbx(caller([*pbx, *HANGS_UP]))
    street.players[0].expect_success()
    street.say("gone")
    return street


# All that sipp does by itself, except that its newer versions refuse an ACK whose INVITE came to
# another process.
UNKNOWING = ("-default_behaviors", "none,bye,abortunexp,pingreply")


def goes_on_elsewhere(street, rungs):
    phone = street.phone(awake(), goes_on([*rungs, *HEARS_BYE]), transport="tcp",
                         options=UNKNOWING)
    street.heard(phone, "^SIP/2.0 200")
    street.say("back")
    street.finish()


@test
def a_connection_closes_before_the_ack(stage):
    street = leaves_in_the_call(stage, TAKEN[:3], [*UP[:4], told("back"), UP[4], pause(300)])
    goes_on_elsewhere(street, [recv("ACK")])
    street.house.push.assert_pushes(0)


@test
def a_connection_closes_in_the_call(stage):
    """What the PBX asks then wakes the phone (RFC 8599 section 6.2)."""
    street = leaves_in_the_call(stage, TAKEN, [*UP, told("gone"), *asks("INFO")])
    street.house.push.wait_pushes(1)
    goes_on_elsewhere(street, is_asked("INFO"))
    street.house.push.assert_pushes(1)


@test
def a_connection_closes_and_the_pbx_hangs_up(stage):
    leaves_in_the_call(stage, TAKEN, [*UP, told("gone")]).finish()


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
def a_phone_answers_before_the_prack(stage):
    """RFC 3262 section 3: where there is no SDP in it it may, and the PRACK is welcome still.

    What waited behind is never sent.
    """
    call(stage, [send("INVITE", OFFER, RELIABLE), UP[1], recv("180 INVITE", RSeq="[0-9]+"), UP[3],
                 *ACKNOWLEDGES, UP[4], *HANGS_UP],
         [*TAKEN[:2], send("181 INVITE"), send("182 INVITE"), *TAKEN[2:], *HEARS_BYE])


@test
def a_phone_answers_before_its_prack(stage):
    """The same where it is the phone's own."""
    call(stage, [send("INVITE", OFFER, ["Supported: 100rel"]), UP[1],
                 recv("180 INVITE", RSeq="[0-9]+"), UP[3], *ACKNOWLEDGES, UP[4], *HANGS_UP],
         [TAKEN[0], send("180 INVITE", headers=[*RELIABLE, "RSeq: 4711"]), TAKEN[2],
          recv("PRACK", RAck="^ *4711 "), send("200 PRACK"), TAKEN[3], *HEARS_BYE])


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
def a_lost_ack_that_has_the_answer(stage):
    """What is acknowledged again is told what it was told before."""
    say, hear = send("200 INVITE", OFFER), recv("ACK", body="s=answer")
    call(stage, [send("INVITE"), *UP[1:3], recv("200 INVITE", body="s=offer"),
                 send("ACK", ANSWER), *HEARS_BYE],
         [recv("INVITE"), TAKEN[1], say, hear, say, hear, *HANGS_UP], phone_options=LITERALLY)


@test
def a_lost_ack_of_a_re_invite(stage):
    again = (send("200 INVITE", KEPT), recv("ACK"))
    call(stage, [*UP, *asks("INVITE", HOLD, KEPT), send("ACK"), *HEARS_BYE],
         [*TAKEN, recv("INVITE"), *again, *again, *HANGS_UP], phone_options=LITERALLY)


@test
def an_answer_that_comes_again_when_the_call_is_over(stage):
    """It may be a stranger's, and gets nothing."""
    call(stage, [*UP, *HANGS_UP], [*TAKEN, *HEARS_BYE, send("200 INVITE", ANSWER)],
         phone_options=LITERALLY)


SAYS_IT_TWICE = (send("200 INVITE", ANSWER), recv("ACK")) * 2
TALKS = ([*TAKEN[:2], *SAYS_IT_TWICE, *HANGS_UP], LITERALLY)
IS_SILENT = ([recv("INVITE"), pause(2500), send("487 INVITE"), recv("ACK")], ())


def beside_a_silent_phone(stage, *phones):
    """It says nothing at all, so the stack takes its dialog for anybody's with the same Call-ID."""
    street = Street(stage)
    for number, (ladder, options) in enumerate(phones):
        street.phone(awake(), called(ladder), address=(ports.PHONE, ports.OTHER_PHONE)[number],
                     options=options)
        street.house.pbx.wait_contacts("alice", number + 1)
    street.pbx(caller([*UP, *HEARS_BYE]))
    street.finish()


@test
def a_phone_hangs_up_beside_one_that_is_silent(stage):
    beside_a_silent_phone(stage, TALKS, IS_SILENT)


@test
def a_phone_hangs_up_beside_one_that_was_silent_before(stage):
    beside_a_silent_phone(stage, IS_SILENT, TALKS)


@test
def a_cancelled_re_invite_is_accepted_nevertheless(stage):
    """Both sides get to know, so that both hold the same session."""
    call(stage, [*UP, send("INVITE", HOLD), recv("100 INVITE"), *GIVES_UP[:2], recv("200 INVITE"),
                 send("ACK"), *HEARS_BYE],
         [*TAKEN, recv("INVITE"), send("100 INVITE"), recv("CANCEL"), send("200 CANCEL"),
          pause(300), send("200 INVITE", KEPT), recv("ACK"), pause(500), *HANGS_UP])


@test
def a_late_answer_after_the_wait_is_over(stage):
    """The phone says nothing before, so that there was nothing to cancel (RFC 3261 section 9.1)."""
    street = Street(stage, wake={"timeout": 1, "direct-try": 400})
    street.phone(awake(), called([recv("INVITE"), pause(4000), send("200 INVITE", ANSWER),
                                  recv("ACK"), *HEARS_BYE]), transport="tcp")
    street.house.pbx.wait_contacts("alice", 1)
    street.pbx(caller([*UP[:3], recv("480 INVITE"), send("ACK")]))
    street.finish()


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
def a_caller_gives_up_before_the_push_is_accepted(stage):
    street = Street(stage)
    port = street.sleeper(path="/slow/1000")
    street.pbx(caller([*UP[:2], told("cancel"), *GIVES_UP]))
    street.house.push.wait_pushes(1)
    street.say("cancel")
    street.players[-1].expect_success()
    street.phone(caller([*register(), pause(1000)]), port=port, path="/slow/1000")
    street.finish()


@test
def a_caller_gives_up_and_the_phone_has_to_show_a_call(stage):
    """The system of an iPhone ends apps that a push has woken for nothing."""
    apple = AppleService(stage)
    street = Street(stage, config={"push:apns": apple.group})
    street.sleeper(transport="tcp", push=apple.device())
    street.pbx(caller([*UP[:3], told("cancel"), *GIVES_UP]))
    apple.wait_push()
    street.say("cancel")
    street.players[-1].expect_success()
    street.phone(awake(), called([recv("INVITE"), TAKEN[1], *CANCELLED]), transport="tcp",
                 push=apple.device())
    street.finish()


@test
def a_caller_gives_up_during_the_challenge(stage):
    street = Street(stage)
    port = street.sleeper()
    pbx = street.pbx(caller([*UP[:3], told("cancel"), *GIVES_UP]))
    street.house.push.wait_pushes(1)
    first, challenged, *proof = register()
    phone = street.phone(caller([first, challenged, told("register"), *proof, pause(500)]),
                         port=port)
    street.heard(phone, "^SIP/2.0 401")
    street.say("cancel")
    pbx.expect_success()
    street.say("register")
    street.finish()
    street.house.push.assert_pushes(1)


@test
def a_caller_gives_up_between_register_and_invite(stage):
    street = Street(stage)
    port = street.sleeper()
    pbx = street.pbx(caller([*UP[:3], told("cancel"), *GIVES_UP]))
    street.house.push.wait_pushes(1)
    street.house.pbx.hold_registers = True
    street.phone(caller([*register(), pause(500)]), port=port)
    held = street.house.pbx.expect_request("REGISTER")
    street.say("cancel")
    pbx.expect_success()
    street.house.pbx.finish_register(held)
    street.finish()
    street.house.push.assert_pushes(1)


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


@test
def two_phones_answer_at_once(stage):
    """The daemon finds both answers when it wakes up, and has cancelled one when it reads it."""
    lost = may("CANCEL", recv("ACK"), recv("BYE"), send("200 CANCEL"), send("200 BYE"))
    ladder = [*TAKEN[:2], told("answer"), TAKEN[2], lost, TAKEN[3], *HEARS_BYE]

    def answer(street):
        for phone in street.players[:2]:
            street.heard(phone, "^SIP/2.0 180")
        street.house.daemon.pause()
        street.say("answer")
        for phone in street.players[:2]:
            street.heard(phone, r"^SIP/2.0 200 OK\n(.+\n)*CSeq: .*INVITE")
        street.house.daemon.resume()

    call_two(stage, [*UP, *HANGS_UP], ladder, ladder, meanwhile=answer)


@test
def the_loser_of_two_phones_answers_instead_of_ending(stage):
    call_two(stage, [*UP, *HANGS_UP], [*TAKEN, *HEARS_BYE],
             [*TAKEN[:2], *CANCELLED[:2], send("200 INVITE", ANSWER), recv("ACK"), *HEARS_BYE])


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


if __name__ == "__main__":
    main()
