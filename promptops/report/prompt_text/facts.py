"""Facts as lines: `name: value`, the same line for the same value."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from promptops.source.values import plain_value

Block = tuple[str, ...]
"""Lines that belong together; a blank line stands between two blocks."""

LONGEST_NAME = 80
"""Characters of a name below which nothing is taken apart any more: every line repeats its name,
so a deep file could become a thousand times longer than it is."""


def facts(name: str, value: Any) -> Iterator[str]:
    """The lines of a value and of all that it holds, mappings key by key in alphabetical order."""
    if isinstance(value, dict) and value and len(name) <= LONGEST_NAME:
        yield from facts_of(value, f"{name}.")
    else:
        yield from fact(name, value)


def facts_of(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """The lines of a mapping, the prefix before each name."""
    for key in sorted(values):
        yield from facts(f"{prefix}{key}", values[key])


def fact(name: str, value: Any) -> Iterator[str]:
    """One line, and of a text of several lines one for each."""
    if isinstance(value, str) and "\n" in value:
        yield f"{name}:"
        yield from (f"  | {line}" if line else "  |" for line in value.split("\n"))
    else:
        yield f"{name}: {shown(value)}"


def shown(value: Any, *separators: str) -> str:
    """A value on one line: a text without quotes where it can't be taken for anything else.

    Args:
        separators: What stands between the values of a line, and so in no text without quotes.
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
