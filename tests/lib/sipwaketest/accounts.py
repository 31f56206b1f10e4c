# SPDX-License-Identifier: LGPL-2.1-or-later
"""accounts: passwords that the administrator gives to the daemon."""
import subprocess

from .house import House
from .tap import build_file


def give_accounts(house, passwords, realm=None):
    """As the administrator does, passwords by user; the daemon does not run yet."""
    command = [build_file("tests", "tools", "add-account"), house.groups["daemon"]["state-dir"],
               "office", realm or ""]
    for user, password in passwords.items():
        command += [f"sip:{user}@{house.pbx.domain}", password]
    done = subprocess.run(command, timeout=60, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def give_account(house, user="alice", password=None, realm=None):
    give_accounts(house, {user: password or f"pw{user}"}, realm)


def house_with_account(stage, realm="pbx.test", password=None, **more):
    house = House(stage, start=False, **more)
    give_account(house, password=password, realm=realm)
    house.start()
    return house
