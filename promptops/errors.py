"""What can go wrong, each with the exit code that says so.

A finding is a value and never one of these. These are for what stops a command: they are raised
where the place is known and caught once, in `cli.main`.
"""

from __future__ import annotations

from typing import ClassVar

from promptops.records import record

BUG = 70
"""The exit code after an error inside promptops: a bug of ours."""


@record(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """The line of a file that an error is about.

    Attributes:
        text: Without its newline, and without values that may be secrets.
        line: 1-based.
        column, end_column: 1-based, in characters: of the first character that is wrong, and of
            the one after the last.
    """

    text: str
    line: int
    column: int
    end_column: int


class PromptopsError(Exception):
    """Cause, place and fix of something that stops a command.

    Attributes:
        message: The cause: lower case, no full stop, the thing in quotes.
        where: The place, as a path or `path:line:column`, or None.
        hint: What to do, or None.
        source: The line at the place, or None.
        others: Further errors that were found together with this one, to be shown after it.
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
        """The place and the cause, and the hint on a line of its own: what a traceback shows."""
        place = f"{self.where}: " if self.where else ""
        tip = f"\n  tip: {self.hint}" if self.hint else ""
        return f"{place}{self.message}{tip}"


class UsageError(PromptopsError):
    """The command line asks for what does not exist."""

    exit_code = 2


class InputError(PromptopsError):
    """A configuration or a file that can't be read at all."""

    exit_code = 3


class GitError(PromptopsError):
    """Git refused, or the repository lacks what was asked of it."""

    exit_code = 4


class NotFound(UsageError):
    """A source has no release, channel or bundle of that name; never replaced by another one."""


class IntegrityError(InputError):
    """What a source gave is damaged, replayed, unsigned, wrongly signed, or of another name."""


class TransportError(PromptopsError):
    """A source could not be reached, or did not answer in time.

    Attributes:
        retry_after_s: How long the source wants to be left alone; 0 where it does not say.
    """

    exit_code = 5
    retry_after_s: float = 0.0
