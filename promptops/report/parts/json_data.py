"""Converts values of prompts and answers to JSON data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_DEEPEST = 200
TOO_DEEP = "… (nested too deeply)"


def json_data(value: Any, room: int = _DEEPEST) -> Any:
    """The same value as JSON data; unknown types (a date, infinity) become strings.

    Deeper levels become `TOO_DEEP`, because Python's JSON writer is recursive.
    """
    if isinstance(value, Mapping | list | tuple) and not room:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {str(key): json_data(item, room - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_data(item, room - 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
