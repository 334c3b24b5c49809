"""The author of each line of a rendered request."""

from __future__ import annotations

from datetime import datetime
from math import inf

from promptops.records import record
from promptops.records.outputs import hidden, output


@record(frozen=True, slots=True, kw_only=True)
class BlameOptions:
    """The options of a command line.

    Attributes:
        revision: `worktree`, `index`, or a name of a git revision.
        case: Name of the test case; None for the first one.
        message: Index in the request's messages, 0-based; None for all of them.
        first, last: Lines, 1-based and inclusive: of the message, or else counted over all
            messages; None for the last one.
        moved: Find who wrote a line first, not who moved or copied it here.
        spaces: Whether a change of whitespace alone counts.
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
    """A commit, its author and its date.

    Attributes:
        commit: Its id.
        name: Of its author, as `.mailmap` has it.
        date: In ISO 8601 with the author's own time zone; "" if git has no valid date.
        subject: First line of its message.
        boundary: A shallow clone ends here: an earlier commit may have written the line.
    """

    commit: str
    name: str
    date: str = ""
    subject: str
    boundary: bool = False

    @property
    def written_at_s(self) -> float:
        """The date as seconds since 1970; of none, minus infinity."""
        return datetime.fromisoformat(self.date).timestamp() if self.date else -inf


@record(frozen=True, slots=True, kw_only=True)
class LineOrigin:
    """A line of a file, and its author.

    Attributes:
        path: Relative to the repository root.
        line: 1-based.
        author: None for a line that is not committed yet.
    """

    path: str
    line: int
    author: Author | None

    def is_later(self, other: LineOrigin) -> bool:
        """Written after another line; uncommitted lines are later than committed ones."""
        return self._written_at_s > other._written_at_s

    @property
    def _written_at_s(self) -> float:
        return inf if self.author is None else self.author.written_at_s


@record(frozen=True, slots=True, kw_only=True)
class BlamedLine:
    """A line of a message.

    Attributes:
        message: Index in the request's messages, 0-based.
        line: 1-based, in the message; the lines of a later text part continue the count.
        number: As the command line counts, see `BlameOptions.first`.
        text: What the model receives.
        origin: Of its first literal characters; if it consists of values only, of the first
            expression.
        inputs: Source of the expressions whose values are in it.
        written: Whether some of it is literal text of a file, rather than all of it values.
        also: Places of its other parts.
        through: The includes and calls through which it was inserted, innermost first.
    """

    message: int
    line: int
    number: int = hidden()
    text: str
    origin: LineOrigin
    inputs: tuple[str, ...]
    written: bool
    also: tuple[LineOrigin, ...]
    through: tuple[LineOrigin, ...]


@output("blame")
@record(frozen=True, slots=True, kw_only=True)
class Blame:
    """The result of `promptops blame`: a rendered request, line by line.

    Attributes:
        prompt: Its id.
        case: The name of the test case with the inputs.
        revision: The id of a commit, `worktree` or `index`.
        roles: From the index of each requested message to its role. A message without lines has no
            template: it is the caller's, media, or tool calls.
        lines: The requested lines, in order.
    """

    prompt: str
    case: str
    revision: str
    roles: dict[int, str]
    lines: tuple[BlamedLine, ...]

    @property
    def cut(self) -> bool:
        """Whether a line may be older than shown, because the clone is shallow."""
        origins = (
            origin for line in self.lines for origin in (line.origin, *line.also, *line.through)
        )
        return any(origin.author is not None and origin.author.boundary for origin in origins)
