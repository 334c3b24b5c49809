"""Runs git commands that may prompt for a passphrase, such as `tag --sign` and `push`.

They can prompt only on a terminal. Otherwise they get no terminal and a deadline, so that none
waits for input forever.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping

from promptops.errors import GitError
from promptops.repo.process import Git, ProcessOutput
from promptops.repo.temporary import temporary_file

SILENT = {"SSH_ASKPASS_REQUIRE": "never"}
KILLED = -signal.SIGKILL


def act(
    git: Git,
    *arguments: str,
    interactive: bool,
    deadline_s: float,
    environment: Mapping[str, str] | None = None,
) -> ProcessOutput:
    """The output of a git process.

    Args:
        interactive: Whether the command may prompt; then there is no deadline.
        environment: Variables to add to those of `git`.

    Raises:
        GitError: The deadline passed, or git can't be started.
    """
    surroundings = {**git.environment, **(environment or {})}
    surroundings |= _terminal_variables() if interactive else SILENT
    # Files instead of pipes: a process that git leaves behind, an agent, can keep pipes open.
    with temporary_file() as out, temporary_file() as err:
        try:
            process = subprocess.Popen(
                ["git", "-C", str(git.directory), *arguments],
                env=surroundings,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=not interactive,
            )
        except (OSError, ValueError) as error:
            message = f"git can't be started: {error}".lower()
            raise GitError(message, where=str(git.directory)) from None
        status = _ended(process, None if interactive else deadline_s)
        out.seek(0)
        err.seek(0)
        answer = ProcessOutput(status, out.read(), err.read())
    if status == KILLED and not interactive:
        message = f"`git {arguments[0]}` was stopped after {deadline_s:g} s"
        hint = "a passphrase or password prompt needs a terminal or an agent"
        raise GitError(message, where=str(git.directory), hint=hint)
    return answer


def _terminal_variables() -> dict[str, str]:
    terminal = {"GIT_TERMINAL_PROMPT": "1"}
    if "GPG_TTY" not in os.environ and sys.stdin is not None and sys.stdin.isatty():
        terminal["GPG_TTY"] = os.ttyname(sys.stdin.fileno())
    return terminal


def _ended(process: subprocess.Popen[bytes], deadline_s: float | None) -> int:
    """The exit status; after the deadline, the process and its children are killed."""
    try:
        return process.wait(deadline_s)
    except BaseException as error:
        _kill(process, whole_session=deadline_s is not None)
        if isinstance(error, subprocess.TimeoutExpired):
            return process.wait()
        raise


def _kill(process: subprocess.Popen[bytes], *, whole_session: bool) -> None:
    if whole_session:
        os.killpg(process.pid, signal.SIGKILL)
    else:  # an interactive process shares our session and its signals
        process.terminate()
    process.wait()
