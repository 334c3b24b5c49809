"""Runs `promptops`, and pytest, in forks of one process that has imported everything.

A start of Python with our imports takes half a second of processor time, a fork a few milliseconds.
What a command line does in a fork is what it does in a process of its own, but for what Python
reads when it starts: `PYTHON...` variables. Tests of processes themselves (signals, memory,
imports, start-up) start real ones.

Run as a script it is the server: it ends when its stdin does. `client_program` writes a program
for PATH that stands for `promptops`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import NoReturn

ROOT = Path(__file__).parents[1]
PATIENCE_S = 120.0
DIED = 128 + signal.SIGKILL
CLIENT = """\
#!{python} -IS
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = {{
        "program": "promptops",
        "path": [],
        "arguments": sys.argv[1:],
        "cwd": os.getcwd(),
        "environment": dict(os.environ),
    }}
    descriptors = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))
    server.sendmsg([b"?"], [descriptors])
    server.sendall(json.dumps(asked).encode("utf-8", "surrogateescape"))
    server.shutdown(socket.SHUT_WR)
    code = server.recv(1)
os._exit(code[0] if code else {died})
"""


class ForkServer:
    """A server and how to have it run a command line. To be entered and left."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "promptops.socket")
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, self.address],
            cwd=ROOT,
            env={**_without_python(os.environ), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        self._process.communicate()

    def run(
        self,
        arguments: Sequence[object],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        program: str = "promptops",
        path: Sequence[Path] = (),
        text: bytes = b"",
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program with these arguments and wait for its end.

        `path` comes first where Python looks for modules; `text` is on standard input.

        One that is killed ends with -9, whatever the signal was.
        """
        with (
            socket.socket(socket.AF_UNIX) as server,
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as out,
            tempfile.TemporaryFile() as err,
        ):
            server.settimeout(PATIENCE_S)
            server.connect(self.address)
            stdin.write(text)
            stdin.seek(0)
            texts = [str(each) for each in arguments]
            asked = {
                "program": program,
                "path": [str(each) for each in path],
                "arguments": texts,
                "cwd": str(cwd),
                "environment": dict(environment),
            }
            socket.send_fds(server, [b"?"], [stdin.fileno(), out.fileno(), err.fileno()])
            server.sendall(json.dumps(asked).encode())
            server.shutdown(socket.SHUT_WR)
            code = server.recv(1)
            out.seek(0)
            err.seek(0)
            status = code[0] if code else -signal.SIGKILL
            return subprocess.CompletedProcess(texts, status, out.read(), err.read())


@cache
def shared() -> ForkServer:
    """The one server of this process, which ends with it."""
    folder = tempfile.TemporaryDirectory()
    server = ForkServer(Path(folder.name))
    atexit.register(folder.cleanup)
    atexit.register(server.close)
    return server


def client_program(file: Path, address: str) -> None:
    """Write a program that has the server run its arguments, with its files, as `promptops`."""
    file.write_text(CLIENT.format(python=sys.executable, address=address, died=DIED))
    file.chmod(0o755)


def _without_python(environment: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environment.items() if not key.startswith("PYTHON")}


def main(address: str) -> None:
    """Serve until stdin ends."""
    _import_everything()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel clears up after forks
    os.write(1, b"ready\n")
    gc.freeze()
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _answer(client)
        client.close()


def _import_everything() -> None:
    import pytest

    import promptops

    pytest.Config  # noqa: B018  # its modules are imported when they are used

    for module in pkgutil.walk_packages(promptops.__path__, "promptops."):
        if "pytest" not in module.name:
            import_module(module.name)
    import_module("promptops.commands.lint.lint").own_code()  # a fork need not read it all again


def _answer(client: socket.socket) -> NoReturn:
    """Run one command line in this process, a fork, and report how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, descriptors, _, _ = socket.recv_fds(client, 1, 3)
    with client.makefile("rb") as whole:
        asked = json.loads(whole.read().decode("utf-8", "surrogateescape"))
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    sys.argv = [asked["program"], *asked["arguments"]]
    sys.path[:0] = asked["path"]
    client.sendall(bytes([_exit_code(PROGRAMS[asked["program"]])]))
    os._exit(0)


def _promptops() -> None:
    from promptops.cli.main import main as promptops

    promptops()


def _pytest() -> None:
    import pytest

    raise SystemExit(pytest.console_main())


def _python() -> None:
    """Run the first argument, as `python -c` does."""
    exec(sys.argv.pop(1), {"__name__": "__main__"})


PROGRAMS: Mapping[str, Callable[[], None]] = {
    "promptops": _promptops,
    "pytest": _pytest,
    "python": _python,
}


def _exit_code(program: Callable[[], None]) -> int:
    """Run `sys.argv` and what a process does at its end."""
    try:
        program()
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
    return code & 255


if __name__ == "__main__":
    main(sys.argv[1])
