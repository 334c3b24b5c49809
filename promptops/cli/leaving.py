"""Fast process exit, without freeing half a million objects first."""

from __future__ import annotations

import atexit
import os
import sys


def leave_at_once(code: int) -> None:
    """End the process with this exit code, unless work remains to be done at exit.

    Returns if a thread is running, an `atexit` function is registered, a debugger or profiler is
    attached, or the code is 0 and output can't be flushed: Python then exits in its usual way.
    """
    if not _work_remains() and (_flushed() or code):
        os._exit(code & 0xFF)


def _work_remains() -> bool:
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
