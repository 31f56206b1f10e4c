# SPDX-License-Identifier: LGPL-2.1-or-later
"""push: the simulated push service (tests/push-simulator) and what arrived there."""
import json
import os
import time

from . import tap
from .process import Process


class PushSimulator(Process):
    def __init__(self, stage, *options):
        directory = os.path.join(stage.path, stage.unique("push"))
        os.makedirs(directory)
        super().__init__(stage, "push-simulator", [
            tap.build_file("tests", "push-simulator"), "--directory", directory, *options])
        stage.own(self)
        self.wait_line(r'"event"\s*:\s*"listening"', read=self.output)
        listening = self.events("listening")[0]
        self.url = listening["url"].rstrip("/")
        self.ca = listening["ca"]
        self.p256dh = listening.get("p256dh")
        self.auth = listening.get("auth")

    def events(self, kind):
        """What it reported; the line that it is just writing is left for later."""
        text = self.output()
        lines = text[:text.rfind("\n") + 1].splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        return [event for event in events if event.get("event") == kind]

    def pushes(self, path=None):
        return [e for e in self.events("push") if path is None or e["path"] == path]

    def prid(self, path):
        """A push resource, as the pn-prid of a Contact."""
        return f"{self.url}{path}"

    def wait_pushes(self, count, path=None, timeout=10):
        """Waits for so many pushes and returns them; later ones are for assert_pushes()."""
        deadline = time.monotonic() + timeout
        while len(self.pushes(path)) < count:
            assert self.alive(), "the push simulator ended"
            assert time.monotonic() < deadline, \
                f"{len(self.pushes(path))} pushes to {path or 'any path'}, wanted {count}"
            time.sleep(0.005)
        self.stage.trace.note(f"push service: {count} push(es) to {path or 'any path'}")
        return self.pushes(path)

    def assert_pushes(self, count, path=None):
        found = self.pushes(path)
        assert len(found) == count, f"{len(found)} pushes to {path or 'any path'}, wanted {count}"


class AppleService(PushSimulator):
    """The same for APNs; `group` is what the daemon has to know of it."""

    TEAM, KEY, BUNDLE = "TEAM123456", "KEY1234567", "com.example.app"

    def __init__(self, stage):
        super().__init__(stage, "--services")
        self.group = {
            "provider": "apns", "team-id": self.TEAM, "key-id": self.KEY,
            "key-file": self.events("listening")[0]["apns_key"],
            "topics": f"{self.BUNDLE}.voip;{self.BUNDLE}", "endpoint": self.url,
            "ca-file": self.ca}

    def device(self, number=1, service="voip"):
        """What a phone says of itself; with VoIP a push shows a call."""
        return {"provider": "apns", "prid": f"{number:064x}",
                "param": f"{self.TEAM}.{self.BUNDLE}{'.' if service else ''}{service}"}

    def wait_push(self, number=1):
        return self.wait_pushes(1, f"/3/device/{self.device(number)['prid']}")[0]
