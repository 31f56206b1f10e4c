# SPDX-License-Identifier: LGPL-2.1-or-later
"""browser: a page of the test's own, and Debian's Chromium that opens it."""
import functools
import http.server
import os
import shutil
import threading
import time

from . import tap
from .process import Process

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--use-fake-ui-for-media-stream",
         "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required")
# The only strangers that it meets are the daemon, whose authority it does not know.
AT_HOME = ("--ignore-certificate-errors", "--allow-loopback-in-peer-connection",
           "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.*")


def run(main):
    """A browser is much to install and to start: these tests are for the long mode alone."""
    if os.environ.get("SIPWAKE_TEST_LONG"):
        main()
    else:
        print("1..0 # SKIP a browser runs in the long mode only")


class Handler(http.server.SimpleHTTPRequestHandler):
    """The page, what it imports, and an ear for what it says."""

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.server.lines.append(self.rfile.read(size).decode("utf-8", "replace"))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words):
        pass


class Page:
    """Serves `folder`, where the page is put, at 127.0.0.1."""

    def __init__(self, stage, folder, name="web-page.html"):
        shutil.copy(tap.source_file("tests", "peers", name), os.path.join(folder, "index.html"))
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.server.lines = []
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        stage.own(self)

    def expect(self, line, timeout=20):
        """It said so, or will."""
        deadline = time.monotonic() + timeout
        while line not in self.server.lines:
            assert time.monotonic() < deadline, f"no {line!r} in {self.server.lines}"
            time.sleep(0.02)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Chromium(Process):
    """Opens one page."""

    def __init__(self, stage, url):
        home = os.path.join(stage.path, stage.unique("chromium-home"))
        os.makedirs(home)
        super().__init__(stage, "chromium", ["chromium", *FLAGS, *AT_HOME,
                                             f"--user-data-dir={home}", url],
                         env={"HOME": home})
        stage.own(self)
