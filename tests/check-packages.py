#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-packages: bootstrap's lists of packages and debian/control say the same. Prints TAP."""
import os
import re
import sys

# What Debian takes for granted when it builds, and names that are not packages.
IMPLIED = {"build-essential"}
VIRTUAL = re.compile(r"debhelper-compat|dh-sequence-.*")


def bootstrap_list(text, name):
    match = re.search(rf"^{name}=\(([^)]*)\)", text, re.M)
    return set(match.group(1).split()) if match else set()


def build_depends(text):
    """The packages of Build-Depends: those for every build, and those for its tests."""
    match = re.search(r"^Build-Depends:((?:.*\n)(?:[ \t].*\n)*)", text, re.M)
    always, tests = set(), set()
    for entry in match.group(1).split(","):
        if not entry.strip():
            continue
        name = re.match(r"\s*([a-z0-9.+-]+)", entry).group(1)
        if not VIRTUAL.fullmatch(name):
            (tests if "<!nocheck>" in entry else always).add(name)
    return always, tests


def main():
    top = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), ".."))
    with open(os.path.join(top, "bootstrap"), encoding="utf-8") as file:
        script = file.read()
    with open(os.path.join(top, "debian", "control"), encoding="utf-8") as file:
        always, tests = build_depends(file.read())
    build = bootstrap_list(script, "BUILD_PACKAGES")
    checks = [
        ("bootstrap has both lists", not build or not bootstrap_list(script, "TEST_PACKAGES")),
        ("what a build needs", (build - IMPLIED) ^ always),
        ("what its tests need", tests - bootstrap_list(script, "TEST_PACKAGES")),
    ]
    print(f"1..{len(checks)}")
    for number, (name, wrong) in enumerate(checks, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}")
        if isinstance(wrong, set):
            for package in sorted(wrong):
                print(f"# {package} stands in one of the two lists alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
