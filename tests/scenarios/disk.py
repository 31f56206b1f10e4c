#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""disk: the state's disk fails and turns read-only while phones sleep; this is no end either."""
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
from sipwaketest.house import OFFER, House
from sipwaketest.tap import main, test

# In a plain chroot "/" is no mount and cannot be made private.
MOUNT = """\
mount --make-rprivate / 2> /dev/null
mount -o loop "$0" "$1" && chmod 700 "$1" && shift && exec "$@\""""


def missing():
    """What this machine lacks for a disk of our own, or None."""
    if os.geteuid():
        return "the right to mount"
    for tool in ("unshare", "nsenter", "mkfs.ext4"):
        if not shutil.which(tool):
            return tool
    probe = subprocess.run(["losetup", "--find"], check=False, capture_output=True)
    return "a loop device" if probe.returncode else None


def own_disk(image, place):
    """The command that runs another where `place` is a disk of its own."""
    with open(image, "wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], timeout=20, check=True)
    return ["unshare", "-m", "--propagation", "unchanged", "sh", "-c", MOUNT, image, place]


def unmount(place):
    """Takes away what others saw of the disk, if they did."""
    subprocess.run(["umount", "--lazy", place], timeout=20, check=False, capture_output=True)


def turn_read_only(house, place):
    """As the kernel does on a bad block: files that are open for writing are so no longer."""
    subprocess.run(["nsenter", "-t", str(house.daemon.pid), "-m", "-r", "mount", "-o",
                    "remount,abort", place], timeout=20, check=False, capture_output=True)


@test
def a_disk_that_turns_read_only_stops_new_phones_only(stage):
    house = House(stage, start=False)
    state = house.groups["daemon"]["state-dir"]
    house.start(under=own_disk(os.path.join(stage.path, "disk"), state))
    try:
        check_read_only(house, state)
    finally:
        unmount(state)


def check_read_only(house, state):
    phone = house.sleeper()
    turn_read_only(house, state)
    stranger = house.phone("bob")
    assert stranger.register().status == 500
    house.daemon.wait_log("nothing can be stored")
    call = house.pbx.call("alice", OFFER)
    call.expect(180)
    house.wake(phone)
    house.finish(call, house.connect(call, phone))
    assert phone.register().status == 200
    assert stranger.register().status == 500, "it is not told that it is kept"
    house.assert_settled(phone)


if __name__ == "__main__":
    lacking = missing()
    if lacking:
        print(f"1..0 # SKIP {lacking} is missing")
    else:
        main()
