# SPDX-License-Identifier: LGPL-2.1-or-later
"""sipp: runs one of our sipp scenarios (tests/scenarios/*.xml, tests/bench/*.xml)."""
import os

from . import ports, tap
from .process import Process
from .uri import host_port


PATIENT = ("-default_behaviors", "all,-abortunexp")  # bears repeated messages where it is slow


class Sipp(Process):
    """`users` become a file of injected values; `keys` are words of the scenario.

    `also` is a scenario for calls that come in meanwhile; `hold` are the seconds for which the
    scenario's own pause keeps the process there for them. `more` are further options.
    """

    def __init__(self, stage, name, scenario, target=None, address=ports.CALLER, port=None,
                 transport="udp", calls=1, rate=10, users=(), keys=None, also=None, seconds=60,
                 hold=0, folder="scenarios", more=()):
        self.address = address
        self.port = port or ports.free_port(address)
        self.error_path = os.path.join(stage.path, f"{name}.errors")
        command = ["sipp"] + ([host_port(*target)] if target else [])
        command += ["-sf", tap.source_file("tests", folder, scenario), "-i", address,
                    "-p", str(self.port), "-t", "u1" if transport == "udp" else "t1",
                    "-m", str(calls), "-r", str(rate), "-l", str(calls), "-nostdin",
                    "-timeout", str(seconds), "-timeout_error", "-recv_timeout", "20000",
                    "-trace_err", "-error_file", self.error_path, "-buff_size", "1048576",
                    "-d", str(int(hold * 1000)), *more]
        if also:
            command += ["-oocsf", tap.source_file("tests", folder, also)]
        if users:
            path = os.path.join(stage.path, f"{name}.csv")
            with open(path, "w", encoding="ascii") as file:
                file.write("SEQUENTIAL\n")
                file.writelines(f"{line}\n" for line in users)
            command += ["-inf", path]
        for key, value in (keys or {}).items():
            command += ["-key", key, str(value)]
        super().__init__(stage, name, command)
        stage.own(self)

    def wait_bound(self):
        """Who is called by UDP is there as soon as the kernel has a line of its socket."""
        def sockets():
            with open("/proc/net/udp", encoding="ascii") as file:
                return file.read()
        self.wait_line(f":{self.port:04X} 00000000", read=sockets)

    def complaints(self):
        if not os.path.exists(self.error_path):
            return ""
        with open(self.error_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def expect_success(self, timeout=60):
        """Every call of the scenario went as written."""
        code = self.wait(timeout)
        assert code == 0, f"{self.name} ended with {code}: {self.complaints()[:2000]}"

    def log_lines(self):
        return [f"{self.name}: {line}" for line in self.complaints().splitlines()[:60]]

