#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""languages: sipwakectl speaks the user's language, and the daemon what machines read."""
import json
import os
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.bus import Bus, Ctl
from sipwaketest.house import OFFER, House
from sipwaketest.tap import build_file, main, source_file, test

LANGUAGES = ("de", "es", "fr", "zh_CN")


def make_languages(stage, charmap="UTF-8"):
    """The environment with a German locale and all catalogues; in C nothing is translated."""
    place = os.path.join(stage.path, "locales")
    made = os.path.join(place, f"de_DE.{charmap}")
    os.makedirs(place)
    # It warns of what the definitions lack, so its exit code says little.
    subprocess.run(["localedef", "-i", "de_DE", "-f", charmap, made], check=False, timeout=60,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert os.path.exists(os.path.join(made, "LC_CTYPE")), "localedef made nothing"
    for language in LANGUAGES:
        folder = os.path.join(stage.path, "catalogues", language, "LC_MESSAGES")
        os.makedirs(folder)
        subprocess.run(["msgfmt", "-o", f"{folder}/sipwake.mo",
                        source_file("po", f"{language}.po")], check=True, timeout=60)
    return {"LOCPATH": place, "LC_ALL": f"de_DE.{charmap}", "LANGUAGE": "",
            "SIPWAKE_LOCALEDIR": os.path.join(stage.path, "catalogues")}


def width(text):
    """The columns of a terminal, as Unicode has them."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF"
               else 1 for c in text)


def columns(table):
    """Where the cells of each line of a table begin."""
    return [[width(line[:cell.start()]) for cell in re.finditer(r"[^ ]+(?: [^ ]+)*", line)]
            for line in table.splitlines()]


def house_with_bus(stage):
    bus = Bus(stage)
    house = House(stage, config={"daemon": {"bus": "session"}})
    bus.wait_name()
    return house, Ctl(bus)


@test(limit=120)
def status_and_bindings_are_german(stage):
    made = make_languages(stage)
    house, ctl = house_with_bus(stage)
    house.phone(transport="tcp").register_ok()
    for env in (made, {**made, "LANGUAGE": "de"}):
        text = ctl.run("status", env=env)
        assert "1 Telefon ist registriert\n0 Anrufe laufen\n" in text, text
        assert re.search(r"^TK-Anlage +ZUSTAND", text, re.M) and " erreichbar" in text, text
    assert re.search(r" wach +webpush ", ctl.run("bindings", env=env)), ctl.run("bindings", env=env)
    ctl.run("binding", "show", "nobody", env=env, code=5)
    assert ctl.errors == "sipwakectl: Kein Telefon mit „nobody“ ist registriert\n", ctl.errors
    assert "1 phone is registered" in ctl.run("status", env={**env, "LC_ALL": "C"})
    row, = json.loads(ctl.run("--json", "bindings", env=env))
    assert row["State"] == "awake" and "UserAgent" in row, "JSON is no text for people"


@test(limit=120)
def every_language_has_help(stage):
    made = make_languages(stage)
    ctl = Ctl(Bus(stage))
    for language, word in zip(LANGUAGES, ("Befehle:", "Órdenes:", "Commandes\u00a0:", "命令：")):
        text = ctl.run("--help", env={**made, "LANGUAGE": language})
        assert word in text, f"no {word} in {language}:\n{text}"
        assert text.count("\n  ") >= 17, text


@test(limit=120)
def other_charsets_are_written(stage):
    made = make_languages(stage, "ISO-8859-1")
    raw = subprocess.run([Ctl(Bus(stage)).program, "--help"], stdout=subprocess.PIPE, check=True,
                         timeout=20, env={**os.environ, **made}).stdout
    assert "Konto hinzufügen".encode("iso-8859-1") in raw, raw


@test(limit=120)
def tables_stay_straight(stage):
    made = make_languages(stage)
    house, ctl = house_with_bus(stage)
    house.phone("alice", "tcp").register_ok()
    wide = house.phone("bob", "tcp")
    wide.user_agent = "电话 é"
    wide.register_ok()
    for language in ("C", *LANGUAGES):
        text = ctl.run("bindings", env={**made, "LANGUAGE": language})
        head, *rows = columns(text)
        assert len(head) == 9 and len(rows) == 2 and "电话 é" in text, text
        assert all(row == head for row in rows), f"{language}: {head} {rows}"
    phone = house.sleeper("carol")
    call = house.pbx.call("carol", OFFER)
    call.expect(180)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    ctl.wait(("calls", "over"), len)
    for language in ("C", *LANGUAGES):
        text = ctl.run("call", "show", "last", env={**made, "LANGUAGE": language})
        lines = text.splitlines()[3:]
        rails = [{width(line[:n]) for n, c in enumerate(line) if c == "│"} for line in lines]
        assert len(rails) > 8 and all(12 in found and 57 in found for found in rails), text
        heads = columns(text.splitlines()[2])[0]
        assert width(text.splitlines()[2][:heads[0]]) <= 10 and heads[-1] == 57, (heads, text)


@test(limit=120)
def a_german_daemon_writes_for_machines(stage):
    before = dict(os.environ)
    os.environ.update(make_languages(stage))
    # The C library loses the value of LOCPATH when one category is set by itself.
    leaks = os.path.join(stage.path, "leaks")
    with open(leaks, "w", encoding="ascii") as file:
        file.write("leak:argz_add_sep\n")
    os.environ["LSAN_OPTIONS"] = f"suppressions={leaks}:print_suppressions=0"
    try:
        house = House(stage)
    finally:
        os.environ.clear()
        os.environ.update(before)
    phone = house.sleeper()
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    text = "\n".join(house.daemon.log_lines())
    assert re.search(r"MS=\d+\.\d", text), text


@test
def polkit_asks_in_every_language(stage):
    policy = ElementTree.parse(build_file("data", "polkit", "org.sipwake.sipwake1.policy"))
    tongue = "{http://www.w3.org/XML/1998/namespace}lang"
    actions = policy.findall("action")
    assert len(actions) >= 3
    for action in actions:
        for name in ("description", "message"):
            texts = {text.get(tongue): text.text for text in action.findall(name)}
            # Beside another attribute polkit does not see the language, and shows the last text.
            assert all(len(text.attrib) <= 1 for text in action.findall(name)), texts
            assert set(texts) == {*LANGUAGES, None}, f"{action.get('id')}: {texts}"
            assert len(set(texts.values())) == len(texts), texts


if __name__ == "__main__":
    main()
