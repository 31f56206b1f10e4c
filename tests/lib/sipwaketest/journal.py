# SPDX-License-Identifier: LGPL-2.1-or-later
"""journal: a systemd-journald of our own, in a mount namespace that only the test has."""
import json
import os
import shutil
import subprocess
import time

from .process import Process

JOURNALD = "/lib/systemd/systemd-journald"
CONFIG = "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nRateLimitIntervalSec=0\n"
START = f"""mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journald.conf.d /run/log/journal &&
printf '{CONFIG.encode("unicode_escape").decode()}' > /run/systemd/journald.conf.d/test.conf &&
exec {JOURNALD}"""


def missing():
    """What this machine lacks for a journal, or None."""
    for tool in ("unshare", "nsenter", "systemd-cat", "journalctl", JOURNALD):
        if not shutil.which(tool):
            return tool
    if subprocess.run(unshare() + ["mount", "-t", "tmpfs", "tmpfs", "/run"], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        return "the right to mount in a namespace"
    return None


def unshare():
    return ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "-m"]


class Journal(Process):
    def __init__(self, stage):
        super().__init__(stage, "journald", unshare() + ["sh", "-c", START])
        stage.own(self)
        deadline = time.monotonic() + 10
        while not os.path.exists(f"/proc/{self.pid}/root/run/systemd/journal/stdout"):
            assert self.alive() and time.monotonic() < deadline, "the journal does not start"
            time.sleep(0.02)

    def inside(self, *words):
        """The command that runs `words` where the journal is the machine's."""
        user = [] if os.geteuid() == 0 else ["-U", "--preserve-credentials"]
        return ["nsenter", "-t", str(self.pid), "-m", *user, *words]

    def service(self):
        """What to put before the command of a service, so that it writes here as under systemd."""
        return self.inside("systemd-cat")

    def entries(self, **wanted):
        """What is in it, oldest first, as far as the fields are as wanted."""
        subprocess.run(self.inside("journalctl", "--sync"), check=True, timeout=20)
        text = subprocess.run(
            self.inside("journalctl", "-o", "json", "--all", "--no-pager",
                        *(f"{key}={value}" for key, value in wanted.items())),
            stdout=subprocess.PIPE, text=True, timeout=20, check=True).stdout
        return [json.loads(line) for line in text.splitlines()]

    def wait_entry(self, timeout=10, count=1, **wanted):
        """Waits until there are so many of its kind and returns the newest."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.entries(**wanted)
            if len(found) >= count:
                return found[-1]
            assert time.monotonic() < deadline, f"the journal has nothing with {wanted}"
            time.sleep(0.1)
