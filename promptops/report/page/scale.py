"""Axes: from values to positions, with round numbers as ticks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from math import ceil, floor, log10

from promptops.records import record

_STEPS = (1, 2, 5)
_TICKS = 6  # about


@record(frozen=True, slots=True, kw_only=True)
class Scale:
    """An axis.

    Attributes:
        low, high: The values at both ends.
        start, end: The positions of both ends; the axis may run in either direction.
        is_log: Positions are proportional to logarithms of values.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """The position of a value, to a tenth; values beyond an end are at that end."""
        inside = min(max(value, self.low), self.high)
        if self.is_log:
            share = log10(inside / self.low) / log10(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def ticks(self) -> tuple[float, ...]:
        """About six round values, ascending."""
        return tuple(_log_ticks(self.low, self.high) if self.is_log else _ticks(self))


@record(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark on an axis, at a position along it."""

    at: float
    text: str


def marks(scale: Scale) -> tuple[Tick, ...]:
    """The ticks of a scale with their numbers."""
    return tuple(Tick(at=scale.at(each), text=f"{each:,.10g}") for each in scale.ticks())


def cost_scale(costs: Sequence[float], start: float, end: float) -> Scale:
    """From 0; logarithmic if the largest cost is over ten times the smallest, which is not 0."""
    low, high = min(costs), max(costs)
    if low > 0 and high > 10 * low:
        return Scale(low=low / 1.5, high=high * 1.5, start=start, end=end, is_log=True)
    return Scale(low=0.0, high=1.15 * high or 1.0, start=start, end=end)


def score_scale(scores: Sequence[float], start: float, end: float) -> Scale:
    """Around all scores, which are in points, and within 0 and 100."""
    low, high = min(scores), max(scores)
    room = max(0.12 * (high - low), 1.0)
    return Scale(low=max(0.0, low - room), high=min(100.0, high + room), start=start, end=end)


def _ticks(scale: Scale) -> Iterator[float]:
    step = _step((scale.high - scale.low) / _TICKS)
    for number in range(ceil(scale.low / step - 1e-9), floor(scale.high / step + 1e-9) + 1):
        yield number * step


def _step(least: float) -> float:
    """The smallest step of 1, 2 or 5 times a power of ten that is at least as large."""
    power = 10.0 ** floor(log10(least))
    return next(factor * power for factor in (*_STEPS, 10) if factor * power >= least * (1 - 1e-9))


def _log_ticks(low: float, high: float) -> Iterator[float]:
    """Powers of ten, with their multiples where these are few."""
    decades = log10(high / low)
    steps = _STEPS if decades < 2 else _STEPS[:1] if decades > _TICKS / 2 else (1, 3)
    thinned = max(1, ceil(decades / _TICKS))
    for power in count(floor(log10(low)), thinned):
        if 10.0**power > high:
            return
        yield from (step * 10.0**power for step in steps if low <= step * 10.0**power <= high)
