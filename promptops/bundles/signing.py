"""A detached signature of a bundle, made with the key that git signs with."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from promptops.errors import GitError, UsageError, os_reason
from promptops.repo.process import Git, decode
from promptops.repo.temporary import temporary_folder
from promptops.runtime.loading.trust import NAMESPACE

DEADLINE_S = 60.0
"""Long enough for a hardware key that must be touched."""

_HOW = "git config gpg.format ssh; git config user.signingkey ~/.ssh/id_ed25519.pub"
_SILENT = {"SSH_ASKPASS_REQUIRE": "never", "GIT_TERMINAL_PROMPT": "0"}


def signature_of(data: bytes, git: Git) -> bytes:
    """The signature in the format of `ssh-keygen -Y verify`; never prompts for a passphrase.

    Raises:
        UsageError: Git is not set up to sign with an SSH key.
        GitError: The key can't be used.
    """
    key = _key(git)
    with temporary_folder() as folder, _key_file(key, Path(folder)) as options:
        file = Path(folder, "bundle")
        file.write_bytes(data)
        _run([_program(git), "-Y", "sign", "-n", NAMESPACE, *options, str(file)], git)
        try:
            return Path(folder, "bundle.sig").read_bytes()
        except FileNotFoundError:
            raise GitError("the bundle was not signed", hint=_HOW) from None


def _key(git: Git) -> str:
    key = _setting(git, "user.signingkey")
    if _setting(git, "gpg.format") != "ssh" or not key:
        raise UsageError("there is no SSH key to sign with", hint=_HOW)
    return key


def _program(git: Git) -> str:
    """The program that git signs with; it may be that of a password manager."""
    return _setting(git, "gpg.ssh.program") or "ssh-keygen"


def _setting(git: Git, name: str) -> str:
    kind = ("--type=path",) if name == "gpg.ssh.program" else ()
    return decode(git.ask("config", *kind, "--get", name).stdout).removesuffix("\n")


@contextmanager
def _key_file(key: str, folder: Path) -> Iterator[list[str]]:
    """Arguments for the key: a file, or a public key whose private key an agent has."""
    if key.startswith(("key::", "ssh-", "ecdsa-", "sk-")):
        file = folder / "key.pub"
        file.write_text(f"{key.removeprefix('key::')}\n", encoding="utf-8")
        yield ["-U", "-f", str(file)]
    else:
        yield ["-f", os.path.expanduser(key)]


def _run(command: list[str], git: Git) -> None:
    """Run in a new session, so that no program finds a terminal to prompt on."""
    try:
        process = subprocess.Popen(
            command,
            cwd=git.directory,
            env={**git.environment, **_SILENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        hint = "install OpenSSH 8.2 or later"
        message = f"`{command[0]}` can't be started: {os_reason(error)}"
        raise GitError(message, hint=hint) from None
    with process:
        try:
            _, stderr = process.communicate(timeout=DEADLINE_S)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                hint = "it may wait for a passphrase: ssh-add"
                raise GitError(f"signing did not finish in {DEADLINE_S:g} s", hint=hint) from None
            raise
    if process.returncode:
        lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
        message = next(filter(None, reversed(lines)), f"status {process.returncode}")
        hint = "a key with a passphrase must be in an agent: ssh-add"
        raise GitError(f"the bundle can't be signed: {message}", hint=hint)
