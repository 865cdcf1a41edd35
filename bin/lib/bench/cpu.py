"""CPU time of processes, from /proc: what a request costs is steadier than how many a busy machine answers."""

import os

TICKS = os.sysconf("SC_CLK_TCK")


def of_process(pid):
    """Seconds that a process took itself, and those of its children that have ended."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    user, system, children_user, children_system = (int(field) for field in fields[11:15])
    return (user + system) / TICKS, (children_user + children_system) / TICKS


def of_service(pid):
    """Seconds of the service."""
    return of_process(pid)[0]


def of_postgres(postmaster):
    """Seconds of PostgreSQL: the postmaster, its processes, and those that have ended."""
    with open(f"/proc/{postmaster}/task/{postmaster}/children") as file:
        children = file.read().split()
    total = 0.0
    for child in children:
        try:
            total += of_process(child)[0]
        except (FileNotFoundError, ProcessLookupError):
            # It ended since, and is in the postmaster's.
            pass
    return total + sum(of_process(postmaster))


def peak_memory(pid):
    """The most memory that a process had resident, in MB."""
    return megabytes(pid, "VmHWM")


def memory(pid):
    """The memory that a process has resident, in MB."""
    return megabytes(pid, "VmRSS")


def megabytes(pid, name):
    with open(f"/proc/{pid}/status") as file:
        line = next(line for line in file if line.startswith(name))
    return int(line.split()[1]) / 1024
