"""What a command costs with all processes that come from it."""

import os
import subprocess
import threading
import time

LOOK_SECONDS = 0.02


def family(first):
    """A process and all that come from it."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    parents.setdefault(int(stat.read().rsplit(")", 1)[1].split()[1]), []).append(
                        int(name))
            except (OSError, IndexError):
                pass
    found, left = [], [first]
    while left:
        one = left.pop()
        found.append(one)
        left += parents.get(one, [])
    return found


def used(processes):
    """Their memory in bytes."""
    total = 0
    for process in processes:
        try:
            with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as lines:
                total += sum(
                    int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
        except (OSError, ValueError):
            pass
    return total


def measured(command, environment):
    """What a command says, its status, seconds and the most memory."""
    begun = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        most, done = [0], threading.Event()
        def watch():
            while not done.is_set():
                most[0] = max(most[0], used(family(process.pid)))
                done.wait(LOOK_SECONDS)
        watcher = threading.Thread(target=watch)
        watcher.start()
        said, complaint = process.communicate()
        done.set()
        watcher.join()
    return said, complaint, process.returncode, time.monotonic() - begun, most[0]
