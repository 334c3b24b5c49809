"""Jinja's `format`: printf-style formatting that checks widths before it applies them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.runtime.template.limits import MAX_ARGUMENT, MAX_TEXT_CHARS, LimitExceeded

_AFTER_KEY = lazy_pattern(r"[#0\- +]*(\*|\d*)(?:\.(\*|\d*))?")


def printf(value: Any, *args: Any, **kwargs: Any) -> str:
    """`"%s and %s"|format(a, b)`, or `"%(a)s"|format(a=b)`; a width is at most 999."""
    text = str(value)
    if args and kwargs:
        raise LimitExceeded("`format` takes positional or named values, not both")
    return formatted(text, kwargs or args)


def formatted(text: str, given: Any) -> str:
    """`text % given`, within limits."""
    values = given.values() if isinstance(given, dict) else given
    values = values if isinstance(given, (dict, tuple)) else [given]
    longest = max((len(str(value)) for value in values), default=0)
    # `%a` writes a character as up to ten; a mapping can be printed whole by each `%s`.
    longest = 10 * (longest + (len(str(given)) if isinstance(given, dict) else 0))
    chars = len(text)
    for width in _widths(text):
        chars += width + min(longest, MAX_TEXT_CHARS)
        if chars > 10 * MAX_TEXT_CHARS:
            raise LimitExceeded("a result of `format` that is too large")
    filled: str = text % given
    return filled


def _widths(text: str) -> Iterator[int]:
    """The sum of width and precision of each conversion; raises LimitExceeded."""
    position = text.find("%")
    while position >= 0:
        match = _AFTER_KEY.match(text, _end_of_key(text, position + 1))
        assert match is not None
        yield sum(_width(part) for part in match.groups() if part)
        position = text.find("%", match.end() + 1)


def _end_of_key(text: str, start: int) -> int:
    """The offset after a `(key)`, in which brackets may nest."""
    if text[start : start + 1] != "(":
        return start
    depth = 0
    for position in range(start, len(text)):
        depth += (text[position] == "(") - (text[position] == ")")
        if not depth:
            return position + 1
    return len(text)


def _width(written: str) -> int:
    if written == "*" or len(written) > 9 or int(written) >= MAX_ARGUMENT:
        raise LimitExceeded("a width of `format` over 999")
    return int(written)
