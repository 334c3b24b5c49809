"""Runs one command, and prints what it took: wall and CPU seconds, the largest size, its exit code.

python3 timed.py COMMAND [ARGUMENT ...]. It is a process of its own, and a small one, because what
the system tells of the largest size of a process begins with the size of who started it.
"""

import os
import sys
import time

nowhere = os.open(os.devnull, os.O_RDWR)
silent = [(os.POSIX_SPAWN_DUP2, nowhere, each) for each in (0, 1, 2)]
start = time.perf_counter()
process = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, usage = os.wait4(process, 0)
wall_s = time.perf_counter() - start
cpu_s = usage.ru_utime + usage.ru_stime
print(wall_s, cpu_s, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
