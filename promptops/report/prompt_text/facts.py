"""Writes facts as lines `name: value`; equal values are equal lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from promptops.source.values import plain_value

Block = tuple[str, ...]
"""Lines that belong together; a blank line separates blocks."""

LONGEST_NAME = 80
"""In characters: values with a longer name are written on one line. Every line repeats its name, so
a deeply nested file could become a thousand times longer."""


def facts(name: str, value: Any) -> Iterator[str]:
    """The lines of a value and everything in it; keys of mappings in alphabetical order."""
    if isinstance(value, dict) and value and len(name) <= LONGEST_NAME:
        yield from facts_of(value, f"{name}.")
    else:
        yield from fact(name, value)


def facts_of(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The lines of a mapping; `prefix` precedes each name."""
    for key in sorted(values):
        yield from facts(f"{prefix}{key}", values[key])


def fact(name: str, value: Any) -> Iterator[str]:
    """The lines of a string, or one line for any other value."""
    if isinstance(value, str) and "\n" in value:
        yield f"{name}:"
        yield from (f"  | {line}" if line else "  |" for line in value.split("\n"))
    else:
        yield f"{name}: {shown(value)}"


def shown(value: Any, *separators: str) -> str:
    """A value on one line; a string has no quotes if it is unambiguous without them.

    Args:
        separators: Separators of values on a line; a string that contains one has quotes.
    """
    if isinstance(value, str) and _plain(value) and not any(each in value for each in separators):
        return value
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return f"[{', '.join(shown(item, ', ') for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _plain(text: str) -> bool:
    bare = text == text.strip() and "\n" not in text and not text.startswith(('"', "[", "{"))
    return bare and plain_value(text) is text


def rule(words: str) -> str:
    """The line above a message, a tool or a test case; `git diff` shows it above a change."""
    return f"== {words} =="


def small_rule(words: str) -> str:
    """The line above a part of a message."""
    return f"-- {words} --"
