# SPDX-License-Identifier: LGPL-2.1-or-later
"""process: a program under our care; its output goes to files, and it never outlives the test."""
import ctypes
import os
import re
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
LOG_TAIL = 120


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def stopped(path):
    """What the kernel says of a thread."""
    with open(path, encoding="ascii") as file:
        return ") T " in file.read()


class Process:
    """Starts `command`; close() ends it by pid, and then whatever it left in its own group."""

    def __init__(self, stage, name, command, env=None, cwd=None):
        self.stage = stage
        self.name = stage.unique(name)
        self.out_path = os.path.join(stage.path, f"{self.name}.out")
        self.err_path = os.path.join(stage.path, f"{self.name}.err")
        with open(self.out_path, "ab") as out, open(self.err_path, "ab") as err:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=cwd or stage.path,
                env={**os.environ, **(env or {})}, start_new_session=True,
                preexec_fn=die_with_parent)
        self.pid = self.child.pid

    def output(self):
        with open(self.out_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def errors(self):
        with open(self.err_path, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def alive(self):
        return self.child.poll() is None

    def wait(self, timeout):
        """Returns the exit code; it is an error when the process does not end in time."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {timeout} s") from None

    def wait_line(self, pattern, timeout=10, read=None):
        """Waits until the output has a line like this and returns the match."""
        read = read or self.errors
        deadline = time.monotonic() + timeout
        while True:
            found = re.search(pattern, read(), re.M)
            if found:
                return found
            assert self.alive(), f"{self.name} ended ({self.child.returncode}): {self.tail(8)}"
            assert time.monotonic() < deadline, f"{self.name} wrote no {pattern!r} in {timeout} s"
            time.sleep(0.01)

    def tail(self, count):
        return " / ".join((self.output() + self.errors()).splitlines()[-count:])

    def log_lines(self):
        return [f"{self.name}: {line}" for line in self.errors().splitlines()[-LOG_TAIL:]]

    def cpu_seconds(self):
        """User and system time of the process, by its own clock in the kernel, to the microsecond."""
        return time.clock_gettime((~self.pid << 3) | 2)  # as clock_getcpuclockid(3) makes it

    def pause(self):
        """Holds it, all its threads, until resume()."""
        os.kill(self.pid, signal.SIGSTOP)
        tasks = f"/proc/{self.pid}/task"
        while not all(stopped(os.path.join(tasks, task, "stat")) for task in os.listdir(tasks)):
            time.sleep(0.001)

    def resume(self):
        os.kill(self.pid, signal.SIGCONT)

    def end(self, timeout=20):
        """Asks it to end and returns the exit code."""
        if self.alive():
            self.child.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def close(self):
        try:
            self.end()
        finally:
            # The group's number is ours even after its leader is gone, while members live.
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.child.wait(20)
