"""A JSON Schema in the subset of an API: other limits move into the description."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

Kept = Callable[[str, Any], dict[str, Any] | None]
"""From a keyword and its value to what they become; None if the API does not take them."""


def kept_and_described(
    schema: Mapping[str, Any], kept: Kept, left_out: Collection[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """What an API takes of a schema, and the `description` with the rest, which the model reads.

    Keywords in `left_out` and those that begin with `x-` are in neither.
    """
    found: dict[str, Any] = {}
    more: dict[str, Any] = {}
    for key, value in schema.items():
        part = kept(key, value)
        if part is not None:
            found |= part
        elif key not in left_out and not key.startswith("x-"):
            more[key] = value
    parts = [schema["description"]] if "description" in schema else []
    if more:
        parts.append(json.dumps(more, ensure_ascii=False))
    return found, {"description": "\n\n".join(parts)} if parts else {}
