#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-settings: code, manual page and sample file know the same keys. Prints TAP."""
import glob
import os
import re
import sys

# Keys that the settings already read and that nothing uses yet, so the manual is silent.
LATER = set()


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def keys_of_code(top):
    found = set()
    for path in glob.glob(os.path.join(top, "src", "config", "*.c")):
        for body in re.findall(r"\b\w*keys\[\] = \{([^}]*)\}", read(path)):
            found.update(re.findall(r'"([a-z-]+)"', body))
    return found


def keys_of_manual(top):
    page = read(top, "data", "man", "sipwake.conf.5")
    groups = page[page.index(".SH [daemon]"):page.index(".SH EXAMPLE")]
    return set(re.findall(r"^\.TP\n\.B ([a-z-]+)$", groups, re.M))


def keys_of(text):
    return set(re.findall(r"^([a-z-]+)=", text, re.M))


def main():
    top = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), ".."))
    code, manual = keys_of_code(top), keys_of_manual(top)
    checks = [
        ("keys without a word in the manual", code - manual - LATER),
        ("keys of the manual that the code does not know", manual - code),
        ("keys of the manual that were to come later", manual & LATER),
        ("keys of data/sipwake.conf that the manual lacks",
         keys_of(read(top, "data", "sipwake.conf")) - manual),
        ("keys that docs/architecture.md or the manual lacks",
         keys_of(read(top, "docs", "architecture.md")) ^ manual),
    ]
    print(f"1..{len(checks)}")
    for number, (name, wrong) in enumerate(checks, 1):
        wrong = wrong if code else {"no key was found in src/config"}
        print(f"{'not ok' if wrong else 'ok'} {number} - no {name}")
        for key in sorted(wrong):
            print(f"# {key}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
