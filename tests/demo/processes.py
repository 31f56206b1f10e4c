# SPDX-License-Identifier: LGPL-2.1-or-later
"""processes: the programs that a demonstration runs, and nothing left of them.

Every line that a program writes arrives in one queue with the moment at which it came, so the
demonstration is one loop over events.
"""
import collections
import ctypes
import os
import queue
import signal
import socket
import subprocess
import threading
import time

Line = collections.namedtuple("Line", "when source text")

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """In the child: ends it when the demonstration is killed and cannot tidy up."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port(address):
    """A port that is free on @address for UDP and TCP at this moment."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind((address, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((address, port))
            except OSError:
                continue
            return port
    raise OSError(f"no port is free on {address}")


class Stage:
    """All programs of one demonstration and the queue of what they say."""

    def __init__(self, directory):
        self.directory = directory
        self.lines = queue.Queue()
        self.processes = {}

    def start(self, name, command, environment=None):
        """Starts @command as @name; its output is logged to NAME.log and queued."""
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})}, cwd=self.directory,
            start_new_session=True, preexec_fn=die_with_parent)
        self.processes[name] = process
        threading.Thread(target=self._read, args=(name, process), daemon=True).start()
        return process

    def _read(self, name, process):
        with open(os.path.join(self.directory, name + ".log"), "ab") as log:
            for raw in process.stdout:
                log.write(raw)
                log.flush()
                self.lines.put(Line(time.monotonic(), name,
                                    raw.decode("utf-8", "replace").rstrip()))
        self.lines.put(Line(time.monotonic(), name, None))

    def tell(self, name, command):
        """Types one line into the program @name."""
        process = self.processes[name]
        try:
            process.stdin.write(command.encode() + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # its end arrives as an event of its own

    def next_line(self, deadline):
        """The next line, or None when @deadline (monotonic seconds) comes first."""
        try:
            return self.lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None

    def send(self, name, number):
        process = self.processes[name]
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass

    def end(self, name, number=signal.SIGTERM):
        """Ends the program @name: asked first, then by force."""
        process = self.processes[name]
        self.send(name, number)
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            pass
        self.send(name, signal.SIGKILL)
        process.wait()
        del self.processes[name]

    def clear(self):
        """Ends every program, the last started first."""
        for name in reversed(list(self.processes)):
            self.end(name)

    def log_tail(self, name, count=25):
        path = os.path.join(self.directory, name + ".log")
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read().splitlines()[-count:]
        except OSError:
            return []
