"""Values at the boundaries of one schema, and how they differ from others, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from promptops.analysis.schemas.alternative import Alternative, kind
from promptops.analysis.schemas.numbers import range_of
from promptops.analysis.schemas.samples import between
from promptops.model.change import ABSENT
from promptops.plurals import counted

MAX_SHOWN = 60
"""Characters of a value that are shown."""

_AWKWARD = ("a\n", "{{ 7*7 }}", "</a>", "\U0001f600", "a\u202eb")
"""A newline, a tag of a template and of markup, an emoji, and a character that reverses text."""


def awkward(alternative: Alternative) -> tuple[str, ...]:
    """All awkward strings in one, or each by itself if that is too long."""
    together = "".join(_AWKWARD)
    return (together,) if len(together) <= alternative.most("maxLength") else _AWKWARD


def is_number(value: Any) -> bool:
    """Whether it is an integer or another number, but no boolean."""
    return kind(value) in ("integer", "number")


def scalars(alternative: Alternative, name: str) -> Iterator[Any]:
    """Null, both booleans, or the bounds of numbers and 0."""
    if name == "null":
        yield None
    elif name == "boolean":
        yield from (False, True)
    else:
        numbers = range_of(alternative.layers, name == "integer")
        ends = [end for end in (numbers.low, Fraction(0), numbers.high) if end is not None]
        yield from between(numbers, ends)


def described(name: str, value: Any) -> str:
    """How inputs differ whose value of this name is another one, such as "`items` is empty"."""
    if value is ABSENT:
        return f"`{name}` is missing"
    if value in ("", [], {}) and not is_number(value):
        return f"`{name}` is empty"
    written = json.dumps(value)
    if len(written) > MAX_SHOWN and isinstance(value, (str, list)):
        noun = "character" if isinstance(value, str) else "item"
        return f"`{name}` has {counted(len(value), noun)}"
    return f"`{name}` is {shortened(written)}"


def shortened(written: str) -> str:
    """The first characters, and `…` for the others."""
    return written if len(written) <= MAX_SHOWN else f"{written[:MAX_SHOWN]}…"
