"""Prompt files of other tools, as far as their names and their content are certain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from promptops.patterns import lazy_pattern

FOREIGN_ENDINGS = (".prompty", ".prompt", ".prompt.md", ".json")
_OF_TEXTS = (".prompty", ".prompt")
_HEADER = lazy_pattern(
    r"\ufeff?\s{0,100}---[ \t]*\n(?:(?!---)[^\n]*\n){0,100}?"
    r"(?:mode|agent|model|tools|description)[ \t]*:"
)
"""Of a prompt of VS Code; other Markdown beside a prompt may describe it."""
_ROLE_KEY = lazy_pattern(r"\"role\"\s*:")
_ROLES = ("system", "developer", "user", "assistant", "tool")
_FIRST = ("system", "developer")


def is_foreign_prompt(path: str, text: str) -> bool:
    """Whether a file whose name has one of the endings is a prompt of another tool."""
    name = path.lower()
    if name.endswith(_OF_TEXTS):
        is_partial = name.rpartition("/")[2].startswith("_")
        return bool(text.strip()) and not is_partial
    if name.endswith(".prompt.md"):
        return _HEADER.match(text) is not None
    return _ROLE_KEY.search(text) is not None and _is_request(_parsed(text), name)


def is_own_json(path: str, text: str) -> bool:
    """Whether a file is a prompt file of promptops in JSON, which YAML contains."""
    if not path.lower().endswith(".json") or '"promptops/' not in text:
        return False
    value = _parsed(text)
    return isinstance(value, Mapping) and str(value.get("format")).startswith("promptops/")


def _is_request(value: Any, name: str) -> bool:
    """Whether JSON is a request of an API with a model or a system message.

    A conversation alone may be an example; the ending `.prompt.json` says what it is.
    """
    is_named = name.endswith(".prompt.json")
    if not isinstance(value, Mapping):
        return is_named and _is_chat(value)
    messages = value.get("messages")
    if not isinstance(messages, list) or not _is_chat(messages):
        return False
    return is_named or "model" in value or messages[0]["role"] in _FIRST


def _is_chat(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, Mapping) and one.get("role") in _ROLES and "content" in one
            for one in value
        )
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return None
