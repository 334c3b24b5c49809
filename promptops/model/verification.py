"""Whether a release, or the file of a bundle, is what it says it is."""

from __future__ import annotations

from typing import Literal

from promptops.records import record

State = Literal["passed", "failed", "absent"]
Subject = Literal["name", "content", "bundle", "tag", "signature"]
UNSIGNED = "unsigned"
"""What the check of a signature says where there is none, and none has to be."""


@record(frozen=True, slots=True, kw_only=True)
class VerificationStep:
    """One thing that was looked at.

    Attributes:
        state: `absent` where there is nothing to hold it against, which refuses nothing.
        hint: The way out of what failed, or "".
    """

    subject: Subject
    state: State
    message: str
    hint: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Verification:
    """All that was looked at, whatever it came to.

    Attributes:
        target: As it was asked for.
        release: Name of the tag; None for a bundle of no release.
        commit: Id of the commit; "" where the file can't be read.
        content, bundle: SHA-256 in hexadecimal, as they are; None where they can't be told.
        signer: Who signed it, of those who are trusted; None where nobody is known to have.
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
        """It is more than whole: something beside it says that it is what it should be."""
        vouching = [each for each in self.checks if each.subject in ("name", "tag", "signature")]
        return self.passed and any(each.state == "passed" for each in vouching)

    @property
    def passed(self) -> bool:
        return all(check.state != "failed" for check in self.checks)
