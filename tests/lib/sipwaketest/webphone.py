# SPDX-License-Identifier: LGPL-2.1-or-later
"""webphone: JsSIP and SIP.js, as npm has them, under node."""
import os
import subprocess
import time

from . import tap
from .process import die_with_parent

PACKAGES = ("jssip@3", "sip.js@0.21", "ws@8")


def install(folder, packages=PACKAGES):
    """Returns the folder of the modules. Without npm's registry there is no test, but a failure."""
    done = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund",
                           "--no-package-lock", "--ignore-scripts", *packages],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder,
                          timeout=120, check=False)
    assert done.returncode == 0, f"npm cannot install {packages}: {done.stderr[-400:]}"
    return os.path.join(folder, "node_modules")


def bundle(folder):
    """Makes folder/jssip.js, which a browser can load, of what npm has."""
    modules = install(folder, ("jssip@3", "esbuild@0"))
    subprocess.run([os.path.join(modules, ".bin", "esbuild"),
                    os.path.join(modules, "jssip", "lib", "JsSIP.js"), "--bundle",
                    "--global-name=JsSIP", "--log-level=error",
                    f"--outfile={os.path.join(folder, 'jssip.js')}"],
                   stdin=subprocess.DEVNULL, timeout=60, check=True)


class WebPhone:
    """What happens is read as words; `errors` holds what node complains of."""

    def __init__(self, stage, library, modules, url, user, domain, ca):
        self.name = library
        self.path = os.path.join(stage.path, f"{stage.unique(library)}.out")
        with open(self.path, "wb") as out:
            self.child = subprocess.Popen(
                ["node", tap.source_file("tests", "peers", "web-phone.mjs"), library, modules, url,
                 user, domain],
                stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT, cwd=stage.path,
                env={**os.environ, "NODE_EXTRA_CA_CERTS": ca}, start_new_session=True,
                preexec_fn=die_with_parent)
        stage.own(self)
        self.taken = 0

    def lines(self):
        with open(self.path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()

    def expect(self, word, timeout=10):
        """The next line that begins so."""
        deadline = time.monotonic() + timeout
        while True:
            lines = self.lines()
            for number in range(self.taken, len(lines)):
                if lines[number].split(" ")[0] == word:
                    self.taken = number + 1
                    return lines[number]
            assert self.child.poll() is None, f"{self.name} ended: {lines[-12:]}"
            assert time.monotonic() < deadline, \
                f"{self.name} did not say {word}: {lines[-12:]}"
            time.sleep(0.02)

    def order(self, *words):
        self.child.stdin.write((" ".join(words) + "\n").encode())
        self.child.stdin.flush()

    def close(self):
        self.child.stdin.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait(5)

    def log_lines(self):
        return [f"{self.name}: {line}" for line in self.lines()[-40:]] \
            if os.path.exists(self.path) else []
