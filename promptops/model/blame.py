"""Who wrote each line of a rendered request."""

from __future__ import annotations

from datetime import datetime
from math import inf

from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class BlameOptions:
    """What a command line asks about.

    Attributes:
        revision: `worktree`, `index`, or a name of git's.
        case: Name of the test case; None for the first one.
        message: Index in the request's messages; None for all of them.
        first, last: Lines, 1-based and both included: of the message, or else of all messages
            counted on; None for the last one there is.
        moved: Ask who wrote a line first, not who moved it or copied it here.
        spaces: Whether a change of white space alone counts.
    """

    revision: str = "HEAD"
    case: str | None = None
    message: int | None = None
    first: int = 1
    last: int | None = None
    moved: bool = False
    spaces: bool = True


@record(frozen=True, slots=True, kw_only=True)
class Author:
    """A commit, and who made it when.

    Attributes:
        commit: Its id.
        name: Of its author, as `.mailmap` has it.
        date: When it was written, in ISO 8601 with the author's own time zone; "" where git knows
            none that is a date.
        subject: First line of its message.
        boundary: A shallow clone ends here: an earlier commit may have written the line.
    """

    commit: str
    name: str
    date: str
    subject: str
    boundary: bool = False

    @property
    def written_at_s(self) -> float:
        """The date as seconds since 1970; of none, minus infinity."""
        return datetime.fromisoformat(self.date).timestamp() if self.date else -inf


@record(frozen=True, slots=True, kw_only=True)
class LineOrigin:
    """A line of a file, and who wrote it.

    Attributes:
        line: 1-based.
        author: None for a line that is not committed yet.
    """

    path: str
    line: int
    author: Author | None

    def is_later(self, other: LineOrigin) -> bool:
        """Written after another line was; what is not committed yet is later than what is."""
        return self._written_at_s > other._written_at_s

    @property
    def _written_at_s(self) -> float:
        return inf if self.author is None else self.author.written_at_s


@record(frozen=True, slots=True, kw_only=True)
class BlamedLine:
    """A line of a message.

    Attributes:
        message: Index in the request's messages.
        line: 1-based, in the message: those of a later text part count on.
        number: As the command line counts, see `BlameOptions.first`.
        origin: Of its first characters that stand in a file; where it is made of values alone, of
            the first expression.
        inputs: Source of the expressions whose values are in it.
        written: Some of it stands in a file, rather than all of it being values.
        also: Where other parts of it stand.
        through: The includes and calls that brought it in, the innermost first.
    """

    message: int
    line: int
    number: int
    text: str
    origin: LineOrigin
    inputs: tuple[str, ...]
    written: bool
    also: tuple[LineOrigin, ...]
    through: tuple[LineOrigin, ...]


@record(frozen=True, slots=True, kw_only=True)
class Blame:
    """A rendered request, line by line.

    Attributes:
        revision: The id of a commit, `worktree` or `index`.
        roles: From the index of each message that was asked about to who speaks in it. Of one
            without lines nothing stands in a template: it is the caller's, or media, or calls.
    """

    prompt: str
    case: str
    revision: str
    roles: dict[int, str]
    lines: tuple[BlamedLine, ...]

    @property
    def cut(self) -> bool:
        """Some line may be older than it looks, since the clone is shallow."""
        origins = (each for line in self.lines for each in (line.origin, *line.also, *line.through))
        return any(each.author is not None and each.author.boundary for each in origins)
