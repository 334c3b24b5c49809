"""The history of one prompt by semantic changes, and the release of a channel at a given time."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from promptops.model.bump import Bump
from promptops.model.change import Change
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
