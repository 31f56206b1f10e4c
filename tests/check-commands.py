#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-commands: sipwakectl, its manual page and its completion know the same words. Prints TAP."""
import os
import re
import subprocess
import sys

# What GLib adds by itself.
GLIB = {"--help", "--help-all", "--help-gapplication"}


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def help_text(program):
    return subprocess.run([program, "--help"], stdout=subprocess.PIPE, text=True, timeout=10,
                          check=True, env={**os.environ, "LC_ALL": "C"}).stdout


def commands_of(text):
    """The words of each command, without its arguments."""
    listed = re.findall(r"^  ([a-z][a-z -]*?)(?: [A-Z\[-].*?)?  ", text[text.index("Commands:"):], re.M)
    return {name.strip() for name in listed}


def commands_of_manual(page):
    part = page[page.index(".SH COMMANDS"):page.index(".SH OPTIONS")]
    heads = re.findall(r'^\.TP\n\.B[RI]? "?([a-z][a-z -]*)', part, re.M)
    return {head.strip() for head in heads}


def options_of(text):
    return set(re.findall(r"--[a-z][a-z-]*", text.replace("\\-", "-")))


def completed(script, *words):
    """What bash offers for the last of these words."""
    line = " ".join(f"'{word}'" for word in ("sipwakectl",) + words)
    done = subprocess.run(
        ["bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _sipwakectl; "
         'printf "%s\\n" "${COMPREPLY[@]}"'],
        stdout=subprocess.PIPE, text=True, timeout=20, check=False,
        env={**os.environ, "PATH": os.path.join(os.environ.get("top_builddir", "."), "src") + ":" +
             os.environ["PATH"], "SIPWAKE_BUS": "session",
             "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nowhere"})
    return set(done.stdout.split())


def main():
    top = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), ".."))
    program = os.path.join(os.environ.get("top_builddir", "."), "src", "sipwakectl")
    script = os.path.join(top, "data", "completion", "sipwakectl")
    page = read(top, "data", "man", "sipwakectl.1")
    text = help_text(program)
    commands, options = commands_of(text), options_of(text) - GLIB
    manual_options = options_of(page[page.index(".SH OPTIONS"):page.index(".SH EXIT")]) - GLIB
    policy = set(re.findall(r'action id="([^"]+)"', read(top, "data", "org.sipwake.sipwake1.policy")))
    names = set(re.findall(r'#define SIPWAKE_ACTION_\w+ "([^"]+)"', read(top, "src", "base", "names.h")))
    firsts = {command.split()[0] for command in commands}
    seconds = {command for command in commands if " " in command}
    checks = [
        ("there are commands", set() if len(commands) > 5 else {"none"}),
        ("commands of the manual page", commands ^ commands_of_manual(page)),
        ("options of the manual page", options ^ manual_options),
        ("first words that bash completes", firsts ^ completed(script, "")),
        ("options that bash completes", options ^ (completed(script, "--") - GLIB)),
        ("second words that bash completes",
         {c for c in seconds if c.split()[1] not in completed(script, c.split()[0], "")}),
        ("levels that bash completes", {"error", "warning", "info", "debug"} ^
         completed(script, "--json", "--limit", "5", "log-level", "")),
        ("actions of polkit", policy ^ names),
    ]
    print(f"1..{len(checks)}")
    for number, (name, wrong) in enumerate(checks, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for word in sorted(wrong):
            print(f"# {word}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
