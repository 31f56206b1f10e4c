#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""late: phones that a VoIP push of APNs has woken, and whose call is over when they come."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.push import AppleService
from sipwaketest.tap import main, test

class Apple:
    """A house whose phones are reached through APNs."""

    def __init__(self, stage, **groups):
        self.push = AppleService(stage)
        self.house = House(stage, config={"push:apns": self.push.group, **groups})

    def iphone(self, number=1, service="voip", **more):
        """A registered phone that sleeps; each number is a device of alice's."""
        phone = self.house.phone(transport="tcp", contact_params="",
                                 push=self.push.device(number, service), **more)
        phone.instance = f"urn:uuid:00000000-0000-4000-8000-00000000000{number}"
        phone.register_ok()
        phone.sleep()
        return phone

    def give_up(self, call, reason=None):
        call.cancel([("Reason", reason)] if reason else []).expect(200)
        call.expect(487)

    def come(self, phone):
        phone.wake()
        phone.register_ok()


@test
def who_gave_up_is_shown(stage):
    """The system of the phone ends apps that were pushed and show no call."""
    apple = Apple(stage)
    phone = apple.iphone()
    call = apple.house.pbx.call("alice", OFFER)
    call.expect(180)
    push = apple.push.wait_push()
    assert push["headers"]["apns-push-type"] == "voip", push
    assert push["headers"]["apns-topic"] == f"{apple.push.BUNDLE}.voip", push
    apple.give_up(call, 'SIP;cause=487;text="changed my mind"')
    apple.come(phone)
    late = phone.expect_call()
    assert late.call_id in str(push), "the push named this call"
    assert not late.invite.body and not late.invite.get("Content-Type"), "nobody offers anything"
    phone.expect_nothing(0.2, "CANCEL")
    late.ring()
    assert late.expect_cancel().get("Reason") == 'SIP;cause=487;text="changed my mind"'
    apple.house.pbx.assert_quiet()
    apple.house.assert_settled(phone)


@test
def a_call_that_was_completed_elsewhere_is_shown(stage):
    apple = Apple(stage)
    late, quick = apple.iphone(1), apple.iphone(2, address=ports.OTHER_PHONE)
    call = apple.house.pbx.call("alice", OFFER, request_user="alice")
    call.expect(180)
    for number in (1, 2):
        apple.push.wait_push(number)
    apple.come(quick)
    leg = quick.expect_call()
    leg.answer(ANSWER)
    call.expect(200)
    call.ack()
    leg.expect_ack()
    apple.come(late)
    shown = late.expect_call()
    shown.ring()
    cancel = shown.expect_cancel()
    assert cancel.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'
    apple.house.finish(call, leg)
    apple.house.assert_settled(late, quick)


@test
def a_phone_that_takes_the_call_that_is_over(stage):
    """Its 200 crosses our CANCEL, or comes in its place: it is told that nobody is there."""
    apple = Apple(stage)
    phone = apple.iphone()
    call = apple.house.pbx.call("alice", OFFER)
    call.expect(180)
    apple.push.wait_push()
    apple.give_up(call)
    apple.come(phone)
    late = phone.expect_call()
    late.answer(ANSWER)
    late.expect_ack()
    late.expect_bye()
    apple.house.assert_settled(phone)


@test
def whose_push_shows_no_call_gets_none(stage):
    apple = Apple(stage)
    phone = apple.iphone(service="")
    call = apple.house.pbx.call("alice", OFFER)
    call.expect(180)
    push = apple.push.wait_push()
    assert push["headers"]["apns-push-type"] == "alert", push
    apple.give_up(call)
    apple.come(phone)
    phone.expect_nothing(0.5)
    apple.house.assert_settled(phone)


@test
def late_phones_may_get_nothing(stage):
    apple = Apple(stage, call={"late-phone": "nothing"})
    phone = apple.iphone()
    call = apple.house.pbx.call("alice", OFFER)
    call.expect(180)
    apple.push.wait_push()
    apple.give_up(call)
    apple.come(phone)
    phone.expect_nothing(0.5)
    apple.house.assert_settled(phone)


if __name__ == "__main__":
    main()
