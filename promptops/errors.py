"""Errors that stop a command, each with its exit code.

They are raised where the place is known and caught once, in `cli.main`. A finding is a value and
never one of these errors.
"""

from __future__ import annotations

import sys
from typing import ClassVar

from promptops.records import record

FAILED = 1
"""The exit code for findings, failing or stale cases, and a gate that fails."""

USAGE = 2
"""The exit code for wrong usage of the command line."""

BAD_INPUT = 3
"""The exit code for a configuration or another input that can't be read at all."""

GIT = 4
"""The exit code if git failed, or the repository lacks a requested object."""

OUTAGE = 5
"""The exit code if a provider failed or a budget is spent: it is not a fault of the prompt."""

BUG = 70
"""The exit code for an internal error: a bug in promptops."""

RUNNING = 75
"""The exit code while a batch is running: EX_TEMPFAIL of sysexits.h, try again."""

INTERRUPTED = 130
"""The exit code after Ctrl-C."""


def os_reason(error: object) -> str:
    """The reason that the operating system gives, in lower case, such as `permission denied`.

    `error` is an OSError; any other error gives its own message.
    """
    return str(getattr(error, "strerror", None) or error).lower()


@record(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """The line of a file that an error refers to.

    Attributes:
        text: The line without its newline and without values that may be secrets.
        line: 1-based.
        column, end_column: 1-based, in characters, end exclusive: the span that is wrong.
    """

    text: str
    line: int
    column: int
    end_column: int


class PromptopsError(Exception):
    """An error that stops a command: cause, place and fix.

    Attributes:
        message: The cause: lower case, no full stop, names in quotes.
        where: The place, as a path or `path:line:column`, or None.
        hint: The fix, or None.
        source: The line at the place, or None.
        others: Further errors that were found together with this one, to show after it.
    """

    exit_code: ClassVar[int] = BUG

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        hint: str | None = None,
        source: SourceLine | None = None,
        others: tuple[PromptopsError, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint
        self.source = source
        self.others = others

    def __str__(self) -> str:
        """The place and the cause, then the hint on its own line, as a traceback shows it."""
        place = f"{self.where}: " if self.where else ""
        tip = f"\n  tip: {self.hint}" if self.hint else ""
        return f"{place}{self.message}{tip}"


class UsageError(PromptopsError):
    """The command line or a call names something that does not exist or is not allowed."""

    exit_code = USAGE


def refuse_windows(what: str) -> None:
    """Raise UsageError on native Windows, which lacks the system calls that something needs."""
    if sys.platform == "win32":
        hint = "on Windows, use WSL: see docs/providers.md, Platforms"
        raise UsageError(f"{what} needs Linux or macOS", hint=hint)


class InputError(PromptopsError):
    """A configuration or another input file cannot be read at all."""

    exit_code = BAD_INPUT


class GitError(PromptopsError):
    """Git failed, or the repository lacks a requested object."""

    exit_code = GIT


class NotFound(UsageError):
    """A source has no release, channel or bundle of that name; another one is never substituted."""


class IntegrityError(InputError):
    """Data of a source is damaged, replayed, unsigned, wrongly signed, or has the wrong name."""


class TransportError(PromptopsError):
    """A source could not be reached, or did not answer before the deadline.

    Attributes:
        retry_after_s: Seconds that the source asks clients to wait; 0 if it sends no time.
    """

    exit_code = OUTAGE
    retry_after_s: float = 0.0
