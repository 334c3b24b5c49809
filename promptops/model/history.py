"""The history of one prompt by semantic changes, and what a channel served at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from promptops.model.bump import Bump
from promptops.model.change import Change
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """What a commit made of the prompt; of a merge, what it brought onto the branch.

    Attributes:
        date: Of the author, in ISO 8601.
        prompt: Its id there; where the commit removed it, the one it had.
        before: The id it had before, where that is another one; else None.
        state: `same` where nothing of its meaning changed.
        changes: Worst first.
        via: Paths of the files, other than its own, that a change came through.
        release: The name of the first release that holds the commit; None before there is one.
    """

    commit: str
    author: str
    date: str
    subject: str
    prompt: str
    before: str | None = None
    state: Literal["added", "removed", "renamed", "changed", "unreadable", "same"] = "same"
    bump: Bump = Bump.NONE
    changes: tuple[Change, ...] = ()
    via: tuple[str, ...] = ()
    release: str | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """Of the changes, worst first, each once."""
        return tuple(dict.fromkeys(change.code for change in self.changes))


@record(frozen=True, slots=True, kw_only=True)
class Served:
    """What a channel served at a time.

    Attributes:
        time: Has a time zone.
        release: None where the channel served nothing.
        since: When the commit was made since which it did, in UTC.
    """

    channel: str
    time: datetime
    release: str | None = None
    serial: int | None = None
    commit: str | None = None
    since: datetime | None = None


@record(frozen=True, slots=True, kw_only=True)
class PromptHistory:
    """The commits that changed a prompt, the newest first.

    Attributes:
        prompt: Its id at the newest commit that has it; None where no prompt was asked about.
        shallow: The clone ends before the history does.
        served: What the channel served that was asked about.
        notes: What a person must know of how it was found.
    """

    prompt: str | None
    entries: tuple[HistoryEntry, ...] = ()
    shallow: bool = False
    served: Served | None = None
    notes: tuple[str, ...] = ()
