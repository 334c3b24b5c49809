"""Limits in percent and in points: those meant as shares, and those that are never crossed."""

from __future__ import annotations

from math import inf

SMALLEST_MARGIN = 0.5
"""In percentage points: no suite has so many cases that a smaller loss could be noticed."""


def share_as_percent(name: str, written: float) -> tuple[str, str] | None:
    """The message and the fix for a percentage that looks like a share; None for any other."""
    if not 0 < written < 1:
        return None
    return f"{name} is in percent: {written:g} is {written:g}%", f"write {100 * written:g}"


def share_as_margin(name: str, written: float) -> tuple[str, str] | None:
    """The same for an accepted loss in percentage points."""
    if not 0 < written < SMALLEST_MARGIN:
        return None
    message = f"{name} is in percentage points: {written:g} is {written:g} points"
    return message, f"write {100 * written:g}, or at least {SMALLEST_MARGIN:g}"


def limit_of_percent(name: str, written: float) -> tuple[str, str] | None:
    """The message and the fix for a limit that no percentage can cross; None for any other."""
    return _limit_within(name, written, 100)


def limit_of_amount(name: str, written: float) -> tuple[str, str] | None:
    """The same for a limit of seconds or USD."""
    return _limit_within(name, written, inf)


def _limit_within(name: str, written: float, highest: float) -> tuple[str, str] | None:
    if 0 <= written <= highest:
        return None
    span = "from 0 to 100" if highest < inf else "at least 0"
    hint = f"the metric is {span}: an alert there would be raised always or never"
    return f"{name} can't be {written:g}", hint
