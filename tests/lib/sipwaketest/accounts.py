# SPDX-License-Identifier: LGPL-2.1-or-later
"""accounts: passwords that the administrator gives to the daemon."""
import os
import subprocess

from .house import House
from .tap import build_file


def give_account(house, user="alice", password=None, realm=None):
    """As the administrator does; the daemon does not run yet."""
    state = os.path.join(house.stage.path, "state")
    command = [build_file("tests", "tools", "add-account"), state, "office",
               f"sip:{user}@{house.pbx.domain}", password or f"pw{user}"]
    done = subprocess.run(command + ([realm] if realm else []), timeout=20, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def house_with_account(stage, realm="pbx.test", password=None, **more):
    house = House(stage, start=False, **more)
    give_account(house, password=password, realm=realm)
    house.start()
    return house
