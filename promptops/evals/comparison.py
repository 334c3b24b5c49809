"""The complete expected and actual values, if a reason is too short to show the difference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from promptops.evals.wording import LONG

_LONGEST = 50_000
_DEEPEST = 60
_NESTED = (Mapping, list, tuple)


class _TooDeep(Exception):
    pass


def to_compare(expected: Any, got: Any) -> tuple[str, str] | None:
    """Two strings, or two JSON values with sorted keys and an item per line.

    None if they have different types or are equal, if a reason has room for one of them, and if one
    is too long or too deep to compare.
    """
    texts = _text(expected), _text(got)
    alike = isinstance(expected, str) == isinstance(got, str)
    return texts if alike and all(texts) and texts[0] != texts[1] else None


def part_asked(value: Any, wanted: Any) -> Any:
    """The part of a JSON value to which `wanted` refers, if additional keys are no difference."""
    if not (isinstance(value, Mapping) and isinstance(wanted, Mapping)):
        return value
    return {key: part_asked(value[key], item) for key, item in wanted.items() if key in value}


def _text(value: Any) -> str:
    """The text of a value; "" if it is not compared."""
    if isinstance(value, str):
        return value if LONG < len(value) <= _LONGEST else ""
    if not isinstance(value, _NESTED):
        return ""
    try:
        plain = _plain(value, _DEEPEST)
    except _TooDeep:
        return ""
    if not LONG < len(json.dumps(plain, ensure_ascii=False)) <= _LONGEST:
        return ""
    return json.dumps(plain, ensure_ascii=False, indent=2, sort_keys=True)


def _plain(value: Any, room: int) -> Any:
    """With one spelling of each number: 1.0 is 1. Raises _TooDeep for more than so many levels."""
    if isinstance(value, _NESTED) and not room:
        raise _TooDeep
    if isinstance(value, Mapping):
        return {str(key): _plain(item, room - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, room - 1) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
