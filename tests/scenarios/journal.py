#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""journal: what an administrator finds in the journal, and whom it does not name there."""
import json
import os
import re
import resource
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest import journal
from sipwaketest.accounts import give_account
from sipwaketest.daemon import write_config
from sipwaketest.house import OFFER, House
from sipwaketest.journal import Journal
from sipwaketest.tap import main, source_file, test

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
WARNING, ERROR, INFO = "4", "3", "6"


def message_ids():
    """{name: MESSAGE_ID}"""
    with open(source_file("src", "base", "log-ids.h"), encoding="utf-8") as file:
        return dict(re.findall(r'#define LOG_ID_(\w+) "(\w+)"', file.read()))


IDS = message_ids()


def journaled_house(stage, **more):
    book = Journal(stage)
    house = House(stage, start=False, **more)
    house.start(under=book.service())
    return house, book


def woken_call(house):
    phone = house.sleeper(transport="tcp")
    call = house.pbx.call("alice", OFFER, caller="4930123456")
    call.expect(180)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    return call


def written(book):
    """All that the daemon wrote, without what the journal adds by itself."""
    entries = [{key: value for key, value in entry.items() if not key.startswith("_")}
               for entry in book.entries(GLIB_DOMAIN="sipwake")]
    return entries, json.dumps(entries)


@test
def a_woken_call_is_followed_by_its_fields(stage):
    house, book = journaled_house(stage)
    call = woken_call(house)
    ended = book.wait_entry(MESSAGE_ID=IDS["CALL_ENDED"])
    assert ended["PRIORITY"] == INFO and ended["OUTCOME"] == "bridged", ended
    assert ended["CALLER_CALL_ID"] == call.call_id and int(ended["DURATION_MS"]) > 0, ended
    assert ended["AOR"] == f"sip:a~5@{house.pbx.domain}", ended
    assert re.fullmatch(r"call to \S+ bridged after [0-9.]+ s: the caller hung up",
                        ended["MESSAGE"]), ended
    assert len(book.entries(MESSAGE_ID=IDS["CALL_ENDED"])) == 1
    lines = book.entries(CALL_ID=ended["CALL_ID"])
    push, = [line for line in lines if "PUSH_ID" in line]
    assert re.fullmatch(UUID, push["PUSH_ID"]) and push["PROVIDER"] == "webpush", push
    steps = [line["MESSAGE"] for line in lines if line["PRIORITY"] == "7"]
    assert any("INVITE from the PBX" in step for step in steps), steps
    registered = book.entries(BINDING=push["BINDING"])[0]
    assert ": registered from " in registered["MESSAGE"], registered
    assert registered["AOR"] == ended["AOR"] and "MESSAGE_ID" not in registered, registered
    assert {line["_PID"] for line in lines} == {str(house.daemon.pid)}


@test
def nobody_is_named_by_default(stage):
    house, book = journaled_house(stage, config={"daemon": {"log-level": "debug"}})
    woken_call(house)
    book.wait_entry(MESSAGE_ID=IDS["CALL_ENDED"])
    house.phone("carol", password="sesame-open").register()
    house.daemon.stop()
    entries, text = written(book)
    assert len(entries) > 10, f"only {len(entries)} entries"
    for secret in ("alice", "carol", "4930123456", "/push/", "pwalice", "sesame", "nonce",
                   "192.0.2.1"):
        assert secret not in text, f"{secret!r} stands in the journal"


@test
def the_administrator_can_have_names(stage):
    house, book = journaled_house(stage, config={"daemon": {"log-personal-data": "true"}})
    woken_call(house)
    ended = book.wait_entry(MESSAGE_ID=IDS["CALL_ENDED"])
    assert ended["AOR"] == f"sip:alice@{house.pbx.domain}", ended
    assert "/push/alice" in written(book)[1] and "pwalice" not in written(book)[1]
    write_config(house.daemon.config,
                 {**house.groups, "daemon": {**house.groups["daemon"], "log-personal-data": "false"}})
    house.daemon.child.send_signal(signal.SIGHUP)
    book.wait_entry(MESSAGE="configuration and certificates re-read; listeners and PBXs change at a "
                      "restart")
    house.phone("bob").register_ok()
    assert "bob" not in written(book)[1], "a reload takes the names away again"


@test(limit=60)
def a_pbx_that_is_gone_and_back(stage):
    house, book = journaled_house(stage, pbx_transport="tcp")
    phone = house.phone()
    phone.register_ok()
    house.pbx.close()
    assert phone.register(timeout=40).status >= 500
    gone = book.wait_entry(MESSAGE_ID=IDS["PBX_UNREACHABLE"])
    assert (gone["PBX"], gone["PRIORITY"]) == ("office", WARNING), gone
    house.pbx.restart()
    back = book.wait_entry(30, MESSAGE_ID=IDS["PBX_REACHABLE"])
    assert (back["PBX"], back["PRIORITY"]) == ("office", INFO), back


@test
def credentials_that_are_refused(stage):
    book = Journal(stage)
    house = House(stage, start=False)
    give_account(house, password="wrong", realm="pbx.test")
    house.start(under=book.service())
    assert house.phone(password="wrong").register().status == 403
    refused = book.wait_entry(MESSAGE_ID=IDS["CREDENTIALS_REFUSED"])
    assert refused["PRIORITY"] == ERROR and refused["PBX"] == "office", refused
    assert "refuses its password" in refused["MESSAGE"] and refused["AOR"].startswith("sip:a~5@")
    house.phone(password="guessed").register()
    guessed = book.wait_entry(MESSAGE_ID=IDS["WRONG_PASSWORD"])
    assert guessed["ADDRESS"] and guessed["AOR"] == refused["AOR"], guessed
    assert "guessed" not in written(book)[1]


@test
def push_that_fails(stage):
    house, book = journaled_house(stage)
    for path, name, priority in (("/gone/alice", "TOKEN_DEAD", INFO),
                                 ("/status/403/alice", "PUSH_CREDENTIALS", WARNING)):
        house.sleeper(path=path)
        house.pbx.call("alice", OFFER).expect(480)
        told = book.wait_entry(MESSAGE_ID=IDS[name])
        assert told["PRIORITY"] == priority and told["BINDING"] and told["CALL_ID"], told
        assert re.fullmatch(UUID, told["PUSH_ID"]), told


@test
def a_binding_at_risk(stage):
    house, book = journaled_house(stage, grant=200)
    house.phone().register_ok()
    risk = book.wait_entry(MESSAGE_ID=IDS["BINDING_AT_RISK"])
    assert risk["PRIORITY"] == WARNING and risk["BINDING"] and "too little time" in risk["MESSAGE"]


@test
def a_disk_that_is_full(stage):
    house, book = journaled_house(stage)
    house.sleeper()
    for count, name in enumerate(("bob", "carol"), 1):
        resource.prlimit(house.daemon.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        stranger = house.phone(name)
        assert stranger.register().status == 500
        failed = book.wait_entry(count=count, MESSAGE_ID=IDS["STORAGE_FAILED"])
        assert failed["PRIORITY"] == ERROR, failed
        resource.prlimit(house.daemon.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        stranger.register_ok()
        book.wait_entry(count=count, MESSAGE_ID=IDS["STORAGE_BACK"])
        told = [len(book.entries(MESSAGE_ID=IDS[f"STORAGE_{what}"])) for what in ("FAILED", "BACK")]
        assert told == [count, count], f"{told} of {count} failures and ends"


@test
def a_limit_that_was_hit(stage):
    house, book = journaled_house(stage, config={"registrar": {"phones": 1}})
    house.phone().register_ok()
    for name in ("bob", "carol"):
        assert house.phone(name).register().status == 503
    hit = book.wait_entry(15, MESSAGE_ID=IDS["LIMIT_REACHED"])
    assert (hit["COUNTER"], hit["COUNT"]) == ("registers_over_limit", "2"), hit
    assert hit["PRIORITY"] == WARNING and "phones" in hit["MESSAGE"], hit


@test
def certificates_that_end_and_are_renewed(stage):
    book = Journal(stage)
    house = House(stage, start=False, secure=("tls",))
    house.authority.issue("sipwake", "DNS:sipwake.test", days=0)
    house.start(under=book.service())
    ends = book.wait_entry(MESSAGE_ID=IDS["CERTIFICATE_EXPIRES"])
    assert ends["FILE"] == house.pair[0] and "has expired" in ends["MESSAGE"], ends
    house.authority.issue("sipwake", "DNS:sipwake.test")
    book.wait_entry(10, MESSAGE_ID=IDS["CERTIFICATE_RENEWED"])
    with open(house.pair[1], "w", encoding="ascii") as file:
        file.write("no key\n")
    assert book.wait_entry(10, MESSAGE_ID=IDS["CERTIFICATE_REFUSED"])["PRIORITY"] == ERROR
    write_config(house.daemon.config, {**house.groups, "wake": {"timeout": "soon"}})
    house.daemon.child.send_signal(signal.SIGHUP)
    refused = book.wait_entry(MESSAGE_ID=IDS["CONFIG_REFUSED"])
    assert refused["PRIORITY"] == ERROR and house.daemon.config in refused["MESSAGE"], refused


if __name__ == "__main__":
    lacking = journal.missing()
    if lacking:
        print(f"1..0 # SKIP {lacking} is missing")
    else:
        main()
