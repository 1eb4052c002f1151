"""Asks psutil about every process of a recorded Mac: `recordings.py MOUNT RECORDING`. Prints the
answers about process 500, and which processes are zombies; ends with what could not be read."""
import json
import sys
import warnings

import psutil

# All that psutil takes from files; `nice` and others are calls about this machine's processes.
OF_A_PROCESS = """name cmdline exe environ status ppid uids gids terminal num_threads cpu_times memory_info
    memory_full_info memory_maps num_fds open_files num_ctx_switches create_time username cpu_num
    is_running""".split()
OF_THE_MACHINE = "pids virtual_memory swap_memory cpu_times cpu_count cpu_freq boot_time getloadavg cpu_stats".split()

warnings.simplefilter("error")  # psutil warns of a file that it misses
psutil.PROCFS_PATH = sys.argv[1]
failed = []
with open(sys.argv[2]) as file:
    processes = json.load(file)["processes"]
# By XNU's `SZOMB`.
zombies = [it["pid"] for it in processes if it["answers"]["short_info"]["ok"]["status"] == 5]


def ask(what, ask, pid=None):
    try:
        return ask()
    except Exception as error:
        # The answer of psutil 7 about what a zombie has no more; psutil 5 answers with nothing.
        if pid not in zombies or not isinstance(error, psutil.ZombieProcess):
            failed.append(f"{what}: {error!r}")


for pid in psutil.pids():
    # A link to what is not told has no text: psutil takes that for a zombie.
    for name in OF_A_PROCESS + ["cwd"] * (pid == 500):
        answer = ask(f"{name} of {pid}", lambda: getattr(psutil.Process(pid), name)(), pid)
        if pid == 500:
            print(name, "=", answer)
print("zombies =", [pid for pid in zombies if psutil.Process(pid).status() == "zombie"])
for name in OF_THE_MACHINE:
    print(name, "=", ask(name, getattr(psutil, name)))
for connection in ask("connections", lambda: psutil.net_connections("all")) or []:
    print("connection =", connection.laddr, connection.raddr, connection.status, connection.pid)
print("nics =", sorted(ask("nics", lambda: psutil.net_io_counters(pernic=True))))
if failed:
    sys.exit("\n".join(failed))
