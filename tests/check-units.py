#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-units: the systemd units are well sandboxed (exposure of 2.0 at most). Prints TAP."""
import os
import shutil
import subprocess
import sys

UNITS = ["sipwaked.service", "sipwaked@.service"]
THRESHOLD = "20"  # tenths


def main():
    if not shutil.which("systemd-analyze"):
        print("1..0 # SKIP systemd-analyze is not installed")
        return 0
    data = os.path.join(os.environ.get("top_builddir", "."), "data")
    print(f"1..{len(UNITS)}")
    for number, unit in enumerate(UNITS, 1):
        judged = subprocess.run(
            ["systemd-analyze", "security", "--offline=yes", "--no-pager",
             "--threshold=" + THRESHOLD, os.path.join(data, unit)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        print(f"{'not ok' if judged.returncode else 'ok'} {number} - {unit}")
        print(f"# {judged.stdout.strip().splitlines()[-1] if judged.stdout else 'no verdict'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
