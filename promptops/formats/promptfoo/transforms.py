"""Transforms of answers before an assertion: a path into JSON, or an expression."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from promptops.formats.promptfoo.javascript import expression
from promptops.patterns import lazy_pattern

_PATH = lazy_pattern(r"(?:JSON\.parse\(output\)|output)((?:\.[A-Za-z_]\w*|\[\d+\])+)")
_STEP = lazy_pattern(r"\.([A-Za-z_]\w*)|\[(\d+)\]")


def transformed(
    found: dict[str, Any], transform: Any, variable: Callable[[str], str | None]
) -> dict[str, Any] | None:
    """The assertion about the transformed answer; None for a transform without counterpart.

    `variable` gives the expression for a variable of the test.
    """
    match = _PATH.fullmatch(str(transform).strip().removesuffix(";"))
    if match is not None:
        steps = [one[1] or one[2] for one in _STEP.finditer(match[1])]
        return _at_path(found, "".join(f"/{step}" for step in steps))
    written = expression(str(transform), variable)
    return {**found, "transform": of_value(written)} if written is not None else None


def of_value(written: str) -> str:
    """An expression of the answer as one of the transformed value."""
    return re.sub(r"\btext\b", "value", written)


def _at_path(found: dict[str, Any], path: str) -> dict[str, Any]:
    """The assertion about a part of the answer; a number there equals its text, as in promptfoo."""
    value = found.get("value")
    if found["type"] == "equals" and isinstance(value, str):
        other = _scalar(value)
        if other is not None:
            same = [{**found, "path": path}, {**found, "value": other, "path": path}]
            return {"type": "any", "value": same}
    return {**found, "path": path}


def _scalar(text: str) -> Any:
    """The number, true or false that a text writes in JSON; None for any other text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, bool | int | float) else None
