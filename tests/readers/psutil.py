"""Asks psutil about processes, of one procfs and of another: `psutil.py KERNELS OURS PID…`.

Each question is asked of the kernel's, of ours, and of the kernel's again: where the first answer
and the last are the same, the one between must be, too. Prints what was compared, and what differs.
"""

import os
import sys
import time
import warnings

import psutil

# What psutil takes from files that the mount has.
OF_A_PROCESS = """name cmdline exe cwd environ status ppid uids gids terminal nice num_threads
    cpu_times memory_info memory_full_info memory_maps num_fds open_files num_ctx_switches create_time
    username cpu_num is_running threads io_counters connections""".split()
OF_THE_MACHINE = "pids virtual_memory swap_memory cpu_times boot_time disk_partitions".split()

warnings.simplefilter("error", RuntimeWarning)  # psutil warns of a file that it misses
warnings.simplefilter("ignore", DeprecationWarning)  # psutil 6 renames `connections`
kernels, ours = sys.argv[1:3]
different = []


def told(ask):
    try:
        return repr(ask())
    except (psutil.Error, OSError) as error:
        return repr(error)


def of(procfs, ask):
    psutil.PROCFS_PATH = procfs
    psutil._pslinux.BOOT_TIME = None  # what it remembers of the other one
    return ask()


def compare(what, ask):
    """They are the same where the kernel's answer does not change meanwhile."""
    # Who begins and ends meanwhile shares libraries, takes memory and gives it back, or connects.
    may_return = what.startswith(
        ("memory_maps", "memory_full_info", "virtual_memory", "swap_memory", "as_dict", "net_")
    )
    since = time.monotonic()
    before, answer, after = (of(procfs, ask) for procfs in (kernels, ours, kernels))
    while before != after or may_return and answer != before:
        if time.monotonic() - since > 20:
            different.append(f"{what}: always another answer")
            break
        before, answer, after = after, of(ours, ask), of(kernels, ask)
    print(what, "=" if answer == before else "!", answer)
    if answer != before:
        different.append(f"{what}:\n  the kernel's {before}\n  ours         {answer}")


def of_process(pid, name):
    return lambda: told(lambda: getattr(psutil.Process(pid), name)())


def pids(processes):
    return [process.pid for process in processes]


for pid in map(int, sys.argv[3:]):
    for name in OF_A_PROCESS:
        compare(name, of_process(pid, name))
    each = lambda: told(lambda: psutil.Process(pid).memory_maps(grouped=False))
    compare("memory_maps of each region", each)
    compare("as_dict", lambda: told(lambda: psutil.Process(pid).as_dict()))
    compare("parents", lambda: told(lambda: pids(psutil.Process(pid).parents())))
compare("children", lambda: told(lambda: pids(psutil.Process(1).children(recursive=True))))

for name in OF_THE_MACHINE:
    compare(name, lambda: told(getattr(psutil, name)))
compare("disk_partitions of all", lambda: told(lambda: psutil.disk_partitions(all=True)))
for kind in "all", "tcp4", "tcp6", "udp4", "udp6", "unix":
    each = lambda: told(lambda: sorted(map(repr, psutil.net_connections(kind))))
    compare(f"net_connections of {kind}", each)
compare("disk_io_counters", lambda: told(lambda: sorted(psutil.disk_io_counters(perdisk=True))))
compare("net_io_counters", lambda: told(lambda: sorted(psutil.net_io_counters(pernic=True))))
for logical in (True, False):
    compare("cpu_count", lambda: told(lambda: psutil.cpu_count(logical)))
compare("cpu_times of each", lambda: told(lambda: psutil.cpu_times(percpu=True)))
compare("getloadavg", lambda: told(psutil.getloadavg))
compare(
    "process_iter",
    lambda: told(lambda: [
        each.info for each in psutil.process_iter(["pid", "ppid", "name", "username", "cmdline", "exe"])
    ]),
)
# Interrupts and switches are counted meanwhile.
counts = [of(procfs, psutil.cpu_stats) for procfs in (kernels, ours, kernels)]
if not all(a <= b <= c for a, b, c in zip(*counts)):
    different.append(f"cpu_stats: {counts}")

if different:
    sys.exit("\n".join(different))
