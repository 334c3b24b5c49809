"""Ranges of numbers with exact decimals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from promptops.model.prompt import Schema
from promptops.records import record

_EXACT_FLOATS = 2**53


@record(frozen=True, slots=True)
class NumberRange:
    """Numbers from `low` to `high`; None without a bound.

    Attributes:
        open_low, open_high: Whether the bound itself is excluded.
        step: All numbers are multiples of it, and so are the bounds.
        whole: Whether they are integers; else numbers that are not integers.
    """

    low: Fraction | None
    high: Fraction | None
    open_low: bool
    open_high: bool
    step: Fraction | None
    whole: bool

    @property
    def empty(self) -> bool:
        if not self.whole and self.step and self.step.denominator == 1:
            return True
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.open_low or self.open_high))

    def above(self, bound: Fraction, inclusive: bool) -> bool:
        """Whether all are above a bound, or equal to it if it is inclusive."""
        if self.low is None or self.low < bound:
            return False
        return self.low > bound or self.open_low or inclusive

    def below(self, bound: Fraction, inclusive: bool) -> bool:
        """Whether all are below a bound, or equal to it if it is inclusive."""
        if self.high is None or self.high > bound:
            return False
        return self.high < bound or self.open_high or inclusive

    def multiples(self, divisor: Fraction) -> bool:
        """Whether all are multiples of a number."""
        return self.step is not None and (self.step / divisor).denominator == 1

    def values(self, limit: int) -> list[Any] | None:
        """All numbers in ascending order; None if there are more, or they can't be written."""
        if self.empty:
            return []
        if self.low is None or self.high is None or self.step is None:
            return None
        if (self.high - self.low) / self.step >= limit:
            return None
        count = int((self.high - self.low) / self.step) + 1
        found = [self.low + self.step * index for index in range(count)]
        written = [number(value) for value in found if self.holds(value)]
        return None if None in written else written

    def holds(self, value: Fraction) -> bool:
        """Whether a number is in the range."""
        if (value.denominator == 1) != self.whole:
            return False
        if self.step is not None and (value / self.step).denominator != 1:
            return False
        low = self.low is None or value > self.low or (value == self.low and not self.open_low)
        high = self.high is None or value < self.high or (value == self.high and not self.open_high)
        return low and high


def range_of(layers: Sequence[Schema], whole: bool) -> NumberRange:
    """The numbers that some schemas accept: only the integers, or only the others."""
    low, open_low = _tightest(layers, "minimum", "exclusiveMinimum", 1)
    high, open_high = _tightest(layers, "maximum", "exclusiveMaximum", -1)
    step = _step(layers, whole)
    if step is not None:
        # A multiple that is an integer does not count here, but the next one does.
        low = None if low is None else _next(low, open_low, step, whole)
        high = None if high is None else -_next(-high, open_high, step, whole)
        return NumberRange(low, high, False, False, step, whole)
    return NumberRange(
        low,
        high,
        open_low or (low is not None and low.denominator == 1),
        open_high or (high is not None and high.denominator == 1),
        None,
        whole,
    )


def exact(value: float) -> Fraction:
    """The exact value that the validator uses: its decimals, or the value of a large float."""
    if isinstance(value, int) or abs(value) >= _EXACT_FLOATS:
        return Fraction(value)
    return Fraction(repr(value))


def number(value: Fraction) -> int | float | None:
    """The number as JSON data; None if it has too many digits."""
    if value.denominator == 1:
        return value.numerator
    try:
        written = float(value)
    except OverflowError:
        return None
    return written if exact(written) == value else None


def _tightest(
    layers: Sequence[Schema], closed: str, open_: str, sign: int
) -> tuple[Fraction | None, bool]:
    found = [
        (sign * exact(layer[keyword]), keyword == open_)
        for layer in layers
        for keyword in (closed, open_)
        if keyword in layer
    ]
    if not found:
        return None, False
    bound, excluded = max(found)
    return sign * bound, excluded


def _step(layers: Sequence[Schema], whole: bool) -> Fraction | None:
    step = Fraction(1) if whole else None
    for layer in layers:
        if "multipleOf" in layer:
            divisor = exact(layer["multipleOf"])
            step = divisor if step is None else _common(step, divisor)
    return step


def _common(one: Fraction, other: Fraction) -> Fraction:
    """The least common multiple."""
    return Fraction(
        math.lcm(one.numerator, other.numerator), math.gcd(one.denominator, other.denominator)
    )


def _next(low: Fraction, excluded: bool, step: Fraction, whole: bool) -> Fraction:
    """The first multiple that is not below a bound."""
    found = math.ceil(low / step) * step
    if (excluded and found == low) or (not whole and found.denominator == 1):
        found += step
    return found
