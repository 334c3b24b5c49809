"""What the commands about history return: `log`, `blame` and `bisect`."""

from __future__ import annotations

import shlex
from datetime import datetime
from math import inf
from typing import Literal

from promptops.model.change import Change
from promptops.model.version import Bump
from promptops.records import record
from promptops.records.outputs import hidden, output, shown


@record(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """The changes of a prompt in one commit; for a merge, those that it brought onto the branch.

    Attributes:
        commit: The id of the commit; a merge represents the merged commits.
        author: Its name, as `.mailmap` has it.
        date: Of the author, in ISO 8601.
        subject: The first line of the message.
        prompt: Its id at the commit; the last id if the commit removed it.
        before: The previous id, if the commit renamed it; else None.
        state: `same` if its meaning did not change.
        bump: The required version bump, without the shift before 1.0.0.
        changes: Worst first.
        via: Paths of the changed files that the prompt uses, without its own.
        release: The name of the first release that contains the commit, or None.
    """

    commit: str
    author: str
    date: str
    subject: str
    prompt: str
    before: str | None = None
    state: Literal["added", "removed", "renamed", "changed", "unreadable", "same"] = "same"
    bump: Bump = Bump.NONE
    changes: tuple[Change, ...] = hidden(default=())
    via: tuple[str, ...] = ()
    release: str | None = None

    @shown
    def codes(self) -> tuple[str, ...]:
        """The codes of the changes, worst first, each once."""
        return tuple(dict.fromkeys(change.code for change in self.changes))


@record(frozen=True, slots=True, kw_only=True)
class Served:
    """The release that a channel served at a given time.

    Attributes:
        channel: Its name.
        time: The requested time, with a time zone.
        release: The tag; None if the channel served nothing.
        serial: The serial number of the channel then.
        commit: Since it, the channel serves the release.
        since: The time of the commit that set it, in UTC.
    """

    channel: str
    time: datetime
    release: str | None = None
    serial: int | None = None
    commit: str | None = None
    since: datetime | None = None


@output("log")
@record(frozen=True, slots=True, kw_only=True)
class PromptHistory:
    """The result of `promptops log`: the commits that changed a prompt.

    Attributes:
        prompt: Its id at the newest commit that has it; None without a prompt.
        entries: The newest first.
        shallow: The clone ends before the history does.
        served: The release of the given channel, or None.
        notes: Limits of the result, for a person.
    """

    prompt: str | None
    entries: tuple[HistoryEntry, ...] = ()
    shallow: bool = False
    served: Served | None = None
    notes: tuple[str, ...] = ()


# The commit that broke a test case.


@record(frozen=True, slots=True, kw_only=True)
class TreeVerdict:
    """The result of a case at one revision.

    Attributes:
        commit: Its id; "" for the work tree.
        verdict: `skip` if it can't be decided: there is no such prompt or case, it can't be read,
            rendered or checked, or its answer is not recorded.
        reason: The contract that fails, or why it can't be decided; "" for a good one.
    """

    commit: str = ""
    verdict: Literal["good", "bad", "skip"]
    reason: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A commit that may have broken the case.

    Attributes:
        commit: Its id.
        author: The name of its author.
        date: Of its author, in ISO 8601.
        subject: The first line of its message.
    """

    commit: str
    author: str
    date: str
    subject: str


@output("bisect")
@record(frozen=True, slots=True, kw_only=True)
class Bisection:
    """The result of `promptops bisect`.

    Attributes:
        prompt: Its id at the bad commit.
        case: The name of the case.
        suspects: The first bad commit; or several, oldest first, if commits had to be skipped.
        reason: The contract that fails there, or "".
        commits: The number of candidates: those after the good one that change a relevant file.
        steps: The number of tested commits, including skipped ones; equal content is tested once.
        skipped: Those that could not be decided.
        here: Of the work tree, if only that was tested.
    """

    prompt: str
    case: str
    suspects: tuple[Suspect, ...] = ()
    reason: str = ""
    commits: int = 0
    steps: int = 0
    skipped: tuple[TreeVerdict, ...] = ()
    here: TreeVerdict | None = None

    @shown
    def first_bad(self) -> Suspect | None:
        """The suspect, if there is one only; else None."""
        return self.suspects[0] if len(self.suspects) == 1 else None

    @shown
    def next(self) -> str | None:
        """The command that shows the changes of all suspects together; None without any."""
        if not self.suspects:
            return None
        span = f"{self.suspects[0].commit[:12]}^..{self.suspects[-1].commit[:12]}"
        return f"promptops diff {span} {shlex.quote(self.prompt)}"


# The author of each line of a rendered request.


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
