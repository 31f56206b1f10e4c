# SPDX-License-Identifier: LGPL-2.1-or-later
"""bus: a message bus of our own, sipwakectl and a polkit of our own on it."""
import getpass
import json
import os
import subprocess
import sys
import time

from . import tap
from .process import Process

NAME = "org.sipwake.Sipwake1"
ROOT = "/org/sipwake/Sipwake1"
VARIABLES = {"session": "DBUS_SESSION_BUS_ADDRESS", "system": "DBUS_SYSTEM_BUS_ADDRESS"}

# Like the system's own: nobody may own or send anything unless a policy file says so.
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>{kind}</type>
  <listen>unix:dir={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    {default}
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  {policy}
</busconfig>
"""
OPEN = '<allow own="*"/><allow send_destination="*"/>'
CLOSED = '<deny own="*"/><deny send_type="method_call"/>'
SYSTEM = """<include>{file}</include>
  <policy user="{user}"><allow own_prefix="org.sipwake.Sipwake1"/>
    <allow own="org.freedesktop.PolicyKit1"/></policy>
  <policy context="default"><allow send_destination="org.freedesktop.PolicyKit1"/></policy>"""


class Bus(Process):
    """A dbus-daemon; the processes that are started after it find it as their `kind` of bus."""

    def __init__(self, stage, kind="session"):
        self.kind = kind
        path = os.path.join(stage.path, f"bus-{kind}.conf")
        policy = "" if kind == "session" else SYSTEM.format(
            file=tap.source_file("data", "dbus", "org.sipwake.Sipwake1.conf"),
            user=getpass.getuser())
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(kind=kind, path=stage.path, policy=policy,
                                     default=OPEN if kind == "session" else CLOSED))
        super().__init__(stage, f"bus-{kind}", [
            "dbus-daemon", f"--config-file={path}", "--nofork", "--nopidfile", "--nosyslog",
            "--print-address"])
        stage.own(self)
        self.address = self.wait_line(r"^(unix:\S+)", read=self.output).group(1)
        os.environ[VARIABLES[kind]] = self.address

    def close(self):
        os.environ.pop(VARIABLES[self.kind], None)
        super().close()

    def wait_name(self, name=NAME, timeout=15):
        deadline = time.monotonic() + timeout
        while "true" not in self.call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                      "org.freedesktop.DBus.NameHasOwner", name)[1]:
            assert time.monotonic() < deadline, f"nobody took the name {name}"
            time.sleep(0.02)

    def call(self, destination, path, method, *arguments):
        """Calls by gdbus; returns (exit code, what it printed)."""
        done = subprocess.run(
            ["gdbus", "call", f"--{self.kind}", "--dest", destination, "--object-path", path,
             "--method", method, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20, check=False)
        return done.returncode, done.stdout

    def get(self, path, interface, name):
        code, text = self.call(NAME, path, "org.freedesktop.DBus.Properties.Get",
                               f"{NAME}.{interface}", name)
        assert code == 0, text
        return text


class Ctl:
    """sipwakectl as a user would run it."""

    def __init__(self, bus, *options):
        self.options = [f"--bus={bus.kind}", *options]
        self.program = tap.build_file("src", "sipwakectl")

    def run(self, *words, code=0, env=None, given=""):
        """Returns the standard output, after a look at the exit code."""
        done = subprocess.run(
            [self.program, *self.options, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, timeout=30, check=False, input=given,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})})
        self.errors = done.stderr
        assert done.returncode == code, \
            f"sipwakectl {' '.join(words)} ended with {done.returncode}: {done.stderr}{done.stdout}"
        return done.stdout

    def json(self, *words):
        return json.loads(self.run("--json", *words))

    def wait(self, words, good, timeout=10):
        """Asks until the JSON answer is as wanted, and returns it."""
        deadline = time.monotonic() + timeout
        while True:
            answer = self.json(*words)
            if good(answer):
                return answer
            assert time.monotonic() < deadline, f"{' '.join(words)} stays {answer}"
            time.sleep(0.05)


class Monitor(Process):
    """sipwakectl monitor, whose events are read while it runs."""

    def __init__(self, stage, bus):
        super().__init__(stage, "monitor", [tap.build_file("src", "sipwakectl"), "--json",
                                            f"--bus={bus.kind}", "monitor"])
        stage.own(self)

    def events(self):
        text = self.output()
        return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]

    def wait_listening(self, cause):
        """It listens when it has told of something, which cause() is to bring about."""
        deadline = time.monotonic() + 20
        while not self.events():
            assert time.monotonic() < deadline, f"{self.name} tells of nothing"
            cause()
            time.sleep(0.3)

    def wait_event(self, timeout=10, **wanted):
        deadline = time.monotonic() + timeout
        while True:
            for event in self.events():
                if all(event.get(key) == value for key, value in wanted.items()):
                    return event
            assert time.monotonic() < deadline, f"no {wanted} among {self.events()}"
            time.sleep(0.02)


def mock_python():
    """A Python that has dbusmock: ours, or that of the system; None without any."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import dbusmock"], stderr=subprocess.DEVNULL,
                          check=False).returncode == 0:
            return python
    return None


class Polkit(Process):
    """The polkit of python-dbusmock, which allows what it is told to."""

    def __init__(self, stage, bus):
        super().__init__(stage, "polkit", [mock_python(), "-m", "dbusmock", "--system",
                                           "--template", "polkitd"])
        stage.own(self)
        self.bus = bus
        bus.wait_name("org.freedesktop.PolicyKit1", 10)

    def allow(self, *actions):
        listed = ", ".join(f"'{action}'" for action in actions)
        code, text = self.bus.call("org.freedesktop.PolicyKit1",
                                   "/org/freedesktop/PolicyKit1/Authority",
                                   "org.freedesktop.DBus.Mock.SetAllowed", f"@as [{listed}]")
        assert code == 0, text
