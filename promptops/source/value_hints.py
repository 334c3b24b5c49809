"""How a value that a schema refuses was probably meant, as a hint that can be pasted."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.source.explain import short

_INTEGER = lazy_pattern(r"(-?(?:0|[1-9]\d{0,2}(?:[,_]?\d{3})*)) ?%?")
_DECIMAL = lazy_pattern(r"(-?(?:0|[1-9]\d*)\.\d+) ?%?")
_BOOLEANS = {"yes": "true", "on": "true", "true": "true"}
_BOOLEANS |= {"no": "false", "off": "false", "false": "false"}


def own_hint(where: Mapping[str, Any]) -> str | None:
    """The hint in a schema of promptops; a schema of a user may have any value there."""
    hint = where.get("x-hint")
    return hint if isinstance(hint, str) else None


def list_hint(where: Mapping[str, Any], got: Any) -> str | None:
    """How to write a string that should be in a list; right in YAML and in TOML."""
    items = where.get("items")
    of_strings = isinstance(items, Mapping) and items.get("type") == "string"
    if where.get("type") != "array" or not of_strings:
        return None
    if not isinstance(got, str) or short(got) != got or "`" in got:
        return None
    return f"write `[{json.dumps(got, ensure_ascii=False)}]`"


def type_hint(types: Sequence[str], got: Any) -> str | None:
    """How to write a value of another type that was probably meant."""
    if types == ["string"] and isinstance(got, bool | int | float):
        return "quote it"
    if not isinstance(got, str):
        return None
    if types == ["boolean"] and got.lower() in _BOOLEANS:
        return f"write `{_BOOLEANS[got.lower()]}`, without quotes"
    number = _INTEGER.fullmatch(got) if types in (["integer"], ["number"]) else None
    if number is None and types == ["number"]:
        number = _DECIMAL.fullmatch(got)
    return f"write {re.sub('[,_]', '', number[1])}, without quotes" if number else None


def listed_options(written: Any) -> Collection[str]:
    """The values that a schema lists in one of its alternatives."""
    forms = written.get("anyOf", ()) if isinstance(written, Mapping) else ()
    options = (form.get("enum", ()) for form in forms if isinstance(form, Mapping))
    return [str(option) for each in options for option in each]
