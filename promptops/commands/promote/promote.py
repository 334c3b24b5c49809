"""Point a channel at a release."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from promptops.channels.file import refuse_uncommitted
from promptops.commands.promote.move import (
    ChannelContext,
    Saving,
    breaking_changes,
    channel_context,
    find_release,
    is_up_to_date,
    next_serial,
    save_move,
    verify_release,
)
from promptops.errors import GitError, NotFound
from promptops.model.channel import Break, Move
from promptops.model.release import Release
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.repo.repository import Repository
from promptops.suggestions import nearest_channel


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
        GitError: There is no work tree; or a commit is requested, and the file has uncommitted
            changes or git rejects the commit.
    """
    with Repository.open(directory) as repository:
        found = channel_context(repository, wanted.channel, overrides)
        _refuse_unknown(found, wanted)
        if saving.committed:
            refuse_uncommitted(repository)
        release = find_release(found, wanted.release)
        same = found.now if found.now and found.now.release == release.name else None
        checked = verify_release(directory, found, release, same.digest if same else None)
        move = _move(found, release, checked.bundle)
        if checked.refusals:
            return replace(move, refusals=checked.refusals)
        if is_up_to_date(found, release, checked.bundle):
            return move
        breaks = _breaks(directory, found, release, allowed=wanted.allow_breaking)
        if breaks and not wanted.allow_breaking:
            return replace(move, refusals=(_refusal(found, release, breaks),), breaks=breaks)
        return save_move(found, replace(move, breaks=breaks, serial=next_serial(found)), saving)


def _refuse_unknown(context: ChannelContext, wanted: PromoteOptions) -> None:
    """Raise NotFound for an unknown channel, which may be a typo, unless it is the first one."""
    known = context.file.channels
    if wanted.create or not known or context.now is not None or context.serves is not None:
        return
    create = f"promptops promote {wanted.release} {wanted.channel} --create"
    near = nearest_channel(wanted.channel, known)
    hint = f"did you mean `{near}`? To create it: {create}" if near else f"to create it: {create}"
    raise NotFound(f"there is no channel {wanted.channel!r}", hint=hint)


def _move(context: ChannelContext, release: Release, digest: str | None) -> Move:
    now, before = context.now, context.serves
    if before is not None and before.release == release.name:  # an uncommitted change is undone
        before = now or before
    return Move(
        kind="promote",
        channel=context.channel,
        before=before.release if before else None,
        serial_before=before.serial if before else None,
        release=release.name,
        bundle=digest,
        serial=now.serial if now else 0,
    )


def _breaks(
    directory: Path, context: ChannelContext, release: Release, *, allowed: bool
) -> tuple[Break, ...]:
    """The reason to refuse breaking changes; none for a new channel."""
    serves = context.serves
    if serves is None:
        return ()
    before = context.releases.get(serves.release)
    if before is None and not allowed:
        message = (
            f"`{context.channel}` serves `{serves.release}`, which this repository does not have"
        )
        hint = "`git fetch --tags`; if the tag no longer exists, --allow-breaking"
        raise GitError(message, where=str(context.repository.root), hint=hint)
    return breaking_changes(directory, before, release) if before is not None else ()


def _refusal(context: ChannelContext, release: Release, breaks: tuple[Break, ...]) -> str:
    assert context.serves is not None
    number = counted(len(breaks), "change")
    return f"`{release.name}` breaks callers of `{context.serves.release}` by {number}"
