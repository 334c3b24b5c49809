"""The result of verifying a release or a bundle file."""

from __future__ import annotations

from typing import Literal

from promptops.records import record
from promptops.records.outputs import output, shown

State = Literal["passed", "failed", "absent"]
Subject = Literal["name", "content", "bundle", "tag", "signature"]
UNSIGNED = "unsigned"
"""The message of the signature check for a tag without a signature, if none is required."""


@record(frozen=True, slots=True, kw_only=True)
class VerificationStep:
    """One check of the verification.

    Attributes:
        subject: What is checked. `name`: the tag object and the ref have the same name; `content`
            and `bundle`: the digests; `tag`: a file belongs to its release; `signature`: a trusted
            signer.
        state: `absent` if there is nothing to compare with, which is not a failure.
        message: A sentence for people.
        hint: The fix if it failed, or "".
    """

    subject: Subject
    state: State
    message: str
    hint: str = ""


@output("verify", version=1)
@record(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of `promptops verify`: all checks.

    Attributes:
        target: As given on the command line.
        kind: `tag`: a release in a repository; `file`: the file of a bundle.
        release: Name of the tag; None for a bundle that is not of a release.
        commit: Id of the commit; None if the file can't be read.
        content_sha256: The actual digest of the paths and contents of all files from which the
            prompts are built, in hexadecimal; None if unknown.
        bundle_sha256: The actual digest of the bundle, in hexadecimal; None if unknown.
        signer: The trusted signer; None without a trusted signature.
        checks: In the order in which they were made.
    """

    target: str
    kind: Literal["tag", "file"]
    release: str | None
    commit: str | None
    content_sha256: str | None
    bundle_sha256: str | None
    signer: str | None
    checks: tuple[VerificationStep, ...]

    @property
    def proven(self) -> bool:
        """Whether a signature or a release record confirms it, rather than its own digest alone."""
        vouching = [check for check in self.checks if check.subject in ("name", "tag", "signature")]
        return self.passed and any(check.state == "passed" for check in vouching)

    @shown
    def passed(self) -> bool:
        """Whether no check failed; `absent` is not a failure."""
        return all(check.state != "failed" for check in self.checks)
