#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""transfer: REFER, Replaces and what else names a dialog, translated from leg to leg."""
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import ANSWER, OFFER, House
from sipwaketest.message import Message, parameter, uri_of
from sipwaketest.tap import main, test


def tag(value):
    return parameter(value, "tag")


def talk(house, phone, caller="2000"):
    """A call from the PBX that is up; returns both ends."""
    call = house.pbx.call("alice", OFFER, caller=caller)
    return call, house.connect(call, phone)


def replaces(end):
    """The dialog as the party at this end names it to replace it at the other."""
    return f"{end.call_id};to-tag={tag(end.remote)};from-tag={tag(end.local)}"


def same(value, end):
    """Whether `value` names the dialog of this end, whose own tag is the to-tag."""
    wanted = {f"to-tag={tag(end.remote)}", f"from-tag={tag(end.local)}"}
    call_id, *parameters = value.split(";")
    return call_id == end.call_id and set(parameters) == wanted


def end_all(house, phone, *calls):
    for call, leg in calls:
        house.finish(call, leg)
    house.assert_settled(phone)


def notify(sender, receiver, text, state):
    told = sender.send("NOTIFY", text.encode(), [
        ("Event", "refer"), ("Subscription-State", state),
        ("Content-Type", "message/sipfrag;version=2.0")])
    got = receiver.expect_request("NOTIFY")
    assert got.body == text.encode() and got.get("Subscription-State") == state
    receiver.reply(got, 200)
    told.expect(200)


@test
def a_blind_transfer(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call, leg = talk(house, phone)
    target = f"<sip:3000@{house.pbx.domain}>"
    sent = leg.send("REFER", headers=[("Refer-To", target), ("Referred-By", f"<{phone.aor}>")])
    refer = call.expect_request("REFER")
    assert refer.get("Refer-To") == target and refer.get("Referred-By") == f"<{phone.aor}>"
    call.reply(refer, 202)
    sent.expect(202)
    notify(call, leg, "SIP/2.0 100 Trying\r\n", "active;expires=60")
    notify(call, leg, "SIP/2.0 200 OK\r\n", "terminated;reason=noresource")
    end_all(house, phone, (leg, call))


def refer_to_a_dialog(stage, header):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    first, first_leg = talk(house, phone)
    second, second_leg = talk(house, phone, "3000")
    wanted = urllib.parse.quote(replaces(second_leg), safe="")
    sent = first_leg.send("REFER", headers=[
        ("Refer-To", f"<sip:3000@{house.pbx.domain}?{header}={wanted}&X-More=1>")])
    refer = first.expect_request("REFER")
    uri, _, headers = uri_of(refer.get("Refer-To")).partition("?")
    assert uri == f"sip:3000@{house.pbx.domain}"
    found = dict(part.split("=", 1) for part in headers.split("&"))
    assert found["X-More"] == "1"
    value = urllib.parse.unquote(found[header])
    # The PBX's own tag is the far one for the phone.
    assert value == f"{second.call_id};to-tag={tag(second.local)};from-tag={tag(second.remote)}", value
    first.reply(refer, 202)
    sent.expect(202)
    end_all(house, phone, (first, first_leg), (second, second_leg))


@test
def an_attended_transfer_by_the_phone(stage):
    refer_to_a_dialog(stage, "Replaces")


@test
def a_phone_sends_somebody_into_a_conference(stage):
    """RFC 3911: who is referred shall join the other call."""
    refer_to_a_dialog(stage, "Join")


@test
def an_attended_transfer_by_the_pbx(stage):
    """The PBX calls the phone once more, in place of a call that it has."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call, leg = talk(house, phone)
    again = house.pbx.call("alice", OFFER, caller="3000", headers=[
        ("Replaces", replaces(call) + ";early-only"), ("Require", "replaces")])
    new = phone.expect_call()
    value = new.invite.get("Replaces")
    assert value == (f"{leg.call_id};to-tag={tag(leg.local)};from-tag={tag(leg.remote)}"
                     ";early-only"), value
    assert new.invite.get("Require") == "replaces"
    new.answer(ANSWER)
    again.expect(200)
    again.ack()
    new.expect_ack()
    house.finish(leg, call)
    end_all(house, phone, (again, new))


@test
def a_dialog_that_nobody_knows(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    house.pbx.call("alice", OFFER, headers=[
        ("Replaces", "nobody@knows;to-tag=a;from-tag=b")]).expect(481)
    call, leg = talk(house, phone)
    half = f"{call.call_id};to-tag={tag(call.remote)};from-tag=wrong"
    house.pbx.call("alice", OFFER, headers=[("Replaces", half)]).expect(481)
    phone.expect_nothing(0.2)
    end_all(house, phone, (call, leg))


@test
def a_pickup_of_a_call_that_the_pbx_knows(stage):
    """The phone learned of it from the PBX, so the PBX's names are the right ones."""
    house = House(stage)
    house.pbx.challenge_calls = False
    phone = house.phone(transport="tcp")
    phone.register_ok()
    value = "elsewhere@pbx;to-tag=a;from-tag=b"
    call = phone.invite("3000", OFFER, headers=[("Replaces", value)])
    leg = house.pbx.expect_call()
    assert leg.invite.get("Replaces") == value
    leg.reject(481)
    leg.expect_ack()
    call.expect(481)
    # A dialog that we have with the PBX stays the PBX's, too.
    first, first_leg = talk(house, phone)
    value = replaces(first)
    call = phone.invite("3000", OFFER, headers=[("Replaces", value)])
    leg = house.pbx.expect_call()
    assert leg.invite.get("Replaces") == value, leg.invite.get("Replaces")
    leg.reject(486)
    leg.expect_ack()
    call.expect(486)
    end_all(house, phone, (first, first_leg))


@test
def a_target_dialog(stage):
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call, leg = talk(house, phone)
    sent = house.pbx.request("REFER", house.pbx.contact("alice").uri, headers=[
        ("Refer-To", f"<sip:2000@{house.pbx.domain}>"),
        ("Target-Dialog", f"{call.call_id};local-tag={tag(call.remote)};"
                          f"remote-tag={tag(call.local)}")])
    refer = phone.expect_request("REFER")
    assert refer.get("Target-Dialog") == (f"{leg.call_id};local-tag={tag(leg.local)};"
                                          f"remote-tag={tag(leg.remote)}")
    phone.reply(refer, 603)
    sent.expect(603)
    end_all(house, phone, (call, leg))


@test
def a_returned_call_names_the_one_it_returns(stage):
    """RFC 3261 section 20.21, both ways; a name that nobody knows stays as it is."""
    house = House(stage)
    house.pbx.challenge_calls = False
    phone = house.phone(transport="tcp")
    phone.register_ok()
    first, leg = talk(house, phone)
    house.finish(first, leg)
    second = phone.invite("2000", OFFER, headers=[("In-Reply-To", f"{leg.call_id}, x@unknown")])
    far = house.pbx.expect_call()
    assert far.invite.get("In-Reply-To") == f"{first.call_id}, x@unknown"
    far.answer(ANSWER)
    second.expect(200)
    second.ack()
    far.expect_ack()
    house.finish(far, second)
    third = house.pbx.call("alice", OFFER, headers=[("In-Reply-To", far.call_id)])
    leg = phone.expect_call()
    assert leg.invite.get("In-Reply-To") == second.call_id
    leg.ring()
    third.cancel().expect(200)
    leg.expect_cancel()
    third.expect(487)
    many = ", ".join([far.call_id] + [f"{number}@unknown" for number in range(16)])
    last = house.pbx.call("alice", OFFER, headers=[("In-Reply-To", many)])
    leg = phone.expect_call()
    assert leg.invite.get("In-Reply-To") == many, "none is lost where there are too many"
    leg.ring()
    last.cancel().expect(200)
    leg.expect_cancel()
    last.expect(487)
    house.assert_settled(phone)


def names_in(party, sent):
    """What the one who gets a MESSAGE reads in it."""
    message = party.expect_request("MESSAGE")
    getattr(party, "agent", party).reply(message, 200)
    sent.expect(200)
    return message.get("In-Reply-To")


@test
def a_message_names_the_call_that_it_is_about(stage):
    """RFC 3428, outside of a call and inside, both ways."""
    house = House(stage)
    phone = house.phone(transport="tcp")
    phone.register_ok()
    first, first_leg = talk(house, phone)
    house.finish(first, first_leg)
    call, leg = talk(house, phone)
    of_pbx = [("In-Reply-To", first.call_id), ("Content-Type", "text/plain")]
    of_phone = [("In-Reply-To", first_leg.call_id), ("Content-Type", "text/plain")]
    uri = f"sip:2000@{house.pbx.domain}"
    sent = house.pbx.request("MESSAGE", house.pbx.contact("alice").uri, headers=of_pbx, body=b"?")
    assert names_in(phone, sent) == first_leg.call_id
    sent = phone.send_request(Message.request("MESSAGE", uri, [
        ("From", f"<{phone.aor}>;tag=a"), ("To", f"<{uri}>"), ("Call-ID", "message@phone"),
        ("CSeq", "1 MESSAGE")] + of_phone, b"!"), phone.flow)
    assert names_in(house.pbx, sent) == first.call_id
    assert names_in(leg, call.send("MESSAGE", headers=of_pbx)) == first_leg.call_id
    assert names_in(call, leg.send("MESSAGE", headers=of_phone)) == first.call_id
    end_all(house, phone, (call, leg))


def returned(leg, uri):
    """The INVITE that the phone has got, as a proxy sends it to somebody."""
    number = int(leg.invite.get("Max-Forwards")) - 1
    return Message.request("INVITE", uri, [
        (name, value) for name, value in leg.invite.headers
        if name not in ("Via", "Content-Length", "Max-Forwards")] +
        [("Max-Forwards", number)], OFFER)


@test
def a_call_of_ours_that_is_sent_on(stage):
    """A proxy of the phones' side forwards the user's calls to somebody else at the PBX."""
    house = House(stage, config={"call": {"callers": "any"}})
    house.pbx.challenge_calls = False
    phone = house.phone(transport="tcp")
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    sent = phone.send_request(returned(leg, f"sip:bob@{house.pbx.domain}"), phone.flow)
    far = house.pbx.expect_call()
    assert far.invite.uri == f"sip:bob@{house.pbx.domain}" and far.call_id != leg.call_id
    assert far.invite.get("Max-Forwards") == "67", far.invite.get("Max-Forwards")
    far.ring(183, ANSWER)
    early = sent.expect(183)
    leg.ring(183, early.body)
    assert call.expect(183).body == ANSWER
    far.answer(ANSWER)
    leg.answer(sent.expect(200).body)
    assert call.expect(200).body == ANSWER
    call.ack()
    ack = leg.expect_ack()
    ack.headers = [(name, value) for name, value in ack.headers if name != "To"] + [
        ("To", early.get("To"))]
    phone.flow.send(ack.to_bytes())
    far.expect_ack()
    house.finish(call, leg)
    ended = far.send("BYE")
    phone.reply(phone.expect_request("BYE"), 200)
    ended.expect(200)
    house.assert_settled(phone)


@test
def a_call_of_ours_that_comes_back(stage):
    """A proxy of the phones' side that sends an INVITE back to us, whose every round makes another."""
    house = House(stage)
    phone = house.phone()
    phone.register_ok()
    call = house.pbx.call("alice", OFFER)
    leg = phone.expect_call()
    for uri in (f"sip:alice@{house.pbx.domain}", leg.invite.uri):
        phone.send_request(returned(leg, uri), phone.flow).expect(482)
    leg.reject(482)
    leg.expect_ack()
    call.expect(480)
    house.pbx.expect_nothing(0.2, "INVITE")
    house.assert_settled()


if __name__ == "__main__":
    main()
