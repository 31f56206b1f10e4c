#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""routes: a PBX of two servers, of which one is gone, silent, busy or back again."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.accounts import house_with_account
from sipwaketest.house import ANSWER, OFFER, USERS, House
from sipwaketest.pbx import ScriptedPbx
from sipwaketest.tap import main, test

GONE = "is not reachable by any route"


def two_servers(stage, transport="udp", **more):
    """A house whose PBX has two routes; returns it and the second server."""
    first = ScriptedPbx(stage, dict(USERS))
    second = ScriptedPbx(stage, dict(USERS), address=ports.SECOND_PBX)
    second.name = "second"
    route = ";".join(f"{pbx.route};transport={transport}" for pbx in (first, second))
    return House(stage, pbx=first, config={"pbx:office": {"route": route}}, **more), second


def first_is_silent(house):
    """It leaves everything unanswered, and that is known."""
    house.pbx.silent = True
    house.daemon.wait_log("is down", timeout=45)


def wait_options(stage, count, timeout=10):
    """The PBX has answered so many questions whether it is there."""
    deadline = time.monotonic() + timeout
    while len([e for e in stage.trace.select("pbx", "OPTIONS") if e.sent]) < count:
        assert time.monotonic() < deadline, f"the PBX was not asked {count} times"
        time.sleep(0.02)


def talk(call, other):
    """A call from a phone, perhaps after a challenge, is answered by the PBX and ends."""
    if call.invite.cseq[0] > 1:
        other.agent.expect_request("ACK")
    other.ring()
    call.expect(180)
    other.answer(ANSWER)
    assert call.expect(200).body == ANSWER
    call.ack()
    other.expect_ack()
    bye = call.send("BYE")
    other.expect_bye()
    bye.expect(200)


def a_server_is_killed_and_comes_back(stage, transport):
    house, second = two_servers(stage, transport)
    phone = house.phone()
    phone.register_ok()
    assert len(house.pbx.contacts("alice")) == 1 and not second.contacts("alice")
    house.trace.note("the first server is killed")
    port = house.pbx.port
    house.pbx.close()
    phone.register_ok(timeout=10)
    assert len(second.contacts("alice")) == 1
    talk(phone.dial("2000", OFFER, timeout=10), second.expect_call())
    phone.sleep()
    call = second.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    house.daemon.wait_log("is down")
    house.pbx.open(port)
    house.daemon.wait_log("is back")
    house.pbx.registrar.forget()
    phone.register_ok()
    assert len(house.pbx.contacts("alice")) == 1
    house.assert_settled(phone, second)


@test(limit=60)
def a_server_is_killed_and_comes_back_udp(stage):
    a_server_is_killed_and_comes_back(stage, "udp")


@test(limit=60)
def a_server_is_killed_and_comes_back_tcp(stage):
    a_server_is_killed_and_comes_back(stage, "tcp")


@test(limit=60)
def a_silent_server_costs_one_request_four_seconds(stage):
    house, second = two_servers(stage)
    phone = house.phone()
    phone.register_ok()
    house.pbx.silent = True
    began = time.monotonic()
    phone.register_ok(timeout=10)
    first = time.monotonic() - began
    assert 3.5 < first < 8, f"{first:.1f} s"
    began = time.monotonic()
    phone.register_ok()
    assert time.monotonic() - began < 3, "the second request waited too"
    assert len(second.contacts("alice")) == 1
    house.assert_settled(phone, second)


@test(limit=60)
def a_call_goes_by_the_route_that_answers(stage):
    house, second = two_servers(stage)
    phone = house.phone()
    phone.register_ok()
    held = []
    house.pbx.automatic["INVITE"] = lambda request: held.append(request) or True
    call = phone.dial("2000", OFFER, timeout=10)
    talk(call, second.expect_call())
    assert len(held) == 1, "the answer to the second server's challenge went to the first"
    house.trace.note("the first server wakes up late")
    house.pbx.reply(held[0], 180)
    cancel = house.pbx.expect_request("CANCEL")
    house.pbx.reply(cancel, 200)
    house.pbx.reply(held[0], 487)
    house.pbx.expect_request("ACK")
    phone.assert_quiet()
    house.assert_settled(phone, second)


@test(limit=60)
def a_server_that_says_100_is_waited_for(stage):
    house, second = two_servers(stage)
    house.pbx.challenge_calls = False
    phone = house.phone()
    phone.register_ok()
    call = phone.invite("2000", OFFER)
    other = house.pbx.expect_call()
    house.pbx.reply(other.invite, 100)
    phone.expect_nothing(5)
    talk(call, other)
    assert not stage.trace.select("second", "INVITE")
    house.assert_settled(phone, second)


@test(limit=90)
def a_challenge_and_its_answer_stay_on_one_route(stage):
    house, second = two_servers(stage)
    phone = house.phone()
    first_is_silent(house)
    challenge = phone.send_register().final()
    assert challenge.status == 401
    house.pbx.silent = False
    house.daemon.wait_log("is back")
    assert phone.send_register(challenge=challenge).final().status == 200
    assert len(second.contacts("alice")) == 1 and not house.pbx.registers()
    phone.new_identity()
    phone.register_ok()
    assert len(house.pbx.contacts("alice")) == 1
    house.assert_settled(phone, second)


@test
def who_was_challenged_by_a_server_that_died_is_no_scanner(stage):
    """The other one has nonces of its own, and need not say that the first one's are stale."""
    house, second = two_servers(stage)
    judge = second.guard.judge

    def judge_bluntly(authorization, method):
        verdict, user = judge(authorization, method)
        return "wrong" if verdict == "stale" else verdict, user
    second.guard.judge = judge_bluntly
    phones = [house.phone(user, path="") for user in USERS]
    challenges = [phone.send_register().expect(401) for phone in phones]
    house.pbx.silent = True
    answers = [phone.send_register(challenge=challenge)
               for phone, challenge in zip(phones, challenges)]
    assert [answer.final(20).status for answer in answers] == [401] * len(phones)
    for phone in phones:
        phone.register_ok(timeout=10)


@test
def a_busy_server_is_left_alone(stage):
    house, second = two_servers(stage)
    phone = house.phone()

    def busy(request):
        house.pbx.reply(request, 503, headers=[("Retry-After", "20")])
        return True
    house.pbx.automatic["REGISTER"] = busy
    phone.register_ok()
    phone.register_ok()
    assert len(house.pbx.registers()) == 1 and len(second.contacts("alice")) == 1
    house.assert_settled(phone, second)


@test(limit=60)
def without_any_route_requests_are_refused_at_once(stage):
    house = House(stage, pbx_transport="tcp")
    phone = house.phone()
    phone.register_ok()
    port = house.pbx.port
    house.pbx.close()
    house.daemon.wait_log(GONE)
    began = time.monotonic()
    refused = phone.send_register().final()
    assert refused.start.endswith("503 PBX Not Reachable"), refused.start
    phone.invite("2000", OFFER).expect(503)
    assert time.monotonic() - began < 3
    house.pbx.open(port)
    house.pbx.registrar.forget()
    phone.register_until_ok()
    assert len(house.pbx.contacts("alice")) == 1
    house.daemon.assert_alive()


@test
def a_lost_connection_is_opened_again(stage):
    house = House(stage, pbx_transport="tcp")
    phone = house.phone()
    phone.register_ok()
    wait_options(stage, 1)
    house.pbx.close_tcp()
    house.daemon.wait_log("is lost")
    wait_options(stage, 2)
    assert len(house.pbx.flows) == 1
    phone.register_ok()
    house.assert_settled(phone)


def all_are_registered_again(house, forget):
    """Who has an account by sipwake itself, which the other is woken for; both sleep."""
    with_account, without = house.sleeper("alice"), house.sleeper("bob")
    contacts = {user: house.pbx.contact(user).uri for user in ("alice", "bob")}
    wait_options(house.stage, 1)
    forget()
    house.pbx.wait_contacts("alice", 1, timeout=20)
    house.wake(without)
    assert {user: house.pbx.contact(user).uri for user in contacts} == contacts
    assert not house.push.pushes("/push/alice"), "who has an account need not be woken"
    house.assert_settled(with_account, without)


@test(limit=60)
def a_lost_connection_has_all_registered_again(stage):
    house = house_with_account(stage, pbx_transport="tcp")

    def forget():
        house.pbx.registrar.forget()
        house.pbx.close_tcp()
    all_are_registered_again(house, forget)


@test(limit=60)
def a_pbx_that_comes_back_has_all_registered_again(stage):
    house = house_with_account(stage, pbx_transport="tcp")

    def forget():
        port = house.pbx.port
        house.pbx.close()
        house.daemon.wait_log(GONE)
        house.pbx.registrar.forget()
        house.pbx.open(port)
    all_are_registered_again(house, forget)


if __name__ == "__main__":
    main()
