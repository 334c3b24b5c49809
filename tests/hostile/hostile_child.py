"""Runs every command over one repository in this process, under a limit of memory.

Prints as JSON, for each, its exit code and processor seconds, and how much memory all needed.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from contextlib import redirect_stderr, redirect_stdout

COMMANDS = (
    ("lint", "--no-cache"),
    ("lint", "--staged"),
    ("check", "--no-cache"),
    ("list",),
    ("render", "bad"),
    ("render", "bad", "--resolved"),
)


def main() -> None:
    from promptops.cli.main import run
    from promptops.lint.registry import built_in

    built_in()
    before = _peak_mb()
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
    ended = [_ended(run, arguments) for arguments in COMMANDS]
    json.dump({"ended": ended, "grown_mb": _peak_mb() - before}, sys.stdout)


def _ended(run: object, arguments: tuple[str, ...]) -> dict[str, object]:
    started = sum(os.times()[:4])
    shown = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(shown), redirect_stderr(shown):
        code = run(list(arguments))  # type: ignore[operator]
    shown.flush()
    said = shown.buffer.getvalue().decode()  # type: ignore[attr-defined]
    told = [line[:300] for line in said.splitlines() if "bug in" in line or "Traceback" in line]
    return {"code": code, "cpu_s": sum(os.times()[:4]) - started, "told": told}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
