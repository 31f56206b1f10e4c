# SPDX-License-Identifier: LGPL-2.1-or-later
"""tap: runs the tests of one scenario file and prints TAP.

A test is a function that takes a `Stage` and raises when something is not as it should be. The
stage ends whatever was started on it, also when the test failed or took too long.
"""
import faulthandler
import os
import re
import signal
import sys
import tempfile
import threading
import time
import traceback

from .trace import Trace

TESTS = []
DIAGNOSTIC_LINES = 400


class TookTooLong(Exception):
    """The test's time is up."""


class Stage:
    """Where a test plays: its trace, its directory, and all that must be ended after it."""

    def __init__(self, name):
        self.name = name
        self.trace = Trace()
        self.directory = tempfile.TemporaryDirectory(prefix="sipwake-test-")
        self.path = self.directory.name
        self.parts = []
        self.names = {}
        self.logs = []

    def unique(self, name):
        """The name itself the first time, then with a number: for files and processes."""
        self.names[name] = self.names.get(name, 0) + 1
        return name if self.names[name] == 1 else f"{name}-{self.names[name]}"

    def own(self, part):
        """Takes charge of something with close(); closed in reverse order, exactly once."""
        self.parts.append(part)
        return part

    def close(self):
        """Closes everything; returns what went wrong on the way, such as a daemon that crashed."""
        complaints = []
        while self.parts:
            part = self.parts.pop()
            try:
                part.close()
            except Exception as error:
                complaints.append(f"{type(part).__name__}: {error}")
            # Only now, for a sanitizer speaks at the end.
            if hasattr(part, "log_lines"):
                self.logs[:0] = part.log_lines()
        self.directory.cleanup()
        return complaints


def test(function=None, *, limit=60):
    """Marks a test; `limit` is the seconds that it may take."""
    def mark(marked):
        TESTS.append((marked.__name__, marked, limit))
        return marked
    return mark(function) if function else mark


def on_alarm(signum, frame):
    raise TookTooLong("the test took too long")


def on_terminate(signum, frame):
    raise SystemExit("asked to end")


def run_one(name, function, limit):
    """Returns (whether it passed, diagnostics)."""
    stage = Stage(name)
    report = []
    signal.alarm(limit)
    try:
        function(stage)
    except SystemExit:
        stage.close()
        raise
    except BaseException as error:
        report.append(f"{type(error).__name__}: {error}")
        report += traceback.format_exc().rstrip().splitlines()[1:-1]
        if isinstance(error, KeyboardInterrupt):
            stage.close()
            raise
    finally:
        signal.alarm(0)
    report += stage.close()
    if report:
        report += list(stage.trace.lines()) + stage.logs
    return not report, report


def print_report(report):
    if len(report) > DIAGNOSTIC_LINES:
        left_out = len(report) - DIAGNOSTIC_LINES
        half = DIAGNOSTIC_LINES // 2
        report = report[:half] + [f"... {left_out} lines left out ..."] + report[-half:]
    for line in report:
        print("#", re.sub(r"[^\x20-\x7e]", "?", line))


def main():
    """Runs the tests that were marked; a name on the command line picks one."""
    signal.signal(signal.SIGALRM, on_alarm)
    signal.signal(signal.SIGTERM, on_terminate)
    wanted = [t for t in TESTS if len(sys.argv) < 2 or t[0] in sys.argv[1:]]
    # Should even the clean-up hang, the process goes, and its children with it (PDEATHSIG).
    faulthandler.dump_traceback_later(sum(limit for _, _, limit in wanted) + 60, exit=True)
    print(f"1..{len(wanted)}", flush=True)
    for number, (name, function, limit) in enumerate(wanted, 1):
        started = time.monotonic()
        passed, report = run_one(name, function, limit)
        title = name.replace("_", " ")
        print(f"{'ok' if passed else 'not ok'} {number} - {title}", flush=True)
        print(f"# took {time.monotonic() - started:.2f} s")
        print_report(report)
        sys.stdout.flush()
    left = [t.name for t in threading.enumerate() if t is not threading.current_thread()
            and not t.daemon]
    if left:
        print(f"# threads left behind: {left}")
    faulthandler.cancel_dump_traceback_later()


def build_file(*parts):
    """A file of the build directory, such as src/sipwaked."""
    return os.path.join(os.environ.get("top_builddir", os.getcwd()), *parts)


def source_file(*parts):
    here = os.path.join(os.path.dirname(__file__), "..", "..", "..")
    return os.path.join(os.environ.get("top_srcdir", os.path.realpath(here)), *parts)
