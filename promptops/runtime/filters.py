"""The filters and tests a template may use: Jinja's own that are deterministic, within limits.

They stand in the environment itself, so that `map("center", 10**9)` meets the same limits.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any

from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from promptops.runtime.limits import (
    MAX_ARGUMENT,
    MAX_ITEMS,
    MAX_TEXT_CHARS,
    Refused,
    length_of,
)

_PLAIN = [
    "abs",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "filesizeformat",
    "first",
    "float",
    "groupby",
    "int",
    "items",
    "last",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "reverse",
    "select",
    "selectattr",
    "sort",
    "string",
    "striptags",
    "sum",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
    "urlencode",
    "wordcount",
    "e",
    "escape",
    "tojson",
]
_SIZED = ["batch", "center", "indent", "round", "slice", "wordwrap"]
_TESTS = [
    "odd",
    "even",
    "divisibleby",
    "defined",
    "undefined",
    "none",
    "boolean",
    "false",
    "true",
    "integer",
    "float",
    "lower",
    "upper",
    "string",
    "mapping",
    "number",
    "sequence",
    "iterable",
    "in",
    "==",
    "eq",
    "equalto",
    "!=",
    "ne",
    ">",
    "gt",
    "greaterthan",
    "ge",
    ">=",
    "<",
    "lt",
    "lessthan",
    "<=",
    "le",
]


def allowed_filters() -> dict[str, Callable[..., Any]]:
    """By name; a filter that is not here does not exist."""
    known: dict[str, Any] = FILTERS
    filters = {name: _without_markup(known[name]) for name in _PLAIN}
    filters |= {name: _capped(name, known[name]) for name in _SIZED}
    filters["format"] = _format
    filters["join"] = _capped_join(FILTERS["join"])
    filters["json"] = _json
    filters["replace"] = _replace
    return filters


def allowed_tests() -> dict[str, Callable[..., Any]]:
    """By name; a test that is not here does not exist."""
    known: dict[str, Any] = TESTS
    return {name: known[name] for name in _TESTS}


def _without_markup(function: Callable[..., Any]) -> Callable[..., Any]:
    """Markup escapes what is added to it; a prompt is no HTML."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return str.__str__(result) if isinstance(result, str) else result

    return call


def _capped(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    function = _without_markup(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        # The first arguments are what Jinja passes and the value itself.
        skip = 2 if hasattr(function, "jinja_pass_arg") else 1
        for argument in (*args[skip:], *kwargs.values()):
            _refuse_large(name, argument)
        return function(*args, **kwargs)

    return call


def _refuse_large(name: str, argument: Any) -> None:
    size = abs(argument) if isinstance(argument, (int, float)) else length_of(argument)
    if size > MAX_ARGUMENT:
        raise Refused(f"an argument of `{name}` over {MAX_ARGUMENT:,}")


def _capped_join(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def join(context: Any, value: Any, d: Any = "", attribute: Any = None) -> str:
        items = list(value)
        if len(items) > MAX_ITEMS or len(items) * len(str(d)) > MAX_TEXT_CHARS:
            raise Refused("`join` makes too much")
        return str.__str__(function(context, items, d, attribute))

    return join


def _replace(value: Any, old: Any, new: Any, count: int | None = None) -> str:
    """Jinja's `replace`: every occurrence, or the first `count`."""
    text, old, new = str(value), str(old), str(new)
    times = text.count(old) if count is None else min(count, text.count(old))
    if times * len(new) > MAX_TEXT_CHARS:
        raise Refused("`replace` makes too much")
    return text.replace(old, new, -1 if count is None else count)


def _format(value: Any, *args: Any, **kwargs: Any) -> str:
    """Jinja's `format`: printf-style, with widths and precisions of at most three digits."""
    if re.search(r"%[^a-zA-Z%]*(\d{4}|\*)", str(value)):
        raise Refused("a width of `format` over 999")
    if args and kwargs:
        raise Refused("`format` takes positional or named values, not both")
    return str(value) % (kwargs or args)


def _json(value: Any, indent: int | None = None) -> str:
    """JSON, not escaped for HTML as `tojson` does; keys stay in their order."""
    if indent is not None and not 0 <= indent <= 8:
        raise Refused("an indent of `json` over 8")
    return json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
