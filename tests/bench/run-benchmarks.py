#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""run-benchmarks: runs each bench-* beside it, writes bench.json, prints a table.

With --quick only those that say something within seconds, and of them only the gist, in
bench-quick.json. Ends with 1 when a target is missed or a benchmark could not measure.
"""
import json
import os
import platform
import subprocess
import sys
import time

TIME_LIMIT = 600  # seconds that one benchmark may take
QUICK = ("bench-calls.py", "bench-woken.py")
COLUMNS = ("name", "value", "unit", "target", "peer", "peer_value", "pass")


def benchmarks(folder, quick):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.startswith("bench-") and os.access(path, os.X_OK) and \
                (name in QUICK or not quick):
            yield path


def run(path):
    """Returns the figures of one benchmark, or None when it failed."""
    command = [sys.executable, path] if path.endswith(".py") else [path]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=TIME_LIMIT, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        print(f"{os.path.basename(path)}: {error}", file=sys.stderr)
        return None


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
    figures, broken = [], []
    if quick:
        os.environ["BENCH_QUICK"] = "1"
    for path in benchmarks(os.path.dirname(os.path.realpath(__file__)), quick):
        print(f"{os.path.basename(path)} ...", file=sys.stderr, flush=True)
        started = time.monotonic()
        measured = run(path)
        print(f"  took {time.monotonic() - started:.0f} s", file=sys.stderr)
        if measured is None:
            broken.append(os.path.basename(path))
        else:
            figures += measured
    target = os.path.join(os.environ.get("top_builddir", "."), "bench-quick.json" if quick else "bench.json")
    with open(target, "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=2)
        file.write("\n")
    print(machine())
    print_table(figures)
    for name in broken:
        print(f"{name}: could not measure")
    sys.exit(1 if broken or not all(figure["pass"] for figure in figures) else 0)


if __name__ == "__main__":
    main()
