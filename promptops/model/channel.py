"""What became of a channel that was to serve another release."""

from __future__ import annotations

from typing import Literal

from promptops.model.change import Change
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class Break:
    """A change that breaks what calls a prompt, or reads what it gives."""

    prompt: str
    change: Change


@record(frozen=True, slots=True, kw_only=True)
class Move:
    """What was done to a channel, or why nothing was.

    Attributes:
        before, serial_before: What it served; None for a channel that is new.
        bundle: SHA-256, in hexadecimal, of the release's bundle; None where it can't be built.
        serial: With the change made; where nothing changed, the one there is.
        changed: `channels.yaml` was written.
        commit: Id of the commit that was made of it, or None.
        refusals: Why nothing was done; empty where it was, or where nothing had to be.
        breaks: What breaks callers of the release before; None where it can't be told.
        unsigned: A rollback to a release without the signature that it should have.
        skipped: Releases that a rollback went past: they were rolled back before.
        notes: What stands in the way of readers.
        following: The commands to type now, in order.
    """

    kind: Literal["promote", "rollback"]
    channel: str
    before: str | None
    serial_before: int | None
    release: str
    bundle: str | None
    serial: int
    changed: bool = False
    commit: str | None = None
    refusals: tuple[str, ...] = ()
    breaks: tuple[Break, ...] | None = ()
    unsigned: bool = False
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    following: tuple[str, ...] = ()
