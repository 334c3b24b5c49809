"""Point a channel at a release."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from promptops.counting import counted
from promptops.errors import GitError, NotFound
from promptops.jobs.channels.file import refuse_uncommitted
from promptops.jobs.channels.move import (
    ChannelContext,
    Saving,
    broken,
    ground,
    is_said,
    meant,
    moved,
    next_serial,
    verified,
)
from promptops.model.channel import Break, Move
from promptops.model.release import Release
from promptops.nearest import did_you_mean
from promptops.records import record, replace
from promptops.repo.repository import Repository


@record(frozen=True, slots=True, kw_only=True)
class PromoteOptions:
    """Options of `promote`.

    Attributes:
        release: Name of its tag, or its version.
        allow_breaking: Promote even if it breaks callers of the current release.
        create: Allow a new channel if others exist.
    """

    release: str
    channel: str
    allow_breaking: bool = False
    create: bool = False


def promote(
    directory: Path, wanted: PromoteOptions, saving: Saving, overrides: Sequence[str] = ()
) -> Move:
    """Change `channels.yaml`, unless it is up to date or the release is refused.

    Raises:
        NotFound: There is no such release; or no such channel although others exist.
        UsageError: The name of the channel is invalid.
        InputError: `channels.yaml`, or the release, can't be read.
        GitError: There is no work tree; or the file has uncommitted changes, or git refuses the
            commit, where one was asked for.
    """
    with Repository.open(directory) as repository:
        found = ground(repository, wanted.channel, overrides)
        _refuse_unknown(found, wanted)
        if saving.committed:
            refuse_uncommitted(repository)
        release = meant(found, wanted.release)
        same = found.now if found.now and found.now.release == release.name else None
        checked = verified(directory, found, release, same.digest if same else None)
        move = _move(found, release, checked.bundle)
        if checked.refusals:
            return replace(move, refusals=checked.refusals)
        if is_said(found, release, checked.bundle):
            return move
        breaks = _breaks(directory, found, release, allowed=wanted.allow_breaking)
        if breaks and not wanted.allow_breaking:
            return replace(move, refusals=(_refusal(found, release, breaks),), breaks=breaks)
        return moved(found, replace(move, breaks=breaks, serial=next_serial(found)), saving)


def _refuse_unknown(ground: ChannelContext, wanted: PromoteOptions) -> None:
    """Raise NotFound for an unknown channel, which may be a typo, unless it is the first one."""
    known = ground.file.channels
    if wanted.create or not known or ground.now is not None or ground.serves is not None:
        return
    new = f"to create it: promptops promote {wanted.release} {wanted.channel} --create"
    near = did_you_mean(wanted.channel, known)
    hint = f"{near}; {new}" if near else new
    raise NotFound(f"there is no channel {wanted.channel!r}", hint=hint)


def _move(ground: ChannelContext, release: Release, digest: str | None) -> Move:
    now, serves = ground.now, ground.serves
    return Move(
        kind="promote",
        channel=ground.channel,
        before=serves.release if serves else None,
        serial_before=serves.serial if serves else None,
        release=release.name,
        bundle=digest,
        serial=now.serial if now else 0,
    )


def _breaks(
    directory: Path, ground: ChannelContext, release: Release, *, allowed: bool
) -> tuple[Break, ...]:
    """The reason to refuse breaking changes; none for a new channel."""
    serves = ground.serves
    if serves is None:
        return ()
    before = ground.releases.get(serves.release)
    if before is None and not allowed:
        message = (
            f"`{ground.channel}` serves `{serves.release}`, which this repository does not have"
        )
        hint = "`git fetch --tags`; if the tag no longer exists, --allow-breaking"
        raise GitError(message, where=str(ground.repository.root), hint=hint)
    return broken(directory, before, release) if before is not None else ()


def _refusal(ground: ChannelContext, release: Release, breaks: tuple[Break, ...]) -> str:
    assert ground.serves is not None
    number = counted(len(breaks), "change")
    return f"`{release.name}` breaks callers of `{ground.serves.release}` by {number}"
