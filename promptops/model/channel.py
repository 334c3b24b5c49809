"""The result of pointing a channel at another release."""

from __future__ import annotations

from typing import Literal

from promptops.model.change import Change
from promptops.records import record
from promptops.records.outputs import output


@record(frozen=True, slots=True, kw_only=True)
class Break:
    """A change that breaks callers of a prompt or consumers of its output.

    Attributes:
        prompt: The id of the prompt.
        change: The breaking change.
    """

    prompt: str
    change: Change


@output("promote", version=1)
@record(frozen=True, slots=True, kw_only=True)
class Move:
    """The result of `promptops promote` and `rollback`: the change of a channel, or why none.

    Attributes:
        kind: The command.
        channel: Its name.
        before: The release that the channel served before; None for a new channel.
        serial_before: Its serial; None for a new channel.
        release: The release that it serves now, or that was refused.
        bundle_sha256: Digest of the release's bundle, in hexadecimal; None if it can't be built.
        serial: Increases with each change; without a change, the current serial, 0 if nothing was
            served.
        changed: Whether `channels.yaml` was written.
        commit: Id of the commit with the change, or None.
        refusals: Why nothing was done; empty if it was, or was not needed.
        breaks: Breaking changes for callers of the previous release; None if unknown.
        unsigned: A rollback to a release without its required signature.
        skipped: Releases that a rollback passed over, because they were rolled back before.
        notes: Problems for readers; an interrupted change that was undone.
        next: The remaining steps until applications load it, in order: commands, or sentences.
    """

    kind: Literal["promote", "rollback"]
    channel: str
    before: str | None
    serial_before: int | None
    release: str
    bundle_sha256: str | None
    serial: int
    changed: bool = False
    commit: str | None = None
    refusals: tuple[str, ...] = ()
    breaks: tuple[Break, ...] | None = ()
    unsigned: bool = False
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
