"""Verify that a trusted signer signed a bundle."""

from __future__ import annotations

import os
import re
import stat
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import (
    InputError,
    IntegrityError,
    TransportError,
    UsageError,
    os_reason,
    refuse_windows,
)
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.loading.bundle_file import read_regular

if TYPE_CHECKING:
    import subprocess

VARIABLE = "PROMPTOPS_TRUST"
NAMESPACE = "promptops-bundle"
MAX_SIGNERS_BYTES = 1024 * 1024
MAX_SIGNATURE_BYTES = 16 * 1024
"""Less than the buffer of a pipe."""

_MADE_BY = lazy_pattern(r'^Good "[^"]*" signature with (\S+ key SHA256:[\w+/=]+)$', re.M | re.A)


@record(frozen=True, slots=True)
class Trust:
    """A trust store: the signers whose signatures are accepted.

    Attributes:
        file: The allowed signers, in the format of ssh-keygen(1).
        key: SHA-256 of the file's content, in hexadecimal.
    """

    file: Path
    key: str

    @classmethod
    def read(cls, file: Path) -> Trust:
        """Raises InputError if the file can't be read, or if every user can change it.

        Raises UsageError on Windows, where signatures can't be checked.
        """
        refuse_windows("checking a signature (`trust`)")
        try:
            others_write = file.stat().st_mode & stat.S_IWOTH
            data = read_regular(file, MAX_SIGNERS_BYTES)
        except (OSError, ValueError) as error:
            message = f"the allowed signers can't be read: {os_reason(error)}"
            raise InputError(message, where=str(file)) from None
        if len(data) > MAX_SIGNERS_BYTES:
            message = f"the allowed signers have more than {MAX_SIGNERS_BYTES} bytes"
            raise InputError(message, where=str(file))
        if others_write:
            message = "every user of this machine can change the allowed signers"
            raise InputError(message, where=str(file), hint=f"chmod o-w {file}")
        return cls(file.absolute(), sha256(data).hexdigest())


def trust_of_environment() -> Path | None:
    """The trust store that PROMPTOPS_TRUST names; None if the variable is not set.

    Raises UsageError if it is set and empty: a deployment that lost its value must not trust
    everyone.
    """
    named = os.environ.get(VARIABLE)
    if named is None:
        return None
    if not named.strip():
        hint = f"set it to a file of allowed signers, or remove it: unset {VARIABLE}"
        raise UsageError(f"`{VARIABLE}` is set, and empty", hint=hint)
    return Path(named)


@record(frozen=True, slots=True, kw_only=True)
class Signed:
    """A file and the detached signature beside it, or None."""

    data: bytes
    signature: bytes | None
    where: str


def verify(signed: Signed, trust: Trust, until: float) -> str:
    """Verify the signature and return who made it.

    Args:
        until: The deadline, on the clock of `time.monotonic`.

    Raises:
        IntegrityError: The file is not signed, or not by a trusted signer.
        InputError: Signatures can't be verified on this machine.
        TransportError: The deadline has passed.
    """
    if signed.signature is None:
        hint = (
            "sign it with `promptops build --sign`, "
            f"or load it without the trust store {trust.file.name}"
        )
        raise IntegrityError("the bundle is not signed", where=signed.where, hint=hint)
    if len(signed.signature) > MAX_SIGNATURE_BYTES:
        raise IntegrityError(
            "the bundle's signature is not an SSH signature", where=signed.where, hint=_SIGN_AGAIN
        )
    keygen = _Keygen(trust.file, signed, until)
    for principal in keygen.principals():
        if keygen.verifies(principal):
            return principal
    hint = f"it must be signed by a key in {trust.file}, for the namespace {NAMESPACE}"
    raise IntegrityError(unproven("bundle", keygen.explains()), where=signed.where, hint=hint)


_SIGN_AGAIN = "sign it again: promptops build --sign"


def unproven(what: str, output: str) -> str:
    """Why no trusted key signed `what`, from the output of ssh-keygen for the signature."""
    made_by = _MADE_BY.search(output)
    if made_by is not None:
        return f"the {what} is signed by {made_by[1]}, which is not trusted for it"
    if "incorrect signature" in output:
        return f"the {what} was changed after it was signed: the signature covers other bytes"
    if "namespace does not match" in output:
        return f"the {what}'s signature is for another purpose"
    if "parse signature" in output:
        return f"the {what}'s signature is damaged, or not an SSH signature"
    return f"the {what} is not signed by a key that is trusted for it now"


class _Keygen:
    def __init__(self, signers: Path, signed: Signed, until: float) -> None:
        self._signers = str(signers)
        self._signed = signed
        self._until = until

    def principals(self) -> list[str]:
        """The names of the signer with the key of the signature; no data is verified."""
        done = self._run("find-principals", "-f", self._signers)
        return done.stdout.decode("utf-8", "replace").splitlines() if done.returncode == 0 else []

    def verifies(self, principal: str) -> bool:
        who = ("-f", self._signers, "-I", principal)
        return self._run("verify", *who, "-n", NAMESPACE).returncode == 0

    def explains(self) -> str:
        """Which key made the signature, or what is wrong with it."""
        done = self._run("check-novalidate", "-n", NAMESPACE)
        return (done.stdout + done.stderr).decode("utf-8", "replace")

    def _run(self, question: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run ssh-keygen with the signature in a pipe, because there may be no writable disk."""
        import subprocess

        read, write = os.pipe()
        try:
            os.write(write, self._signed.signature or b"")
            os.close(write)
            return subprocess.run(
                ("ssh-keygen", "-Y", question, "-s", f"/dev/fd/{read}", *arguments),
                input=self._signed.data,
                capture_output=True,
                pass_fds=(read,),
                timeout=max(0.0, self._until - time.monotonic()),
                check=False,
            )
        except FileNotFoundError:
            hint = "install OpenSSH 8.2 or later: without it no signature can be verified"
            raise InputError("`ssh-keygen` is not installed", hint=hint) from None
        except subprocess.TimeoutExpired:
            message = "the signature could not be verified in time"
            raise TransportError(message, where=self._signed.where) from None
        finally:
            os.close(read)
