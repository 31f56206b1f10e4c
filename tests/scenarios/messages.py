#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""messages: requests that are no calls, both ways, to phones that are awake and that sleep."""
import os
import secrets
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import OFFER, House
from sipwaketest.message import Message, parameter, uri_of
from sipwaketest.tap import main, test

PLAIN = ("Content-Type", "text/plain")
TEXT = b"what the weather is like"
SUMMARY = b"Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n"


def from_phone(phone, method, uri, headers=(), body=b"", challenge=None, call_id=None, number=1):
    """A request outside of any dialog."""
    headers = list(headers)
    if challenge is not None:
        headers.append(phone.authorization(challenge, method, uri))
    return phone.send_request(Message.request(method, uri, [
        ("From", f"<{phone.aor}>;tag={secrets.token_hex(4)}"), ("To", f"<{uri}>"),
        ("Call-ID", call_id or secrets.token_hex(8)), ("CSeq", f"{number} {method}"),
        ("Contact", f"<{phone.contact_uri(phone.transport, phone.user)}>")] + headers, body),
        phone.flow)


def in_dialog(agent, request, method, headers=(), body=b"", number=1, tag="far"):
    """A request of the one who got `request`, inside the dialog that it opened."""
    to = request.get("To")
    if not parameter(to, "tag"):
        to += f";tag={tag}"
    return agent.send_request(Message.request(method, uri_of(request.get("Contact")), [
        ("From", to), ("To", request.get("From")), ("Call-ID", request.call_id),
        ("CSeq", f"{number} {method}"),
        ("Contact", f"<{agent.contact_uri(request.flow.transport)}>")] + list(headers), body),
        agent.flow_for(uri_of(request.get("Contact")), request.flow))


@test
def a_message_to_an_awake_phone(stage):
    house = House(stage)
    for transport in ("udp", "tcp"):
        phone = house.phone(transport=transport)
        phone.register_ok()
        sent = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=TEXT,
                                 headers=[PLAIN, ("X-Own", "kept"), ("Max-Forwards", "9")])
        got = phone.expect_request("MESSAGE")
        assert got.body == TEXT and got.get("X-Own") == "kept"
        assert got.get("Content-Type") == "text/plain"
        assert got.get("Max-Forwards") == "8" and got.get("Contact") is None
        phone.reply(got, 202, headers=[("X-Back", "too")])
        assert sent.expect(202).get("X-Back") == "too"
        house.assert_settled(phone)
        assert phone.deregister().status == 200
        phone.close()
    house.push.assert_pushes(0)


@test
def a_message_to_a_phone_whose_push_dies_meanwhile(stage):
    house = House(stage)
    phone = house.phone(transport="tcp", path="/gone/alice")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    time.sleep(1)  # the call's push goes out before the message would need one
    sent = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=TEXT, headers=[PLAIN])
    house.daemon.wait_log("push ended, the token is dead")
    time.sleep(1.5)
    house.daemon.assert_alive()
    phone.reply(phone.expect_request("MESSAGE"), 200)
    sent.expect(200)
    call.cancel()


@test
def a_message_wakes_a_phone(stage):
    house = House(stage)
    for transport in ("udp", "tcp"):
        pushes = len(house.push.pushes())
        phone = house.sleeper(transport=transport)
        sent = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=TEXT,
                                 headers=[PLAIN])
        house.wake(phone, pushes=pushes + 1)
        got = phone.expect_request("MESSAGE")
        assert got.body == TEXT
        phone.reply(got, 200)
        sent.expect(200)
        phone.expect_nothing(0.3)
        house.assert_settled(phone)
        assert phone.deregister().status == 200
        phone.close()


@test(limit=60)
def a_message_to_a_phone_that_never_wakes(stage):
    house = House(stage)
    house.sleeper(transport="tcp")
    started = time.monotonic()
    sent = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=TEXT, headers=[PLAIN])
    sent.expect(480, 31)
    assert time.monotonic() - started < 31, "RFC 4320: before its sender gives up"
    house.assert_settled()


@test
def a_message_to_a_dead_push_token(stage):
    house = House(stage)
    house.sleeper(transport="tcp", path="/gone/alice")
    house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=TEXT).expect(480, 3)
    house.assert_settled()


@test
def a_call_and_a_message_to_one_sleeping_phone(stage):
    """The push of a message does not ring, so the call sends one of its own."""
    house = House(stage)
    phone = house.sleeper(transport="tcp")
    sent = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=TEXT)
    house.push.wait_pushes(1)
    call = house.pbx.call("alice")
    call.expect(180)
    house.wake(phone, pushes=2)
    leg = phone.expect_call()
    phone.reply(phone.expect_request("MESSAGE"), 200)
    sent.expect(200)
    leg.reject(486)
    leg.expect_ack()
    call.expect(486)
    house.assert_settled(phone)


@test
def a_message_from_a_phone(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    uri = f"sip:2000@{house.pbx.domain}"
    sent = from_phone(phone, "MESSAGE", uri, [PLAIN], TEXT)
    got = house.pbx.expect_request("MESSAGE")
    assert got.uri == uri and got.body == TEXT
    challenge = house.pbx.guard.challenge()
    house.pbx.reply(got, 407, headers=[("Proxy-Authenticate", challenge)])
    answer = sent.expect(407)
    assert answer.get("Proxy-Authenticate") == challenge
    again = from_phone(phone, "MESSAGE", uri, [PLAIN], TEXT, answer, number=2)
    got = house.pbx.expect_request("MESSAGE")
    assert house.pbx.guard.judge(got.get("Proxy-Authorization"), "MESSAGE") == ("ok", "alice")
    house.pbx.reply(got, 200)
    again.expect(200)
    house.assert_settled(phone)


@test
def what_nobody_has_heard_of_passes(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    sent = from_phone(phone, "WHISPER", f"sip:2000@{house.pbx.domain}", [PLAIN], TEXT)
    got = house.pbx.expect_request("WHISPER")
    assert got.body == TEXT
    house.pbx.reply(got, 299)
    sent.expect(299)
    sent = house.pbx.request("YELL", house.pbx.contact("alice").uri, headers=[PLAIN],
                             body=TEXT)
    got = phone.expect_request("YELL")
    phone.reply(got, 405)
    sent.expect(405)
    house.assert_settled(phone)


@test
def options_of_a_phone(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    from_phone(phone, "OPTIONS", f"sip:{house.pbx.domain}").expect(200)
    house.pbx.assert_quiet()
    house.pbx.automatic["OPTIONS"] = lambda request: "2000@" not in request.uri and bool(
        house.pbx.reply(request, 200))
    sent = from_phone(phone, "OPTIONS", f"sip:2000@{house.pbx.domain}")
    house.pbx.reply(house.pbx.expect_request("OPTIONS"), 200, headers=[("Allow", "INVITE")])
    assert sent.expect(200).get("Allow") == "INVITE"
    house.assert_settled(phone)


@test
def publish_passes(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    sent = from_phone(phone, "PUBLISH", phone.aor, [
        ("Event", "presence"), ("Expires", "600"), ("SIP-If-Match", "abc"),
        ("Content-Type", "application/pidf+xml")], b"<presence/>")
    got = house.pbx.expect_request("PUBLISH")
    assert got.get("Event") == "presence" and got.get("Expires") == "600"
    assert got.get("SIP-If-Match") == "abc" and got.body == b"<presence/>"
    house.pbx.reply(got, 200, headers=[("SIP-ETag", "def"), ("Expires", "300")])
    answer = sent.expect(200)
    assert answer.get("SIP-ETag") == "def" and answer.get("Expires") == "300"
    house.assert_settled(phone)


@test
def an_unsolicited_notify(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    headers = [("Event", "message-summary"), ("Subscription-State", "active"),
               ("Content-Type", "application/simple-message-summary")]
    contact = house.pbx.contact("alice").uri
    sent = house.pbx.request("NOTIFY", contact, headers=headers, body=SUMMARY)
    got = phone.expect_request("NOTIFY")
    assert got.body == SUMMARY and got.get("Subscription-State") == "active"
    phone.reply(got, 200)
    sent.expect(200)
    phone.sleep()
    house.pbx.request("NOTIFY", contact, headers=headers, body=SUMMARY).expect(480)
    house.push.assert_pushes(0)
    house.assert_settled()


def subscribe(house, phone, event="dialog", notify_first=False):
    """The phone subscribes; returns its request, the one that the PBX got and the 200."""
    uri = f"sip:2000@{house.pbx.domain}"
    sent = from_phone(phone, "SUBSCRIBE", uri, [("Event", event), ("Expires", "600"),
                                                ("Accept", "application/dialog-info+xml")])
    got = house.pbx.expect_request("SUBSCRIBE")
    assert got.uri == uri and got.get("Event") == event and got.get("Expires") == "600"
    if notify_first:
        return sent, got, None
    house.pbx.reply(got, 200, headers=[
        ("Contact", f"<{house.pbx.contact_uri('udp')}>"), ("Expires", "600")], tag="far")
    answer = sent.expect(200)
    assert answer.get("Expires") == "600" and answer.get("Contact") is not None
    return sent, got, answer


def subscribe_again(phone, sent, answer, expires, headers=()):
    """Inside the dialog that was opened."""
    return phone.send_request(Message.request("SUBSCRIBE", uri_of(answer.get("Contact")), [
        ("From", sent.request.get("From")), ("To", answer.get("To")),
        ("Call-ID", sent.request.call_id), ("CSeq", "2 SUBSCRIBE"), ("Event", "dialog"),
        ("Expires", expires), ("Contact", sent.request.get("Contact")), *headers]), phone.flow)


@test
def a_subscription_and_its_notifications(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    sent, got, answer = subscribe(house, phone)
    for number in (1, 2):
        told = in_dialog(house.pbx, got, "NOTIFY", [
            ("Event", "dialog"), ("Subscription-State", "active;expires=500"),
            ("Content-Type", "application/dialog-info+xml")], b"<dialog-info/>", number)
        notify = phone.expect_request("NOTIFY")
        assert notify.call_id == sent.request.call_id and notify.body == b"<dialog-info/>"
        assert parameter(notify.get("To"), "tag") == parameter(sent.request.get("From"), "tag")
        assert parameter(notify.get("From"), "tag") == parameter(answer.get("To"), "tag")
        phone.reply(notify, 200)
        told.expect(200)
    # The phone refreshes it inside the dialog.
    again = subscribe_again(phone, sent, answer, 0)
    refresh = house.pbx.expect_request("SUBSCRIBE")
    assert refresh.call_id == got.call_id and refresh.get("Expires") == "0"
    assert parameter(refresh.get("To"), "tag") == "far"
    house.pbx.reply(refresh, 200, headers=[("Expires", "0"),
                                           ("Contact", f"<{house.pbx.contact_uri('udp')}>")])
    assert again.expect(200).get("Contact") is not None
    told = in_dialog(house.pbx, got, "NOTIFY", [
        ("Event", "dialog"), ("Subscription-State", "terminated;reason=timeout")], b"", 3)
    notify = phone.expect_request("NOTIFY")
    assert notify.get("Subscription-State") == "terminated;reason=timeout"
    phone.reply(notify, 200)
    told.expect(200)
    house.assert_settled(phone)


@test
def a_notification_names_the_call_that_it_is_about(stage):
    """As the other side knows that call (RFC 3261 section 20.21); what asks for more does, too."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = house.connect(call, phone)
    house.finish(call, leg)
    sent, got, answer = subscribe(house, phone)
    told = in_dialog(house.pbx, got, "NOTIFY", [
        ("Event", "dialog"), ("Subscription-State", "active;expires=500"),
        ("In-Reply-To", f"{call.call_id}, x@unknown")])
    notify = phone.expect_request("NOTIFY")
    assert notify.get("In-Reply-To") == f"{leg.call_id}, x@unknown", notify.get("In-Reply-To")
    phone.reply(notify, 200)
    told.expect(200)
    again = subscribe_again(phone, sent, answer, 600, [("In-Reply-To", leg.call_id)])
    got = house.pbx.expect_request("SUBSCRIBE")
    assert got.get("In-Reply-To") == call.call_id, got.get("In-Reply-To")
    house.pbx.reply(got, 200, headers=[("Expires", "600")])
    again.expect(200)
    house.assert_settled(phone)


@test
def a_notify_overtakes_the_answer(stage):
    """RFC 6665 section 4.1.2.4."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    sent, got, _ = subscribe(house, phone, notify_first=True)
    told = in_dialog(house.pbx, got, "NOTIFY", [
        ("Event", "dialog"), ("Subscription-State", "active;expires=500")])
    notify = phone.expect_request("NOTIFY")
    assert notify.call_id == sent.request.call_id
    phone.reply(notify, 200)
    told.expect(200)
    house.pbx.reply(got, 200, headers=[
        ("Contact", f"<{house.pbx.contact_uri('udp')}>"), ("Expires", "600")], tag="far")
    answer = sent.expect(200)
    assert parameter(answer.get("To"), "tag") == parameter(notify.get("From"), "tag")
    house.assert_settled(phone)


@test
def a_notification_for_a_phone_that_sleeps(stage):
    """480 leaves the subscription alone, and after the phone has registered it goes on."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    sent, got, _ = subscribe(house, phone)
    state = [("Event", "dialog"), ("Subscription-State", "active;expires=500")]
    phone.close_connections()
    in_dialog(house.pbx, got, "NOTIFY", state).expect(480)
    house.push.assert_pushes(0)
    phone.register_ok()
    told = in_dialog(house.pbx, got, "NOTIFY", state, number=2)
    phone.reply(phone.expect_request("NOTIFY"), 200)
    told.expect(200)
    house.assert_settled(phone)


@test
def a_refused_subscription(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    sent = from_phone(phone, "SUBSCRIBE", f"sip:2000@{house.pbx.domain}", [("Event", "nonsense")])
    house.pbx.reply(house.pbx.expect_request("SUBSCRIBE"), 489, "Bad Event",
                    headers=[("Allow-Events", "dialog, presence")])
    answer = sent.expect(489)
    assert answer.get("Allow-Events") == "dialog, presence" and "Bad Event" in answer.start
    house.assert_settled(phone)


@test
def a_refer_outside_of_a_call(stage):
    """Click to dial: the PBX asks the phone to call somebody, and hears how that went."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    sent = house.pbx.request("REFER", house.pbx.contact("alice").uri, headers=[
        ("Refer-To", f"<sip:2000@{house.pbx.domain}>"), ("Referred-By", "<sip:pbx@pbx.test>")])
    got = phone.expect_request("REFER")
    assert uri_of(got.get("Refer-To")) == f"sip:2000@{house.pbx.domain}"
    phone.reply(got, 202, headers=[("Contact", f"<{phone.contact_uri('tcp')}>")], tag="far")
    accepted = sent.expect(202)
    assert accepted.get("Contact") is not None
    told = in_dialog(phone, got, "NOTIFY", [
        ("Event", "refer"), ("Subscription-State", "terminated;reason=noresource"),
        ("Content-Type", "message/sipfrag;version=2.0")], b"SIP/2.0 200 OK\r\n")
    notify = house.pbx.expect_request("NOTIFY")
    assert notify.body == b"SIP/2.0 200 OK\r\n" and notify.call_id == sent.request.call_id
    house.pbx.reply(notify, 200)
    told.expect(200)
    phone.sleep()
    house.pbx.request("REFER", house.pbx.contact("alice").uri, headers=[
        ("Refer-To", f"<sip:2000@{house.pbx.domain}>")]).expect(480)
    house.assert_settled()


@test
def hops_are_counted(stage):
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    sent = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, body=TEXT,
                             headers=[("Max-Forwards", "0")])
    sent.expect(483)
    phone.expect_nothing(0.2)
    house.assert_settled(phone)


if __name__ == "__main__":
    main()
