"""Which release a channel served at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from promptops.errors import NotFound, UsageError
from promptops.jobs.channels.history import history, live_at
from promptops.jobs.workspace.default_branch import published_branch
from promptops.model.history import Served
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL


def served_at(repository: Repository, channel: str, time: datetime) -> Served:
    """The release that readers of the default branch got, as of the last fetch; may be None.

    Raises NotFound for a channel that never existed.
    """
    branch = published_branch(repository) or "HEAD"
    found = live_at(repository, channel, time, branch)
    if found is None:
        _refuse_unknown(repository, channel, branch)
        return Served(channel=channel, time=time)
    step, pointer = found
    return Served(
        channel=channel,
        time=time,
        release=pointer.release,
        serial=pointer.serial,
        commit=step.commit,
        since=step.at,
    )


def time_of(text: str | None) -> datetime:
    """Parse a time in ISO 8601 with a time zone; None is now.

    Raises UsageError.
    """
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    hint = "such as 2026-01-31T03:00Z or 2026-01-31T03:00+02:00"
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a timestamp", hint=hint) from None
    if time.tzinfo is None:
        raise UsageError(f"{text!r} has no time zone", hint=hint)
    return time


def _refuse_unknown(repository: Repository, channel: str, branch: str) -> None:
    known = {name for step in history(repository, branch) for name in step.channels}
    if channel not in known:
        there = ", ".join(f"`{name}`" for name in sorted(known))
        hint = f"there are: {there}" if there else "create it: promptops promote RELEASE CHANNEL"
        hint = FETCH_ALL if repository.shallow else hint
        raise NotFound(f"there is no channel {channel!r}", hint=hint)
