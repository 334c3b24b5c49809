"""The result of pointing a channel at another release."""

from __future__ import annotations

from typing import Literal

from promptops.model.change import Change
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class Break:
    """A change that breaks callers of a prompt or consumers of its output."""

    prompt: str
    change: Change


@record(frozen=True, slots=True, kw_only=True)
class Move:
    """The change of a channel, or why there was none.

    Attributes:
        before, serial_before: The previous release; None for a new channel.
        bundle: SHA-256, in hexadecimal, of the release's bundle; None if it can't be built.
        serial: After the change; without one, the current serial.
        changed: Whether `channels.yaml` was written.
        commit: Id of the commit with the change, or None.
        refusals: Why nothing was done; empty if it was, or was not needed.
        breaks: Breaking changes for callers of the previous release; None if unknown.
        unsigned: A rollback to a release without its required signature.
        skipped: Releases that a rollback passed over, because they were rolled back before.
        notes: Problems for readers; an interrupted change that was undone.
        following: The next commands, in order.
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
