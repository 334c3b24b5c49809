"""Runs git: one process per query, arguments as a list, never a shell.

Uses `os.posix_spawn`, because `subprocess` costs a hook 8 ms more.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import GitError, os_reason
from promptops.records import field, record

if TYPE_CHECKING:
    from threading import Thread

ALWAYS = {
    "LC_ALL": "C",  # messages are parsed
    "LANGUAGE": "",
    "GIT_OPTIONAL_LOCKS": "0",  # a reader must not write the index
    "GIT_LITERAL_PATHSPECS": "1",  # a path called `:(exclude)x` is a path
    "GIT_NO_LAZY_FETCH": "1",  # a partial clone must not use the network
    "GIT_NO_REPLACE_OBJECTS": "1",  # the content of a replaced object does not match its id
    "GIT_TERMINAL_PROMPT": "0",
}
CLASHING = ("GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS")
OF_ONE_REPOSITORY = (  # git rev-parse --local-env-vars, and the quarantine of a push
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
HINTS = {
    "not a git repository": "create one here: git init",
    "dubious ownership": "if you trust it: git config --global --add safe.directory {where}",
    "cannot use bare repository": "name it, if you trust it: GIT_DIR={where} promptops …",
    "cannot change to": "name a directory that exists",
}


def inherited_environment() -> dict[str, str]:
    """The environment for the repository of a hook, with git's variables for the index."""
    environment = {name: value for name, value in os.environ.items() if name not in CLASHING}
    for name in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE"):
        if name in environment:  # git would resolve them relative to its -C
            environment[name] = os.path.abspath(environment[name])
    # Named here, too, so that the hook imports no module for a variable that is not set.
    if "PROMPTOPS_UNTRUSTED" in environment:
        environment |= _untrusted_settings(environment)
    return environment | ALWAYS


def _untrusted_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """A setting of git's command line: a bare repository inside a change is not discovered.

    Its configuration could name programs. GIT_DIR still names any repository.
    """
    from promptops.untrusted import is_untrusted

    count = environment.get("GIT_CONFIG_COUNT", "") or "0"
    if not (is_untrusted() and count.isdecimal()):  # git reports a wrong count
        return {}
    return {
        "GIT_CONFIG_COUNT": str(int(count) + 1),
        f"GIT_CONFIG_KEY_{int(count)}": "safe.bareRepository",
        f"GIT_CONFIG_VALUE_{int(count)}": "explicit",
    }


def foreign_environment() -> dict[str, str]:
    """The environment for any other repository, without the variables of a hook."""
    inherited = inherited_environment()
    return {name: value for name, value in inherited.items() if name not in OF_ONE_REPOSITORY}


@record(frozen=True, slots=True)
class ProcessOutput:
    """The output of a git process; `status` is negative if a signal ended it."""

    status: int
    stdout: bytes
    stderr: bytes


@record(frozen=True, slots=True)
class Git:
    """The git program, run in one directory with one environment.

    Names from users (a revision, a path) always follow `--end-of-options` or `--`.
    """

    directory: Path
    environment: Mapping[str, str] = field(repr=False)

    def run(self, *arguments: str) -> bytes:
        """The standard output of git; raises GitError with git's message if it fails."""
        answer = self.ask(*arguments)
        if answer.status:
            raise self.error(answer)
        return answer.stdout

    def ask(self, *arguments: str, given: bytes = b"") -> ProcessOutput:
        """For queries with a meaningful exit status; raises GitError only if git can't start.

        Args:
            given: Standard input of any length.
        """
        child_in, write = _pipe()
        out, child_out = _pipe()
        err, child_err = _pipe()
        try:
            pid = self._spawn(arguments, (child_in, child_out, child_err))
        except BaseException:
            _close(write, out, err)
            raise
        finally:
            _close(child_in, child_out, child_err)
        writer = _start_writing(write, given)
        try:
            stdout, stderr = _read_both(out, err)
        finally:
            _close(out, err)
            status = wait(pid)
            if writer is not None:
                writer.join()
        return ProcessOutput(status, stdout, stderr)

    def converse(self, *arguments: str) -> tuple[int, int, int]:
        """Start a long-lived process: its id, its input, its output. The caller waits for it."""
        child_in, write = _pipe()
        read, child_out = _pipe()
        try:
            with open(os.devnull, "wb") as nothing:
                pid = self._spawn(arguments, (child_in, child_out, nothing.fileno()))
        except BaseException:
            _close(read, write)
            raise
        finally:
            _close(child_in, child_out)
        return pid, write, read

    def error(self, answer: ProcessOutput) -> GitError:
        """An error with git's first error line, and the fix if it is known."""
        message = _complaint(answer)
        where = str(self.directory)
        hint = next((hint for known, hint in HINTS.items() if known in message), None)
        if "not a git repository" in message or "cannot change to" in message:
            hint = self._hint_at_variables() or hint
        return GitError(message, where=where, hint=hint and hint.format(where=where))

    def _hint_at_variables(self) -> str | None:
        """The hint at the variables that make git look elsewhere."""
        found = [name for name in _ELSEWHERE if name in self.environment]
        return f"correct {found[0]}, which is set, or unset {found[0]}" if found else None

    def _spawn(self, arguments: tuple[str, ...], streams: tuple[int, int, int]) -> int:
        command = ["git", "-C", str(self.directory), *arguments]
        try:
            return os.posix_spawnp(
                "git",
                command,
                self.environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)
                ],
                setsigdef=[
                    signal.SIGPIPE
                ],  # Python ignores SIGPIPE, and child processes would inherit that
            )
        except FileNotFoundError:
            hint = "install git 2.31 or later and put it on PATH"
            raise GitError("git is not installed", hint=hint) from None
        except ValueError:  # a NUL or a lone surrogate
            message = f"git can't take the argument {max(arguments, key=_oddness)!r}"
            raise GitError(message, where=str(self.directory)) from None
        except OSError as error:  # E2BIG, EACCES, ENOMEM
            message = f"git can't be started: {os_reason(error)}"
            raise GitError(message, where=str(self.directory)) from None


def wait(pid: int) -> int:
    """Wait for a process to end; returns its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def decode(output: bytes) -> str:
    """Decode names from git; bytes that are not UTF-8 become surrogates."""
    return output.decode("utf-8", "surrogateescape")


def records(output: bytes) -> list[str]:
    """Split output of `-z`."""
    return decode(output).split("\0")[:-1]


def _pipe() -> tuple[int, int]:
    """A pipe with descriptors above the standard streams, even if those are closed."""
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
    return os.pipe()


def _start_writing(stream: int, given: bytes) -> Thread | None:
    """Write all input and close the stream, in a thread if it may not fit the pipe."""
    if not given:
        _close(stream)
        return None
    from threading import Thread

    writer = Thread(target=_write, args=(stream, given), daemon=True)
    writer.start()
    return writer


def _write(stream: int, given: bytes) -> None:
    # If git ends without reading everything, its exit status shows whether it failed.
    with suppress(BrokenPipeError), os.fdopen(stream, "wb", buffering=0) as opened:
        left = memoryview(given)
        while left:
            left = left[opened.write(left) :]


def _read_both(out: int, err: int) -> tuple[bytes, bytes]:
    chunks: dict[int, list[bytes]] = {out: [], err: []}
    poll = select.poll()
    poll.register(out, select.POLLIN)
    poll.register(err, select.POLLIN)
    unfinished = 2
    while unfinished:
        for stream, _ in poll.poll():
            if chunk := os.read(stream, 1 << 18):
                chunks[stream].append(chunk)
            else:
                poll.unregister(stream)
                unfinished -= 1
    return b"".join(chunks[out]), b"".join(chunks[err])


def _close(*streams: int) -> None:
    for stream in streams:
        os.close(stream)


def _complaint(answer: ProcessOutput) -> str:
    lines = answer.stderr.decode("utf-8", "replace").splitlines()
    for prefix in ("fatal: ", "error: "):
        for line in lines:
            if line.startswith(prefix):
                return line.removeprefix(prefix)
    return lines[0] if lines else f"git ended with status {answer.status}"


def _oddness(argument: str) -> int:
    return sum(char == "\0" or "\ud800" <= char <= "\udfff" for char in argument)
