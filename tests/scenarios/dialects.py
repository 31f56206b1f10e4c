#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""dialects: phones that tell their push token in older ways than RFC 8599 are woken, too."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import OFFER, House
from sipwaketest.push import PushSimulator
from sipwaketest.tap import main, test

BUNDLE = "com.example.app"
APPLE = f"{0xa11ce:064x}"
OTHER = f"{0xb0b:064x}"
GOOGLE = "fUj1k:APA91b_token-of-alice"
PORTSIP = "allow-call-push=true;allow-message-push=true;app-id="


def busy_house(stage):
    """All push services, simulated."""
    push = PushSimulator(stage, "--services")
    service = push.events("listening")[0]
    common = {"endpoint": push.url, "ca-file": push.ca}
    house = House(stage, config={
        "push:apns": {"provider": "apns", "team-id": "TEAM123456", "key-id": "KEY1234567",
                      "key-file": service["apns_key"], "topics": f"{BUNDLE}.voip;{BUNDLE}",
                      **common},
        "push:fcm": {"provider": "fcm", "service-account": service["fcm_account"], **common}})
    return house, push


def is_woken(stage, token, headers=(), **more):
    """A phone that says it so sleeps, is called, and takes the call; returns its push."""
    house, push = busy_house(stage)
    phone = house.phone(path="", **more)
    phone.register_ok(headers=headers)
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    path = f"/3/device/{token}" if token == APPLE else "/v1/projects/simulated-project/messages:send"
    pushed, = push.wait_pushes(1, path)
    phone.wake()
    phone.register_ok(headers=headers)
    house.finish(call, house.connect(call, phone))
    for word in (token, OTHER, "app-id", "push:", "pn-tok", BUNDLE):
        stage.trace.assert_absent("pbx", word)
    house.assert_settled(phone)
    house.tear_down(phone)
    push.close()
    return pushed


def assert_voip(pushed):
    headers = pushed["headers"]
    assert (headers["apns-push-type"], headers["apns-topic"]) == ("voip", f"{BUNDLE}.voip"), pushed


def assert_google(pushed):
    assert GOOGLE in str(pushed), pushed


@test
def portsip_on_an_iphone(stage):
    for name in ("x-p-push", "portsip-push", "X-Push"):
        value = f"device-os=ios;device-uid={APPLE}|{OTHER};{PORTSIP}{BUNDLE}"
        assert_voip(is_woken(stage, APPLE, headers=[(name, value)]))


@test
def portsip_on_android(stage):
    value = f"device-os=android;device-uid={GOOGLE};{PORTSIP}{BUNDLE}"
    assert_google(is_woken(stage, GOOGLE, headers=[("x-p-push", value)]))


@test
def mizu(stage):
    assert_voip(is_woken(stage, APPLE, headers=[("X-MPUSH", f"i:{BUNDLE}.voip:{APPLE}")]))
    assert_google(is_woken(stage, GOOGLE, headers=[("X-MPUSH", f"a:{BUNDLE}:{GOOGLE}")]))


@test
def older_linphone(stage):
    apple = f";app-id={BUNDLE}.voip.prod;pn-type=apple;pn-tok={APPLE};pn-timeout=0;pn-silent=1"
    google = f";app-id=929724111839;pn-type=firebase;pn-tok={GOOGLE}"
    for place in ("contact_params", "header_params"):
        assert_voip(is_woken(stage, APPLE, **{place: apple}))
        assert_google(is_woken(stage, GOOGLE, **{place: google}))


if __name__ == "__main__":
    main()
