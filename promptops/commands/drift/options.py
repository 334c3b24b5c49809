"""Options of `drift`."""

from __future__ import annotations

from pathlib import Path

from promptops.records import record
from promptops.testing.options import RunOptions

REPEATS = 3


@record(frozen=True, slots=True, kw_only=True)
class DriftOptions:
    """Which release is checked, and where its nights are.

    Attributes:
        release: A tag or a channel; "" for what the channel `production` serves, or the latest
            release.
        history: A file for the nights; None for git notes.
        push: Fetch the notes first, and push them at the end.
        accept: Ids of prompts whose new level is accepted; then no model is called.
        reason: Why it is accepted, or "".
        run: Its mode is `live`; its `repeats` is None for three answers to each case.
    """

    release: str = ""
    history: Path | None = None
    push: bool = False
    accept: tuple[str, ...] = ()
    reason: str = ""
    run: RunOptions
