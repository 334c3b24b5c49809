"""Words for values in messages; for validation errors, problems at the place to change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from promptops.model.finding import Problem
from promptops.model.prompt import Locate

if TYPE_CHECKING:
    from promptops.runtime.request.schema_check import Error

Secret = Callable[[Sequence[str | int]], bool]
"""Whether the value at a path must not be shown."""


def nothing_secret(_path: Sequence[str | int]) -> bool:
    """A predicate by which every value may be shown."""
    return False


def explain(
    errors: Iterable[Error],
    schema: Any,
    value: Any,
    place: Locate,
    at: str = "",
    *,
    secret: Secret = nothing_secret,
    own: bool = True,
) -> tuple[Problem, ...]:
    """A problem (SCH002) for each error, in the order of the file.

    Attributes:
        value: The validated value, and `at` its pointer in the file.
        secret: Whether the value at a path must not be shown.
        own: The schema is one of promptops, or says what JSON Schema is.
    """
    from promptops.source.schema_problems import Explainer

    return Explainer(schema, value, place, at, secret, own=own).in_order(errors)


NOT_SHOWN = object()
"""Replaces a value that must not be shown."""


def type_name(value: Any) -> str:
    """A value in a message, such as "a list", "true", "the number 3"."""
    if value is NOT_SHOWN:
        return "a value that is not shown"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, str):
        return f"the string `{short(value)}`" if value else "an empty string"
    if isinstance(value, int | float):
        return f"the number {value}"
    kind = "list" if isinstance(value, list) else "mapping"
    return f"a {kind}" if value else f"an empty {kind}"


def short(text: str) -> str:
    """One line of at most 40 characters; of one long word, which may be a key, much less."""
    text = text.replace("\n", "\\n")
    shown = 39 if " " in text[:39] else 12
    return text if len(text) <= 40 else f"{text[:shown]}…"
