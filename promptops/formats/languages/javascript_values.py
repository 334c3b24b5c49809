"""How JavaScript writes values in a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.patterns import lazy_pattern

_PATH = lazy_pattern(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")

COMPACT_JSON = "JavaScript writes JSON without blanks after commas and colons"


def printed(expression: str, sample: Mapping[str, Any]) -> str:
    """The expression, where an example shows that its value is written in another way than here.

    A boolean is written in lower case, a list with commas.
    """
    if _PATH.fullmatch(expression) is None:
        return expression
    value: Any = sample
    for step in expression.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return f"{expression} | json"
    return f'{expression} | join(",")' if isinstance(value, list) else expression
