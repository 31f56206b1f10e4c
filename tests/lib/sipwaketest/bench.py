# SPDX-License-Identifier: LGPL-2.1-or-later
"""bench: one measured figure, and how a benchmark hands its figures on.

A benchmark is a program that prints a JSON list of figures on stdout and anything else on stderr.
"""
import json
import os
import signal
import sys

from .tap import Stage, on_terminate


def is_quick():
    """Whether a short look was asked for: fewer rounds, and only what is measured fast."""
    return os.environ.get("BENCH_QUICK") == "1"


def below(name, value, target, unit, peer=None, peer_value=None):
    """A figure that must be lower than its target."""
    return {"name": name, "value": round(value, 4), "unit": unit, "target": target, "peer": peer,
            "peer_value": peer_value, "pass": value < target}


def above(name, value, target, unit, peer=None, peer_value=None):
    """A figure that must be higher than its target."""
    return {**below(name, value, target, unit, peer, peer_value), "pass": value > target}


def told(name, value, unit, peer=None, peer_value=None):
    """A figure without a target, which others are compared with."""
    return {**below(name, value, 0, unit, peer, peer_value), "target": None, "pass": True}


def main(measure):
    """Runs a function that takes a stage and returns figures."""
    signal.signal(signal.SIGTERM, on_terminate)
    stage = Stage(measure.__module__)
    try:
        figures = measure(stage)
    finally:
        complaints = stage.close()
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    json.dump(figures, sys.stdout, indent=2)
    print()
    sys.exit(1 if complaints else 0)
