#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""promises: what a phone is told of push, and what others cannot do to its registration."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import ports
from sipwaketest.house import OFFER, USERS, House
from sipwaketest.pbx import ScriptedPbx
from sipwaketest.phone import Phone
from sipwaketest.tap import main, test


def promised(answer):
    """{the push service: its Feature-Caps value}"""
    values = answer.values("Feature-Caps")
    return {re.search(r'\+sip\.pns="([^"]+)"', value).group(1): value for value in values}


def ask(phone, parameters):
    """Registers with these parameters instead of its own."""
    contact = f"<sip:{phone.user}@{phone.address}:{phone.port}{parameters}>"
    return phone.register(contact=f'{contact};+sip.instance="<{phone.instance}>"')


@test
def a_phone_asks_what_can_be_pushed(stage):
    key = os.path.join(stage.path, "apns.p8")
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-out", key], check=True, capture_output=True)
    house = House(stage, config={"push:apns": {"provider": "apns", "team-id": "DEF123GHIJ",
                                               "key-id": "ABC123DEFG", "key-file": key,
                                               "topics": "com.example.app"}})
    phone = house.phone()
    assert set(promised(ask(phone, ";pn-provider"))) == {"apns", "webpush"}
    assert set(promised(ask(phone, ";pn-provider=webpush"))) == {"webpush"}
    call = house.pbx.call("alice", OFFER)
    phone.expect_call()
    house.push.assert_pushes(0)
    call.cancel().expect(200)


@test
def a_service_that_is_not_there_gets_555(stage):
    house = House(stage)
    phone = house.phone()
    for parameters in (";pn-provider=apns", ";pn-provider=apns;pn-param=T.a.b;pn-prid=ab"):
        assert ask(phone, parameters).status == 555
    assert not house.pbx.registers(), "the PBX heard of it"


@test
def a_phone_that_refreshes_by_itself_is_told_when(stage):
    house = House(stage)
    assert "pnsreg" not in promised(house.phone("bob").register_ok())["webpush"]
    caps = promised(house.phone(header_params=";+sip.pnsreg").register_ok())["webpush"]
    assert int(re.search(r'\+sip\.pnsreg="(\d+)"', caps).group(1)) > 120, caps
    assert re.search(r'\+sip\.vapid="[\w-]{80,}"', caps), caps


@test
def parameters_are_compared_unescaped(stage):
    house = House(stage)
    phone = house.phone(instance=False)
    phone.register_ok()
    phone.sleep()
    phone.wake()
    phone.push["prid"] = phone.push["prid"].replace("/", "%2f").replace("alice", "%61lice")
    phone.register_ok()
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))


@test
def a_contact_may_have_four_kilobytes(stage):
    house = House(stage)
    for user, transport in (("alice", "udp"), ("bob", "tcp")):
        path = f"/push/{user}/" + "x" * 1900
        phone = house.phone(user, transport, path=path, header_params=f";more={'y' * 1900}")
        assert len(phone.contact()) > 3900
        phone.register_ok()
        phone.sleep()
        call = house.pbx.call(user, OFFER)
        house.wake(phone, path)
        house.finish(call, house.connect(call, phone))


@test
def what_comes_late_changes_nothing(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    contact = house.pbx.contact("alice").uri
    heard = len(house.pbx.registers())
    phone.register_number -= 2
    assert phone.send_register(expires=0).final().status == 500
    assert len(house.pbx.registers()) == heard
    assert house.pbx.contact("alice").uri == contact
    phone.register_number += 2
    phone.register_ok()


@test
def nobody_else_removes_a_phone(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    mine = phone.contact().split(";+sip.instance")[0]
    other = house.phone(path="/push/other", address=ports.OTHER_PHONE)
    other.instance = "urn:uuid:00000000-0000-4000-8000-000000000002"
    other.register_ok()
    other.register(expires=0, contact=mine)
    other.deregister()
    thief = house.phone(address=ports.STRANGER, password="wrong")
    assert thief.register(expires=0, contact=phone.contact()).status == 401
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))


@test
def each_domain_has_its_pbx(stage):
    house = House(stage, start=False)
    lab = ScriptedPbx(stage, dict(USERS), domain="lab.test", address=ports.SECOND_PBX)
    house.groups["pbx:lab"] = {"domains": "lab.test", "route": f"{lab.route};transport=udp"}
    house.start()
    phones = []
    for number, pbx in enumerate((house.pbx, lab)):
        push = {"provider": "webpush", "prid": house.push.prid(f"/push/{pbx.domain}")}
        phone = Phone(stage, "alice", house.phones_door, pbx.domain, push=push,
                      address=(ports.PHONE, ports.OTHER_PHONE)[number])
        phone.register_ok()
        assert pbx.contact("alice").uri
        phone.sleep()
        phones.append(phone)
    for phone, pbx in zip(phones, (house.pbx, lab)):
        call = pbx.call("alice", OFFER)
        house.wake(phone, f"/push/{pbx.domain}")
        house.finish(call, house.connect(call, phone))
    house.push.assert_pushes(2)
    stranger = Phone(stage, "alice", house.phones_door, "elsewhere.test", address=ports.STRANGER)
    assert stranger.register().status == 404


if __name__ == "__main__":
    main()
