"""The result of verifying a release or a bundle file."""

from __future__ import annotations

from typing import Literal

from promptops.records import record

State = Literal["passed", "failed", "absent"]
Subject = Literal["name", "content", "bundle", "tag", "signature"]
UNSIGNED = "unsigned"
"""The message of the signature check for a tag without a signature, if none is required."""


@record(frozen=True, slots=True, kw_only=True)
class VerificationStep:
    """One check of the verification.

    Attributes:
        state: `absent` if there is nothing to compare with, which is not a failure.
        hint: The fix if it failed, or "".
    """

    subject: Subject
    state: State
    message: str
    hint: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Verification:
    """All checks and their results.

    Attributes:
        target: As given on the command line.
        release: Name of the tag; None for a bundle that is not of a release.
        commit: Id of the commit; "" if the file can't be read.
        content, bundle: The actual SHA-256, in hexadecimal; None if unknown.
        signer: The trusted signer; None without a trusted signature.
    """

    target: str
    kind: Literal["tag", "file"]
    release: str | None
    commit: str
    content: str | None
    bundle: str | None
    signer: str | None
    checks: tuple[VerificationStep, ...]

    @property
    def proven(self) -> bool:
        """Whether a signature or a release record confirms it, rather than its own digest alone."""
        vouching = [check for check in self.checks if check.subject in ("name", "tag", "signature")]
        return self.passed and any(check.state == "passed" for check in vouching)

    @property
    def passed(self) -> bool:
        """Whether no check failed; `absent` is not a failure."""
        return all(check.state != "failed" for check in self.checks)
