"""Percentages and points that were written as shares: 0.98 for 98%."""

from __future__ import annotations

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
