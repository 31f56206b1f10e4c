#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""run-benchmarks: runs each bench-* beside it, writes bench.json, prints a table.

With --quick only those that say something within seconds, and of them only the gist, in
bench-quick.json. One that fails or takes too long does not stop the others, and the table says so.
Ends with 1 when a target is missed or a benchmark could not measure.
"""
import json
import os
import platform
import subprocess
import sys
import time

ALL_LIMIT = 25 * 60  # seconds that all benchmarks may take
ONE_LIMIT = 7 * 60   # of which one may take so many
CLEAN_UP = 20        # seconds that it has to end what it started
QUICK = ("bench-calls.py", "bench-woken.py")
COLUMNS = ("name", "value", "unit", "target", "peer", "peer_value", "pass")


def benchmarks(folder, quick):
    for name in sorted(os.listdir(folder)):
        if name.startswith("bench-") and name.endswith(".py") and (name in QUICK or not quick):
            yield os.path.join(folder, name)


def run(path, seconds):
    """Returns the figures of one benchmark and None, or None and why there are none."""
    if seconds <= 0:
        return None, "no time was left for it"
    done = subprocess.run(["timeout", "--foreground", f"--kill-after={CLEAN_UP}", str(seconds),
                           sys.executable, path], stdout=subprocess.PIPE, check=False)
    if done.returncode == 124:
        return None, f"took more than {seconds} s"
    if done.returncode:
        return None, f"ended with {done.returncode}"
    try:
        return json.loads(done.stdout), None
    except json.JSONDecodeError as error:
        return None, f"printed no figures: {error}"


def cell(value):
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_table(figures):
    rows = [COLUMNS] + [tuple(cell(figure[column]) for column in COLUMNS) for figure in figures]
    widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def machine():
    """What it was measured on."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file
                      if line.startswith("model name")), platform.machine())
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    return f"{len(os.sched_getaffinity(0))} cores of {model}, {system}, Linux {platform.release()}"


def main():
    quick = sys.argv[1:] == ["--quick"]
    figures, broken = [], {}
    deadline = time.monotonic() + ALL_LIMIT
    if quick:
        os.environ["BENCH_QUICK"] = "1"
    for path in benchmarks(os.path.dirname(os.path.realpath(__file__)), quick):
        print(f"{os.path.basename(path)} ...", file=sys.stderr, flush=True)
        started = time.monotonic()
        measured, why = run(path, min(ONE_LIMIT, int(deadline - started) - CLEAN_UP))
        print(f"  took {time.monotonic() - started:.0f} s", file=sys.stderr)
        if why:
            broken[os.path.basename(path)] = why
        else:
            figures += measured
    target = os.path.join(os.environ.get("top_builddir", "."), "bench-quick.json" if quick else "bench.json")
    with open(target, "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=2)
        file.write("\n")
    print(machine())
    print_table(figures)
    for name, why in broken.items():
        print(f"{name}: could not measure: {why}")
    sys.exit(1 if broken or not all(figure["pass"] for figure in figures) else 0)


if __name__ == "__main__":
    main()
