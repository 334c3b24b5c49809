"""Limits in percent and in points: those meant as shares, and those that are never crossed."""

from __future__ import annotations

from math import inf
from typing import Literal

Side = Literal["below", "above"]
"""The values that a limit is crossed by."""

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


def limit_of_percent(name: str, written: float, side: Side) -> tuple[str, str] | None:
    """The message and the fix for a limit that every or no percentage crosses; None for others."""
    if side == "below":
        return _refused(name, written, 0 < written <= 100, "over 0 and at most 100")
    return _refused(name, written, 0 <= written < 100, "from 0 to less than 100")


def limit_of_amount(name: str, written: float, side: Side) -> tuple[str, str] | None:
    """The same for a limit of seconds or USD."""
    if side == "below":
        return _refused(name, written, 0 < written < inf, "over 0")
    return _refused(name, written, 0 <= written < inf, "of at least 0")


def _refused(name: str, written: float, is_useful: bool, span: str) -> tuple[str, str] | None:
    return None if is_useful else (f"{name} can't be {written:g}", f"write a number {span}")
