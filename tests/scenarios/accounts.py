#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""accounts: with a password sipwake keeps the PBX's registration alive while the phone sleeps."""
import hashlib
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.accounts import house_with_account
from sipwaketest.house import OFFER, USERS, House
from sipwaketest.message import parameter
from sipwaketest.pbx import ScriptedPbx
from sipwaketest.tap import main, test

WEEK = 604800


def call_sleeper(house, phone, pushes=1):
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone, pushes=pushes)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    house.assert_settled(phone)


def expires_of(answer):
    return int(parameter(answer.get("Contact"), "expires"))


@test
def a_phone_proves_itself_to_sipwake_and_gets_a_week(stage):
    house = house_with_account(stage)
    phone = house.phone()
    answer = phone.register_ok(expires=3600)
    assert expires_of(answer) == WEEK, answer.get("Contact")
    assert all(r.get("User-Agent") == "sipwake" for r in house.pbx.registers()), \
        "the phone's own REGISTER went through"
    assert len(house.pbx.contacts("alice")) == 1
    house.assert_pbx_clean()
    registered = len(house.pbx.registers())
    phone.register_ok()
    assert len(house.pbx.registers()) == registered, "the PBX has it already"
    phone.sleep()
    call_sleeper(house, phone)


@test
def a_phone_may_be_told_to_ask_for_a_week(stage):
    house = house_with_account(stage, config={"registrar": {"brief-intervals": "refuse"}})
    phone = house.phone()
    answer = phone.register(expires=3600)
    assert (answer.status, answer.get("Min-Expires")) == (423, str(WEEK)), answer.start
    assert expires_of(phone.register_ok(expires=WEEK)) == WEEK
    other = house.phone(path="", address=ports.OTHER_PHONE)
    assert expires_of(other.register_ok(expires=600)) == 600


@test
def a_phone_without_push_gets_what_it_asks(stage):
    house = house_with_account(stage)
    phone = house.phone(path="")
    assert expires_of(phone.register_ok(expires=600)) == 600


@test
def the_realm_is_learned_from_the_pbx(stage):
    house = house_with_account(stage, realm=None)
    phone = house.phone()
    phone.register_ok()
    assert expires_of(phone.register_ok()) == WEEK
    house.restart()
    registered = len(house.pbx.registers())
    assert expires_of(phone.register_ok()) == WEEK
    later = house.pbx.registers()[registered:]
    assert all(r.get("User-Agent") == "sipwake" for r in later), "what was learned is kept"


@test
def the_registration_lives_while_the_phone_sleeps(stage):
    house = house_with_account(stage, grant=3)
    phone = house.sleeper()
    deadline = time.monotonic() + 9
    while time.monotonic() < deadline:
        assert len(house.pbx.contacts("alice")) == 1, "the PBX's registration died"
        time.sleep(0.1)
    call_sleeper(house, phone)


@test
def a_wrong_password_never_reaches_the_pbx(stage):
    house = house_with_account(stage)
    scanner = house.phone(password="wrong")
    for _ in range(3):
        assert scanner.register().status == 401
    assert not house.pbx.registers()
    for _ in range(3):
        last = scanner.register()
    assert last.status == 403 and last.get("Retry-After")
    assert not house.pbx.registers()


@test
def a_scanner_does_not_get_us_banned(stage):
    house = House(stage)
    house.pbx.ban_after = 5
    house.pbx.refuse_wrong = True
    good = house.phone("bob")
    good.register_ok()
    scanner = house.phone("alice", password="wrong", address="127.0.0.77")
    for _ in range(12):
        assert scanner.register().status in (401, 403)
    assert good.register().status == 200, "the PBX has banned us"


@test
def a_scanner_with_many_addresses_is_shut_out_too(stage):
    """But not the phone that is registered, from where it always was."""
    house = House(stage)
    good = house.phone()
    good.register_ok()
    guesses = []
    for number in range(80, 90):
        scanner = house.phone(password="wrong", address=f"127.0.0.{number}")
        before = len(house.pbx.registers())
        scanner.register()
        guesses.append(len(house.pbx.registers()) > before)
    assert guesses == [True] * 4 + [False] * 6, "what the PBX heard of"
    good.register_ok()
    house.phone("bob", address="127.0.0.90").register_ok()


@test
def a_scanner_that_tries_many_passwords_at_once_is_shut_out(stage):
    """Before the PBX has judged the first one; and then it is judged for what it tried."""
    house = House(stage)
    guessers = [house.phone(password="wrong", address=ports.STRANGER) for _ in range(8)]
    for number, guesser in enumerate(guessers):
        guesser.instance = f"urn:uuid:00000000-0000-4000-8000-00000000000{number}"
    challenges = [guesser.send_register().expect(401) for guesser in guessers]
    house.pbx.hold_registers = True
    guesses = [guesser.send_register(challenge=challenge)
               for guesser, challenge in zip(guessers, challenges)]
    for guess in guesses[4:]:
        assert guess.expect(503).get("Retry-After")
    held = [house.pbx.expect_request("REGISTER") for _ in range(4)]
    house.pbx.hold_registers = False
    for request in held:
        house.pbx.finish_register(request)
    for guess in guesses[:4]:
        guess.expect(401)
    house.phone(address=ports.OTHER_PHONE).send_register().expect(403)


@test
def who_guesses_users_is_shut_out(stage):
    house = House(stage)
    house.pbx.automatic["REGISTER"] = lambda request: house.pbx.reply(request, 404) or True
    answers = [house.phone(f"user{number}", address=ports.STRANGER).register().status
               for number in range(8)]
    assert answers == [404] * 4 + [403] * 4, answers
    assert len(house.pbx.registers()) == 4


@test
def a_wrong_password_does_not_shut_out_the_phones_beside_it(stage):
    """Behind one address: one that is there, one that wakes, and one that is new."""
    house = House(stage)
    there, sleeper = house.phone("bob", path=""), house.sleeper("alice")
    there.register_ok()
    wrong = house.phone("carol", password="wrong")
    while wrong.register().status != 403:
        assert len(house.pbx.registers()) < 20, "it is not shut out"
    assert house.phone("2000").register().status == 403
    there.register_ok()
    call_sleeper(house, sleeper)


@test
def a_phone_that_leaves_is_removed_at_the_pbx(stage):
    house = house_with_account(stage)
    phone = house.phone()
    phone.register_ok()
    assert phone.deregister().status == 200
    house.pbx.wait_contacts("alice", 0)
    phone.register_ok()
    house.pbx.wait_contacts("alice", 1)


def leave_while_coming(stage, expires=0, contact=None, **config):
    """A phone that is switched off again before a slow PBX has registered it."""
    house = house_with_account(stage, **config)
    phone = house.phone()
    challenge = phone.send_register().expect(401)
    house.pbx.hold_registers = True
    coming = phone.send_register(challenge=challenge)
    held = house.pbx.expect_request("REGISTER")
    phone.send_register(expires, challenge, contact).expect(200)
    house.pbx.hold_registers = False
    house.pbx.finish_register(held)
    assert coming.final().status == 500
    house.pbx.wait_contacts("alice", 0)
    phone.register_ok()
    house.pbx.wait_contacts("alice", 1)
    house.tear_down(phone)


@test
def a_phone_that_leaves_before_it_was_there_is_gone(stage):
    leave_while_coming(stage)
    leave_while_coming(stage, contact="*")
    leave_while_coming(stage, config={"pbx:office": {"contacts": "one"}})


@test
def a_pbx_that_wants_longer_gets_longer(stage):
    house = house_with_account(stage, min_expires=7200)
    phone = house.phone()
    phone.register_ok()
    assert "7200" in house.pbx.registers()[-1].get("Contact")


@test
def who_was_not_registered_is_kept_for_nobody(stage):
    """The PBX was down when the phone came; the phone gave up."""
    house = house_with_account(stage)
    usual = house.pbx.automatic["REGISTER"]
    house.pbx.automatic["REGISTER"] = lambda request: house.pbx.reply(request, 503) or True
    phone = house.phone()
    assert phone.register().status == 503
    house.pbx.automatic["REGISTER"] = usual
    refused = len(house.pbx.registers())
    phone.expect_nothing(9)
    assert len(house.pbx.registers()) == refused, "it is tried again for a phone that nobody has"
    phone.register_ok()
    house.pbx.wait_contacts("alice", 1)


@test
def of_two_contacts_none_is_kept_where_one_is_refused(stage):
    house = house_with_account(stage, max_contacts=1, config={"pbx:office": {"contacts": "each"}})
    phone, other = house.phone(), house.phone(address=ports.OTHER_PHONE)
    other.instance = "urn:uuid:00000000-0000-4000-8000-000000000009"
    assert phone.register(contact=f"{phone.contact()}, {other.contact()}").status == 403
    house.pbx.wait_contacts("alice", 0)
    phone.register_ok()
    house.pbx.wait_contacts("alice", 1)


@test
def an_account_that_the_pbx_refuses_is_told(stage):
    house = house_with_account(stage)
    phone = house.phone()
    house.pbx.forbidden.add("alice")
    assert phone.register().status == 403
    house.daemon.wait_line(r"account of .*: the PBX forbids it")
    house.pbx.forbidden.clear()
    phone.register_ok()


@test
def an_account_with_another_password_is_told(stage):
    house = house_with_account(stage, password="old")
    phone = house.phone(password="old")
    assert phone.register().status == 403
    house.daemon.wait_line(r"account of .*: the PBX refuses its password")


@test
def a_stale_nonce_is_no_refusal(stage):
    house = house_with_account(stage)
    house.pbx.stale_once = True
    house.phone().register_ok()


@test
def registrations_are_taken_up_after_a_crash(stage):
    house = house_with_account(stage)
    phone = house.sleeper()
    contact = house.pbx.contact("alice").uri
    house.daemon.ended = True
    house.daemon.child.kill()
    house.daemon.wait(5)
    house.pbx.registrar.forget()
    house.start()
    house.pbx.wait_contacts("alice", 1, timeout=15)
    assert house.pbx.contact("alice").uri == contact
    call_sleeper(house, phone)


@test
def a_second_route_has_nonces_of_its_own(stage):
    first = ScriptedPbx(stage, dict(USERS))
    second = ScriptedPbx(stage, dict(USERS), address=ports.SECOND_PBX)
    second.name = "second"
    route = f"{first.route};transport=udp;{second.route};transport=udp"
    house = house_with_account(stage, pbx=first, config={"pbx:office": {"route": route}})
    ignored = []

    def fall_silent(request):
        if not request.get("Authorization"):
            return first.on_register(request)
        ignored.append(request)
        return True
    first.automatic["REGISTER"] = fall_silent
    house.phone().register_ok(timeout=10)
    assert len(second.contacts("alice")) == 1
    assert len(ignored) == 1, "the challenge's answer did not stay on its route"
    asked = [e.message for e in stage.trace.received("second")
             if e.message and e.message.is_request and e.message.method == "REGISTER"]
    assert not asked[0].get("Authorization"), "the second server got an answer to the first's nonce"


@test
def a_call_is_proved_on_both_sides(stage):
    for algorithm in ("MD5", "SHA-256"):
        house = house_with_account(stage, realm=None, algorithm=algorithm)
        phone = house.phone()
        phone.register_ok()
        phone.register_ok()
        call = phone.dial("2000", OFFER)
        answering = house.pbx.expect_call()
        house.pbx.expect_request("ACK")  # of the PBX's own 407
        invites = [m for m in stage.trace.once("pbx")
                   if m.is_request and m.method == "INVITE"]
        assert invites[-2].get("Proxy-Authorization") is None, "the phone's answer to us went on"
        assert 'uri="sip:2000@pbx.test"' in invites[-1].get("Proxy-Authorization")
        assert invites[-1].body == OFFER
        answering.answer(OFFER)
        call.expect(200)
        call.ack()
        answering.expect_ack()
        house.finish(call, answering)
        house.assert_settled(phone)
        house.tear_down(phone)


@test
def a_proved_call_is_given_up(stage):
    house = house_with_account(stage)
    phone = house.phone()
    phone.register_ok()
    call = phone.dial("2000", OFFER)
    answering = house.pbx.expect_call()
    house.pbx.expect_request("ACK")
    answering.ring()
    call.expect(180)
    cancelled = call.cancel()
    answering.expect_cancel()
    cancelled.expect(200)
    call.expect(487)
    house.assert_settled(phone)


@test
def a_call_with_a_wrong_password_never_reaches_the_pbx(stage):
    house = house_with_account(stage, config={"call": {"callers": "any"}})
    phone = house.phone()
    phone.register_ok()
    thief = house.phone(password="wrong", address=ports.STRANGER)
    thief.dial("2000", OFFER).expect(407)
    for _ in range(3):
        thief.dial("2000", OFFER).expect(407)
    thief.invite("2000", OFFER).expect(403)
    house.daemon.wait_log("refused: 403 Too Many Failed Authentications")
    assert not [e for e in stage.trace.received("pbx") if e.message.is_request
                and e.message.method == "INVITE"]


@test
def an_account_that_does_not_fit_a_call_is_told(stage):
    house = house_with_account(stage)
    phone = house.phone()
    phone.register_ok()
    house.pbx.guard.passwords["alice"] = "changed meanwhile"
    phone.dial("2000", OFFER).expect(407)


@test
def secrets_are_neither_in_the_log_nor_readable_on_the_disk(stage):
    house = house_with_account(stage)
    phone = house.phone()
    phone.register_ok()
    assert house.phone(password="wrong").register().status == 401
    phone.sleep()
    call_sleeper(house, phone)
    house.daemon.stop()
    secrets = [b"pwalice", hashlib.md5(b"alice:pbx.test:pwalice").hexdigest().encode()]
    state = house.groups["daemon"]["state-dir"]
    written = {"the log": house.daemon.errors().encode()}
    for name in os.listdir(state):
        with open(os.path.join(state, name), "rb") as file:
            written[name] = file.read()
    assert b"alice" in written["state.db"] + written.get("state.db-wal", b"")
    for where, text in written.items():
        assert not any(secret in text for secret in secrets), f"a secret is in {where}"


if __name__ == "__main__":
    main()
