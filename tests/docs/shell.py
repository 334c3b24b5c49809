"""One shell for a page: what is typed, in order, and what is printed."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType

PATIENCE_S = 120.0
"""For one command, on a machine that does something else; none takes more than a few seconds."""

_MARK = "-- this was all of it --"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What a command did.

    Attributes:
        text: Of stdout and stderr, in the order they came.
        folder: The shell's, afterwards.
    """

    text: str
    status: int
    folder: Path


class Shell:
    """A bash that reads no start-up file; ended with all that it started when it is left."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._write("_status=0\n")

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def set(self, variables: Mapping[str, str]) -> None:
        """Set variables, as nobody types it: `$?` stays what it was."""
        words = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
        self._write(f'export {words}; (exit "$_status")\n')

    def type(self, command: str) -> Printed:
        """Type a command and wait for its end."""
        report = f'_status=$?; printf "\\n{_MARK} %s %s\\n" "$_status" "$PWD"; (exit "$_status")'
        self._write(f"{{ {command}\n}} </dev/null\n{report}\n")
        text, _, rest = self._read().rpartition(f"\n{_MARK} ")
        status, _, folder = rest.rstrip("\n").partition(" ")
        self.folder = Path(folder)
        return Printed(text=text, status=int(status), folder=self.folder)

    def _write(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        output, until = b"", monotonic() + PATIENCE_S
        descriptor = self._process.stdout.fileno()
        while not (_MARK.encode() in output and output.endswith(b"\n")):
            ready, _, _ = select.select([descriptor], [], [], max(0.0, until - monotonic()))
            piece = os.read(descriptor, 2**16) if ready else b""
            if not piece:
                why = "the shell ended" if ready else f"nothing for {PATIENCE_S:.0f} s"
                raise AssertionError(f"{why} after: {output.decode(errors='replace')}")
            output += piece
        return output.decode(errors="replace")
