"""The end of a process, without taking half a million objects apart first."""

from __future__ import annotations

import atexit
import os
import sys


def leave_at_once(code: int) -> None:
    """End the process with this exit code, unless something remains to be done at its end.

    Returns where a thread runs, a function waits for the end (`atexit`), a debugger or a profiler
    looks on, or output can't be written: Python then does and reports what it always does.
    """
    if not _something_remains() and _flushed():
        os._exit(code & 0xFF)


def _something_remains() -> bool:
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return True
    return bool(atexit._ncallbacks() or sys.gettrace() or sys.getprofile())


def _flushed() -> bool:
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True
