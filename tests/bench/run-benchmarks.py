#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""run-benchmarks: runs each bench-* beside it, writes bench.json, prints a table.

Ends with 1 when a target is missed or a benchmark could not measure.
"""
import json
import os
import subprocess
import sys

TIME_LIMIT = 1800
COLUMNS = ("name", "value", "unit", "target", "peer", "peer_value", "pass")


def benchmarks(folder):
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if name.startswith("bench-") and os.access(path, os.X_OK):
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


def main():
    figures, broken = [], []
    for path in benchmarks(os.path.dirname(os.path.realpath(__file__))):
        print(f"{os.path.basename(path)} ...", file=sys.stderr, flush=True)
        measured = run(path)
        if measured is None:
            broken.append(os.path.basename(path))
        else:
            figures += measured
    target = os.path.join(os.environ.get("top_builddir", "."), "bench.json")
    with open(target, "w", encoding="utf-8") as file:
        json.dump(figures, file, indent=2)
        file.write("\n")
    print_table(figures)
    for name in broken:
        print(f"{name}: could not measure")
    sys.exit(1 if broken or not all(figure["pass"] for figure in figures) else 0)


if __name__ == "__main__":
    main()
