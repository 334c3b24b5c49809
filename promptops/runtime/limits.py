"""How much work one rendering may do, counted and not only timed.

Counting makes a refusal the same on every machine: a prompt that lints renders. The clock is a
second line for what the count weighs wrongly.
"""

from __future__ import annotations

import time
from typing import Any

from promptops.runtime.data import MAX_INTEGER_BITS

MAX_TEMPLATE_CHARS = 256 * 1024
MAX_MEDIA_BYTES = 2 * 1024 * 1024
MAX_OUTPUT_CHARS = 1_000_000
MAX_TEXT_CHARS = 1_000_000
MAX_ITEMS = 100_000
MAX_RANGE = 10_000
MAX_ARGUMENT = 1_000
MAX_WORK = 2_000_000
MAX_CPU_S = 1.5
MAX_INCLUDE_DEPTH = 8
MAX_MACRO_DEPTH = 32

_LOOK_AT_CLOCK_EVERY = 2_000


class Refused(Exception):
    """A template asks for more than it may; the message is lower case, without a full stop."""


class Meter:
    """The work one rendering has left.

    Attributes:
        left: Units of work: about one node visited, or 16 characters made.
    """

    __slots__ = ("_deadline", "_look", "left")

    def __init__(self) -> None:
        self.left = MAX_WORK
        self._look = MAX_WORK - _LOOK_AT_CLOCK_EVERY
        self._deadline = 0.0

    def charge(self, units: int) -> None:
        """Take units of work; raises Refused when there are none left."""
        self.left -= units
        if self.left < self._look:
            self._check()

    def _check(self) -> None:
        self._look = self.left - _LOOK_AT_CLOCK_EVERY
        if self.left < 0:
            raise Refused("the template does too much work")
        # Most renderings end before this is reached, and never ask for the time.
        now = time.thread_time()
        if not self._deadline:
            self._deadline = now + MAX_CPU_S
        elif now > self._deadline:
            raise Refused("the template takes too long")

    def sized(self, value: Any) -> Any:
        """Charge for a value that was just made, and return it."""
        if isinstance(value, str):
            if len(value) > MAX_TEXT_CHARS:
                raise Refused(f"a text of over {MAX_TEXT_CHARS:,} characters")
            self.charge(len(value) >> 4)
        elif isinstance(value, (list, tuple, dict)):
            if len(value) > MAX_ITEMS:
                raise Refused(f"a list of over {MAX_ITEMS:,} items")
            self.charge(1 + len(value))
        elif isinstance(value, int):
            _refuse_large(value.bit_length())
        return value

    def joined(self, texts: list[str]) -> str:
        """The texts as one, measured before it is made."""
        if sum(map(len, texts)) > MAX_TEXT_CHARS:
            raise Refused(f"a text of over {MAX_TEXT_CHARS:,} characters")
        text = "".join(texts)
        self.charge(len(text) >> 4)
        return text


def capped_range(*bounds: Any) -> range:
    """Jinja's `range`, of at most 10,000 numbers."""
    numbers = range(*bounds)
    if abs(numbers.start) > 2**62 or abs(numbers.stop) > 2**62 or len(numbers) > MAX_RANGE:
        raise Refused(f"`range` gives at most {MAX_RANGE:,} numbers")
    return numbers


def multiply(left: Any, right: Any) -> Any:
    """`*`, refusing what would be large before it is made."""
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, (str, list, tuple)) and isinstance(times, int):
            limit = MAX_TEXT_CHARS if isinstance(sequence, str) else MAX_ITEMS
            if len(sequence) * times > limit:
                raise Refused("`*` makes too much")
    if isinstance(left, int) and isinstance(right, int):
        _refuse_large(left.bit_length() + right.bit_length())
    return left * right


def power(left: Any, right: Any) -> Any:
    """`**`, refusing what would be large before it is made."""
    if isinstance(left, int) and isinstance(right, int):
        _refuse_large(left.bit_length() * max(right, 0))
    return left**right


def _refuse_large(bits: int) -> None:
    if bits > MAX_INTEGER_BITS:
        raise Refused("a number that large")


def remainder(left: Any, right: Any) -> Any:
    """`%` on numbers. On a text it is formatting, which the filter `format` does, within limits."""
    if isinstance(left, str):
        raise Refused("`%` on a text; use the filter `format`, or `~`")
    return left % right


def length_of(value: Any) -> int:
    """Of a text, a list or a mapping; 0 of anything else."""
    return len(value) if isinstance(value, (str, list, tuple, dict)) else 0
