#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-log-ids: each MESSAGE_ID is unique, used, in the manual and in the catalogue. Prints TAP."""
import glob
import os
import re
import sys


def read(*parts):
    with open(os.path.join(*parts), encoding="utf-8") as file:
        return file.read()


def main():
    top = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), ".."))
    known = re.findall(r'^#define LOG_ID_(\w+) "([^"]*)"$', read(top, "src", "base", "log-ids.h"),
                       re.M)
    page = read(top, "data", "man", "sipwaked.8")
    manual = re.findall(r"^\.B ([0-9a-f]{32})$", page[page.index(".SS Message identifiers"):], re.M)
    used = {name for path in glob.glob(os.path.join(top, "src", "*", "*.c"))
            for name in re.findall(r"\bLOG_ID_(\w+)", read(path))}
    values = [value for _, value in known]
    explained = re.findall("^-- (.*)$", read(top, "data", "sipwake.catalog"), re.M)
    packaged = re.findall(r"MESSAGE_ID=([0-9a-f]+)", read(top, "debian", "tests", "service"))
    checks = [
        ("there are some", set() if known else {"none"}),
        ("each is 128 bits in lower case", {v for v in values if not re.fullmatch("[0-9a-f]{32}", v)}),
        ("each is another one", {v for v in values if values.count(v) > 1}),
        ("each is used", {name for name, _ in known} ^ used),
        ("the manual has them all", set(values) ^ set(manual)),
        ("the catalogue explains them all, once",
         set(values) ^ set(explained) or {v for v in explained if explained.count(v) > 1}),
        ("the package's test looks for known ones", set(packaged) - set(values)),
    ]
    print(f"1..{len(checks)}")
    for number, (name, wrong) in enumerate(checks, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        for word in sorted(wrong):
            print(f"# {word}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
