"""How a value that a schema refuses was probably meant, as a hint that can be pasted."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from promptops.patterns import lazy_pattern

_LONGEST_ITEM = 60
_NUMBER = lazy_pattern(r"(-?\d{1,3}(?:[,_]?\d{3})*|-?\d*\.?\d+) ?%?")
_BOOLEANS = {"yes": "true", "on": "true", "true": "true"}
_BOOLEANS |= {"no": "false", "off": "false", "false": "false"}


def as_list(where: Mapping[str, Any], got: Any) -> str | None:
    """How to write a string that should be in a list; right in YAML and in TOML."""
    of_strings = where.get("type") == "array" and where.get("items", {}).get("type") == "string"
    if not of_strings or not isinstance(got, str) or len(got) > _LONGEST_ITEM or "`" in got:
        return None
    return f"write `[{json.dumps(got, ensure_ascii=False)}]`"


def in_type(types: Sequence[str], got: Any) -> str | None:
    """How to write a value of another type that was probably meant."""
    if types == ["string"] and isinstance(got, bool | int | float):
        return "quote it"
    if not isinstance(got, str):
        return None
    if types == ["boolean"] and got.lower() in _BOOLEANS:
        return f"write `{_BOOLEANS[got.lower()]}`, without quotes"
    number = _NUMBER.fullmatch(got) if types in (["integer"], ["number"]) else None
    return f"write {re.sub('[,_]', '', number[1])}, without quotes" if number else None


def options(written: Any) -> Collection[str]:
    """The values that a schema lists in one of its alternatives."""
    forms = written.get("anyOf", ()) if isinstance(written, Mapping) else ()
    return [str(option) for form in forms for option in form.get("enum", ())]
