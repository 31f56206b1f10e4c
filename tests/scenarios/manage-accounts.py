#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""manage-accounts: accounts are added, imported and removed while the daemon runs."""
import hashlib
import os
import pty
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.bus import NAME, ROOT, Bus, Ctl
from sipwaketest.house import OFFER, House
from sipwaketest.message import parameter
from sipwaketest.tap import main, test

FAILED, USAGE, NOT_FOUND = 1, 2, 5
WEEK = 604800


def managed_house(stage, **habits):
    bus = Bus(stage)
    house = House(stage, config={"daemon": {"bus": "session"}}, **habits)
    bus.wait_name()
    return house, bus, Ctl(bus)


def granted(answer):
    return int(parameter(answer.get("Contact"), "expires"))


@test
def an_added_account_registers_the_phone(stage):
    house, bus, ctl = managed_house(stage)
    assert ctl.json("accounts") == []
    phone = house.phone()
    assert granted(phone.register_ok()) == 3600, "without an account the phone gets what it asks"
    ctl.run("account", "add", "office", "alice", given="pwalice\n")
    account, = ctl.json("accounts")
    assert (account["User"], account["Pbx"], account["Username"], account["State"]) == \
        ("alice", "office", "alice", "new"), account
    assert not any("pwalice" in str(value) for value in account.values())
    phone.register_ok()
    assert granted(phone.register_ok()) == WEEK
    account, = ctl.wait(("accounts", "ready"), len)
    assert account["Realm"] and not account["Trouble"], account
    assert "alice" in ctl.run("accounts") and "ready" in ctl.run("accounts")
    house.restart()
    bus.wait_name()
    assert [a["State"] for a in ctl.json("accounts")] == ["ready"], "it is on the disk"
    ctl.run("account", "remove", "alice")
    assert ctl.json("accounts") == []
    house.restart()
    bus.wait_name()
    assert ctl.json("accounts") == []
    code, text = bus.call(NAME, account["Path"], f"{NAME}.Account.Remove")
    assert code and f"{NAME}.Error.NotFound" in text, text


@test
def a_wrong_password_is_trouble(stage):
    house, bus, ctl = managed_house(stage)
    ctl.run("account", "add", "office", "alice", "--username=alice", given="wrong")
    phone = house.phone(password="wrong")
    phone.register()  # the PBX's own challenge passes to the phone, and teaches the realm
    phone.register()
    account, = ctl.wait(("accounts", "trouble"), len)
    assert "password" in account["Trouble"], account


def kept_sleeper(house, ctl):
    """A phone that sleeps, and whose registration is kept by an account."""
    ctl.run("account", "add", "office", "alice", given="pwalice\n")
    phone = house.phone()
    phone.register_ok()  # teaches the realm
    assert granted(phone.register_ok()) == WEEK
    phone.sleep()
    return phone


def proved(house):
    return [r for r in house.pbx.registers() if r.get("Authorization")]


@test
def another_password_counts_while_the_phone_sleeps(stage):
    house, _bus, ctl = managed_house(stage, grant=3)
    phone = kept_sleeper(house, ctl)
    house.pbx.guard.passwords["alice"] = "new"
    account, = ctl.wait(("accounts", "trouble"), len)
    assert "password" in account["Trouble"], account
    house.pbx.wait_contacts("alice", 0, timeout=4)
    ctl.run("account", "add", "office", "alice", given="new\n")
    house.pbx.wait_contacts("alice", 1)
    ctl.wait(("accounts", "ready"), len)
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.push.wait_pushes(1, "/push/alice")
    phone.wake()
    phone.credentials.password = "new"
    assert granted(phone.register_ok()) == WEEK
    house.finish(call, house.connect(call, phone))
    house.assert_settled(phone)


@test
def an_account_that_comes_while_the_phone_sleeps(stage):
    """The PBX forgets the phone before it has come to prove that the account is its own."""
    house, _bus, ctl = managed_house(stage, pbx_transport="tcp")
    phone = house.sleeper()
    ha1 = hashlib.md5(b"alice:pbx.test:pwalice").hexdigest()
    users = os.path.join(stage.path, "users.csv")
    with open(users, "w", encoding="utf-8") as file:
        file.write(f"user,realm,ha1\nalice,pbx.test,{ha1}\n")
    ctl.run("account", "import", "office", users)
    while not any(e.sent for e in stage.trace.select("pbx", "OPTIONS")):
        time.sleep(0.02)
    house.pbx.registrar.forget()
    house.pbx.close_tcp()
    house.push.wait_pushes(1, "/push/alice", timeout=15)
    house.wake(phone)
    assert house.pbx.registers()[-1].get("User-Agent") == "sipwake", "the account is not used"
    house.pbx.wait_contacts("alice", 1)
    house.assert_settled(phone)


@test
def a_removed_account_is_used_no_more(stage):
    house, _bus, ctl = managed_house(stage)
    phone = kept_sleeper(house, ctl)
    before = len(proved(house))
    ctl.run("account", "remove", "alice")
    binding, = ctl.json("bindings")
    assert binding["Expires"] <= time.time() + 3600, binding
    assert len(house.pbx.contacts("alice")) == 1, "it stays for as long as the PBX granted"
    house.push.wait_pushes(1, "/push/alice", timeout=10)
    assert len(proved(house)) == before, "the password of a removed account was used"
    phone.wake()
    assert granted(phone.register_ok()) == 3600
    assert proved(house)[before].get("User-Agent") != "sipwake", "the phone's own did not pass"
    house.pbx.wait_contacts("alice", 1)
    house.restart()
    phone.sleep()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone, pushes=2)
    house.finish(call, house.connect(call, phone))
    assert not [r for r in proved(house)[before:] if r.get("User-Agent") == "sipwake"]
    house.assert_settled(phone)


@test
def mistakes_are_named(stage):
    house, bus, ctl = managed_house(stage)
    ctl.run("account", "add", "nowhere", "alice", given="x\n", code=NOT_FOUND)
    assert "[pbx:nowhere]" in ctl.errors
    ctl.run("account", "add", "office", "alice", given="\n", code=FAILED)
    ctl.run("account", "add", "office", "alice", given="", code=USAGE)
    assert "no password" in ctl.errors
    ctl.run("account", "add", "office", "alice", given="x" * 2000 + "\n", code=USAGE)
    ctl.run("account", "add", "office", "u" * 300, given="x\n", code=FAILED)
    ctl.run("account", "add", "office", "alice", "--password-file", "/nowhere", code=USAGE)
    ctl.run("account", "remove", "alice", code=NOT_FOUND)
    ctl.run("account", "add", "office", "alice", "secret", code=USAGE)
    assert ctl.json("accounts") == []


@test
def files_are_imported_whole_or_not_at_all(stage):
    house, bus, ctl = managed_house(stage)
    good = os.path.join(stage.path, "users.csv")
    with open(good, "w", encoding="utf-8") as file:
        file.write("user,password\n")
        file.writelines(f"u{number:04},secret{number}\n" for number in range(1000))
    assert ctl.run("account", "import", "office", good) == "1000 accounts were imported\n"
    assert len(ctl.json("--limit=1000", "accounts")) == 1000
    assert [a["User"] for a in ctl.json("--offset=999", "accounts")] == ["u0999"]
    bad = os.path.join(stage.path, "bad.csv")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("user,password\nbob,x\ncarol\n")
    ctl.run("account", "import", "office", bad, code=FAILED)
    assert "line 3" in ctl.errors, ctl.errors
    assert ctl.json("accounts", "bob") == []
    with open(bad, "w", encoding="utf-8") as file:
        file.write("user,password\nbob,x\ncarol,x\nbob,y\n")
    ctl.run("account", "import", "office", bad, code=FAILED)
    assert "line 4" in ctl.errors and "line 2" in ctl.errors, ctl.errors
    assert ctl.json("accounts", "carol") == []
    ctl.run("account", "import", "office", "/nowhere", code=USAGE)
    code, text = bus.call(NAME, ROOT, f"{NAME}.Manager.ImportAccounts", "office", "xml", "")
    assert code and f"{NAME}.Error.Invalid" in text, text
    house.restart()
    bus.wait_name()
    assert len(ctl.json("--limit=1000", "accounts")) == 1000


@test
def a_password_is_asked_for_unseen(stage):
    house, bus, ctl = managed_house(stage)
    leader, follower = pty.openpty()
    child = subprocess.Popen([ctl.program, *ctl.options, "account", "add", "office", "alice"],
                             stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    seen = b""
    while b"Password: " not in seen:
        seen += os.read(leader, 1000)
    os.write(leader, b"pwalice\n")
    assert child.wait(10) == 0
    try:
        seen += os.read(leader, 1000)
    except OSError:
        pass
    os.close(leader)
    assert b"pwalice" not in seen, seen
    assert len(ctl.json("accounts", "alice")) == 1


if __name__ == "__main__":
    main()
