"""Point a channel back at an earlier release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from promptops.channels.file import refuse_uncommitted, unknown_channel
from promptops.channels.history import channel_history
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
from promptops.errors import NotFound, PromptopsError
from promptops.model.channel import Break, Move
from promptops.model.release import Release
from promptops.records import replace
from promptops.repo.repository import Repository
from promptops.repo.revisions import FETCH_ALL
from promptops.runtime.loading.source import Pointer


def rollback(
    directory: Path,
    channel: str,
    to: str | None,
    saving: Saving,
    overrides: Sequence[str] = (),
    *,
    allow_unsigned: bool = False,
) -> Move:
    """Change `channels.yaml`: an earlier release under a higher serial.

    Args:
        to: A release; None for the previous one in the history of the current branch. Uncommitted
            edits do not count. A second rollback goes back one more release, and never returns to a
            release that was rolled back.
        allow_unsigned: Accept a release without a signature, from before signing began. An invalid
            signature is always refused.

    Raises:
        NotFound: There is no such channel or release, or no previous release.
        InputError, GitError: As `promote`.
    """
    with Repository.open(directory) as repository:
        found = channel_context(repository, channel, overrides)
        if saving.committed:
            refuse_uncommitted(repository)
        if found.serves is None:
            raise unknown_channel(channel, found.file.channels)
        target, skipped = _target(found, found.serves, to)
        release = find_release(found, to) if to is not None else _previous_release(found, target)
        checked = verify_release(directory, found, release, target.digest)
        move = _move(found, found.serves, release, checked.bundle)
        refusals = checked.wrong if allow_unsigned else checked.refusals
        move = replace(move, unsigned=bool(checked.unsigned))
        if refusals or is_up_to_date(found, release, checked.bundle):
            return replace(move, refusals=refusals)
        move = replace(move, skipped=skipped, breaks=_breaks(directory, found, release))
        return save_move(found, replace(move, serial=next_serial(found)), saving)


def _target(
    context: ChannelContext, serves: Pointer, to: str | None
) -> tuple[Pointer, tuple[str, ...]]:
    """The release to go back to, and the rolled back releases in between."""
    served = list(_served_releases(context, serves))
    if to is not None:
        release = find_release(context, to)
        known = next((p for p in reversed(served) if p.release == release.name), None)
        return known or Pointer(release=release.name, digest=None, serial=0), ()
    *before, now = _not_rolled_back(served)
    if not before:
        hint = FETCH_ALL if context.repository.shallow else "name one: --to RELEASE"
        message = f"the history of `{context.channel}` has no earlier release"
        raise NotFound(message, hint=hint)
    names = [pointer.release for pointer in served]
    since = names[len(names) - names[::-1].index(before[-1].release) :]
    return before[-1], tuple(name for name in dict.fromkeys(since) if name != now.release)


def _previous_release(context: ChannelContext, target: Pointer) -> Release:
    """The previous release; raises NotFound if its tag was deleted."""
    if target.release not in context.releases:
        message = f"there is no release {target.release!r}, which `{context.channel}` served before"
        hint = "`git fetch --tags`; or choose another release: --to RELEASE"
        raise NotFound(message, hint=hint)
    return context.releases[target.release]


def _served_releases(context: ChannelContext, serves: Pointer) -> Iterator[Pointer]:
    """The releases that the channel served, in order."""
    steps: list[Pointer] = []
    if context.repository.find("HEAD") is not None:
        found = (step.channels.get(context.channel) for step in channel_history(context.repository))
        steps = [pointer for pointer in found if pointer is not None]
    last = None
    for pointer in (*reversed(steps), serves):
        if last is None or pointer.release != last:
            yield pointer
        last = pointer.release


def _not_rolled_back(served: list[Pointer]) -> list[Pointer]:
    """The releases that were not rolled back: serving a release again undoes those after it."""
    standing: list[Pointer] = []
    for pointer in served:
        at = next((i for i, p in enumerate(standing) if p.release == pointer.release), None)
        standing = [*standing[:at], pointer] if at is not None else [*standing, pointer]
    return standing


def _move(context: ChannelContext, serves: Pointer, release: Release, digest: str | None) -> Move:
    now = context.now or serves
    return Move(
        kind="rollback",
        channel=context.channel,
        before=serves.release,
        serial_before=serves.serial,
        release=release.name,
        bundle=digest,
        serial=now.serial,
    )


def _breaks(directory: Path, context: ChannelContext, release: Release) -> tuple[Break, ...] | None:
    """Breaking changes of the rollback, for information only."""
    serves = context.serves
    before = context.releases.get(serves.release) if serves is not None else None
    try:
        return breaking_changes(directory, before, release) if before is not None else None
    except PromptopsError:
        return None
