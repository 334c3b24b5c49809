"""Limits of work for one request, for all cases of one prompt together, and of caches.

Work is counted, so a prompt exceeds the limit on every machine or on none: a prompt that passes
lint renders. A unit takes about 0.1 µs, and at most 0.6 µs. A time limit stops what the count
underestimates; exceeding it is not a problem of the template.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sized
from functools import wraps
from threading import Lock
from typing import Any, Protocol, TypeVar

from promptops.errors import PromptopsError
from promptops.runtime.template.data import MAX_INTEGER_BITS

MAX_TEMPLATE_CHARS = 256 * 1024
MAX_MEDIA_BYTES = 2 * 1024 * 1024
MAX_OUTPUT_CHARS = 1_000_000
MAX_TEXT_CHARS = 1_000_000
MAX_ITEMS = 100_000
MAX_RANGE = 10_000
MAX_ARGUMENT = 1_000
MAX_WORK = 2_000_000
MAX_PROMPT_WORK = 2_000_000
CASE_WORK = 600
MAX_CPU_S = 10
MAX_INCLUDE_DEPTH = 8
MAX_MACRO_DEPTH = 32

_LOOK_AT_CLOCK_EVERY = 2_000


class LimitExceeded(Exception):
    """A template exceeds a limit; the message is lower case, without a full stop."""


class TookTooLong(PromptopsError):
    """A request took too long on this machine, which is not a problem of the template."""


class Meter:
    """The remaining work of one request.

    Attributes:
        left: Units of work: a unit is about one visited node, or 4 output characters.
    """

    __slots__ = ("_deadline_s", "_look", "left")

    def __init__(self) -> None:
        self.left = MAX_WORK
        self._look = MAX_WORK - _LOOK_AT_CLOCK_EVERY
        self._deadline_s = 0.0

    def charge(self, units: int) -> None:
        """Take units of work; raises LimitExceeded when none are left, and TookTooLong."""
        self.left -= units
        if self.left < self._look:
            self._check()

    def limit_to(self, units: int) -> None:
        """Take all but some units of work; called before any work."""
        self.left = units
        self._look = max(units - _LOOK_AT_CLOCK_EVERY, 0)

    def covers(self, units: int) -> bool:
        """Take units of work if enough are left; returns whether they were."""
        if units > self.left:
            return False
        self.left -= units
        return True

    def _check(self) -> None:
        # At 0 at the latest: the first unit beyond the limit is refused, as in other languages.
        self._look = max(self.left - _LOOK_AT_CLOCK_EVERY, 0)
        if self.left < 0:
            raise LimitExceeded("the template does too much work")
        # Most requests end before this point, and never read the clock.
        now_s = time.thread_time()
        if not self._deadline_s:
            self._deadline_s = now_s + MAX_CPU_S
        elif now_s > self._deadline_s:
            raise TookTooLong(
                f"rendering took over {MAX_CPU_S} s of processor time on this machine",
                hint="this is not a problem of the prompt; if it happens again, report it as a bug",
            )

    def sized(self, value: Any) -> Any:
        """Charge for a new value, and return it."""
        if isinstance(value, str):
            if len(value) > MAX_TEXT_CHARS:
                raise LimitExceeded(f"a string of over {MAX_TEXT_CHARS:,} characters")
            self.charge(len(value) >> 4)
        elif isinstance(value, (list, tuple, dict)):
            refuse_many(len(value))
            self.charge(1 + len(value))
        elif isinstance(value, int):
            bits = value.bit_length()
            _refuse_large(bits)
            self.charge(bits >> 7)
        return value

    def joined(self, texts: list[str]) -> str:
        """The strings joined; the length is checked first."""
        if sum(map(len, texts)) > MAX_TEXT_CHARS:
            raise LimitExceeded(f"a string of over {MAX_TEXT_CHARS:,} characters")
        text = "".join(texts)
        self.charge(len(text) >> 4)
        return text


class PromptBudget:
    """The work limit of one command for rendering all cases of one prompt.

    Attributes:
        left: Units of work; zero or below when it is used up.
    """

    __slots__ = ("left",)

    def __init__(self, cases: int) -> None:
        """`cases` is their number; each adds the work of a typical case."""
        self.left = MAX_PROMPT_WORK + cases * CASE_WORK

    def begin(self, meter: Meter) -> int:
        """The units of work that a request may take: as many as without a budget."""
        del meter
        return MAX_WORK

    def take(self, meter: Meter, limit: int) -> None:
        """Count the work of a request; a rejected one counts at most as a whole request."""
        self.left -= min(limit - meter.left, limit)


class StrictBudget(PromptBudget):
    """A budget that ends in the middle of a request, so that it is never exceeded."""

    __slots__ = ()

    def __init__(self, units: int) -> None:
        self.left = units

    def begin(self, meter: Meter) -> int:
        """The units of work that a request may take."""
        limit = min(self.left, MAX_WORK)
        meter.limit_to(limit)
        return limit


def capped_range(*bounds: Any) -> range:
    """Jinja's `range`, of at most 10,000 numbers."""
    numbers = range(*bounds)
    if abs(numbers.start) > 2**62 or abs(numbers.stop) > 2**62 or len(numbers) > MAX_RANGE:
        raise LimitExceeded(f"`range` gives at most {MAX_RANGE:,} numbers")
    return numbers


def multiply(left: Any, right: Any) -> Any:
    """`*`, which checks the size of the result before computing it."""
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, (str, list, tuple)) and isinstance(times, int):
            limit = MAX_TEXT_CHARS if isinstance(sequence, str) else MAX_ITEMS
            if len(sequence) * times > limit:
                raise LimitExceeded("a result of `*` that is too large")
    if isinstance(left, int) and isinstance(right, int):
        _refuse_large(left.bit_length() + right.bit_length())
    return left * right


def power(left: Any, right: Any) -> Any:
    """`**`, which checks the size of the result before computing it."""
    if isinstance(left, int) and isinstance(right, int):
        _refuse_large(left.bit_length() * max(right, 0))
    return left**right


def refuse_many(items: int) -> None:
    """Raises LimitExceeded for more items than a list in a template may have."""
    if items > MAX_ITEMS:
        raise LimitExceeded(f"a list of over {MAX_ITEMS:,} items")


def _refuse_large(bits: int) -> None:
    if bits > MAX_INTEGER_BITS:
        raise LimitExceeded("a number that is too large")


def remainder(left: Any, right: Any) -> Any:
    """`%` on numbers; on a string it is formatting, for which the filter `format` has limits."""
    if isinstance(left, str):
        raise LimitExceeded("`%` on a string; use the filter `format`, or `~`")
    return left % right


def length_of(value: Any) -> int:
    """The length of a string, a list, a mapping or a range; 0 for anything else."""
    return len(value) if isinstance(value, (str, list, tuple, dict, range)) else 0


# Caches for function results with a size limit, so that memory use is bounded.
#
# Each cache has its own size in bytes; the number of entries is set for the whole process.

V = TypeVar("V")

ENTRIES_OF_A_RUN = 4_096
"""The entries of each cache in a process that runs one command."""

ENTRIES_OF_A_SERVICE = 256
"""The same for a long-running process: each edit of a file leaves old templates in the cache."""


class Decorator(Protocol):
    """Adds a cache to a function of one string."""

    def __call__(self, function: Callable[[str], V], /) -> Callable[[str], V]: ...


class _Bound:
    entries = ENTRIES_OF_A_RUN


def limit_entries(entries: int) -> int:
    """Set how many results each cache of this process may hold; returns the previous number.

    A cache that holds more drops the oldest when it next stores one.
    """
    before, _Bound.entries = _Bound.entries, entries
    return before


def usual_bytes(source: str, result: object) -> int:
    """The size of a string with its result."""
    return 100 + 2 * len(source) + 150 * (len(result) if isinstance(result, Sized) else 0)


def cached_by_size(max_bytes: int, size: Callable[[str, Any], int] = usual_bytes) -> Decorator:
    """Cache results by their string; the oldest are dropped when all exceed a size in bytes.

    The size is an estimate, so results are also dropped when there are more than `limit_entries`
    allows.

    Exceptions are not cached. Can be shared between threads.
    """

    def decorate(function: Callable[[str], V]) -> Callable[[str], V]:
        known: dict[str, V] = {}
        sizes: dict[str, int] = {}
        lock = Lock()
        used = 0

        @wraps(function)
        def remembered(source: str) -> V:
            found: Any = known.get(source, known)
            if found is not known:
                result: V = found
                return result
            result = function(source)
            with lock:
                remember(source, result)
            return result

        def remember(source: str, result: V) -> None:
            nonlocal used
            used -= sizes.pop(source, 0)
            known.pop(source, None)
            known[source] = result
            sizes[source] = size(source, result)
            used += sizes[source]
            while (used > max_bytes or len(known) > _Bound.entries) and len(known) > 1:
                oldest = next(iter(known))
                del known[oldest]
                used -= sizes.pop(oldest)

        return remembered

    return decorate
