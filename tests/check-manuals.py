#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-manuals: the manual pages format without a warning. Prints TAP."""
import glob
import os
import shutil
import subprocess
import sys


def warnings(page):
    """What man has to say of @page, one line each."""
    formatted = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
    found = formatted.stderr.splitlines()
    if formatted.returncode or not formatted.stdout:
        found.append(f"man ended with {formatted.returncode}")
    return found


def main():
    top = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), ".."))
    pages = sorted(glob.glob(os.path.join(top, "data", "man", "*.[1-8]")))
    if not shutil.which("man"):
        print("1..0 # SKIP man is not installed")
        return 0
    print(f"1..{len(pages)}")
    for number, page in enumerate(pages, 1):
        found = warnings(page)
        print(f"{'not ok' if found else 'ok'} {number} - {os.path.basename(page)}")
        for line in found:
            print(f"# {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
