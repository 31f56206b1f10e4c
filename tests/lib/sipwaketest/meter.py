# SPDX-License-Identifier: LGPL-2.1-or-later
"""meter: what a server, all its processes taken together, costs: CPU and memory."""
import os

TICK = os.sysconf("SC_CLK_TCK")


def processes(server):
    """The pids of a Process and of all that it started, which share its session."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == server.pid:
            found.append((int(name), int(fields[11]) + int(fields[12])))
    assert found, f"{server.name} has no process"
    return found


def cpu_seconds(server):
    """User and system time, of all its processes."""
    return sum(ticks for _, ticks in processes(server)) / TICK


def stolen_seconds(cores):
    """For how long the machine's host has had these cores do something else."""
    with open("/proc/stat", encoding="ascii") as file:
        lines = [line.split() for line in file]
    return sum(int(line[8]) for line in lines if line[0] in {f"cpu{core}" for core in cores}) / TICK


def resident_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS:")).split()[1])


def pin(server, cores):
    """Keeps the server to these cores, with all its threads and those to come."""
    for pid, _ in processes(server):
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), cores)


def share_cores():
    """Which cores a server shall have, which its load: apart from each other where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    return ({cores[0]}, set(cores[1:])) if len(cores) > 1 else (set(cores), set(cores))
