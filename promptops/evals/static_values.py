"""Values that an expression can have, described without any data."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

from promptops.evals.json_values import same
from promptops.records import field, record
from promptops.runtime.template.scope import Run

ALL_KINDS = frozenset(("null", "boolean", "number", "string", "array", "object"))
GENERATOR = "generator"
"""The kind of a lazy sequence, such as the result of `select`.

It is always true, and equal to no value. As the result of an expression it is an array.
"""

BOTH = frozenset((True, False))
_MOST_VALUES = 8


@record(frozen=True, slots=True, kw_only=True)
class Possible:
    """Values that an expression can have.

    Attributes:
        kinds: Their JSON types, and `GENERATOR`.
        values: All of them if they are few; otherwise None.
        low, high: Bounds of those that are numbers.
        items: For a list or a generator, the possible values of its items; None if they are not
            known. A value without kinds means that there are no items.
        limited: The possible truth values, if a formula restricts them.
    """

    kinds: frozenset[str] = ALL_KINDS
    values: tuple[Any, ...] | None = None
    low: float = -inf
    high: float = inf
    items: Possible | None = None
    limited: frozenset[bool] = BOTH

    @property
    def constant(self) -> bool:
        return self.values is not None and len(self.values) == 1

    @property
    def is_number(self) -> bool:
        return self.kinds == {"number"}

    @property
    def truths(self) -> frozenset[bool]:
        """The truth values that they can have in Jinja."""
        if self.values is not None:
            return self.limited & frozenset(map(bool, self.values))
        if self.kinds == {GENERATOR} or (self.is_number and (self.low > 0 or self.high < 0)):
            return frozenset((True,))
        return self.limited

    @property
    def schema(self) -> Any:
        """A JSON Schema that each of them matches."""
        if self.values is not None:
            return {"enum": list(self.values)}
        bounds = {"minimum": self.low} if isfinite(self.low) else {}
        kinds = {"array" if kind == GENERATOR else kind for kind in self.kinds}
        return True if kinds == ALL_KINDS else {"type": sorted(kinds), **bounds}


ANYTHING = Possible()
TRUTH = Possible(kinds=frozenset(("boolean",)), values=(True, False))
NOTHING = Possible(kinds=frozenset())
"""The items of an empty list."""


@record(frozen=True, slots=True, eq=False)
class PossibleScope:
    """The possible values of names, and of the expressions evaluated so far.

    Attributes:
        run: Constant parts are evaluated in it; its work limit applies to all of them together.
    """

    names: Mapping[str, Possible]
    found: dict[int, tuple[Any, Possible]] = field(default_factory=dict)
    run: Run = field(default_factory=lambda: Run(lambda _path, _name: None))


def of_kind(*kinds: str, low: float = -inf, high: float = inf) -> Possible:
    return Possible(kinds=frozenset(kinds), low=low, high=high)


def only(*values: Any) -> Possible:
    """These values and no others; without repeats."""
    if not values:
        return ANYTHING  # the evaluation always fails
    distinct: list[Any] = []
    for value in values:
        if not any(same(value, known) for known in distinct):
            distinct.append(value)
    numbers = [v for v in distinct if _kind(v) == "number"] or [-inf, inf]
    return Possible(
        kinds=frozenset(map(_kind, distinct)),
        values=tuple(distinct) if len(distinct) <= _MOST_VALUES else None,
        low=min(numbers),
        high=max(numbers),
    )


def either(one: Possible, other: Possible) -> Possible:
    """The values of one or of the other."""
    if one.values is not None and other.values is not None:
        return only(*one.values, *other.values)
    return Possible(
        kinds=one.kinds | other.kinds, low=min(one.low, other.low), high=max(one.high, other.high)
    )


def within(low: float, high: float) -> Possible:
    """Numbers between bounds, which are included."""
    return only(low) if low == high else of_kind("number", low=low, high=high)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    return "string" if isinstance(value, str) else "array"
