"""Values of a response, any of which may be missing or have another type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string that UTF-8 can encode; "" for anything else."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def count(value: Any) -> int:
    """A number of tokens; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def tool_call(name: Any, arguments: Any) -> Mapping[str, Any]:
    """A tool call; its arguments as JSON data, or as a string if they are not JSON."""
    return {"name": text(name), "arguments": _arguments(arguments)}


def _arguments(given: Any) -> Any:
    if given is None:
        return {}
    try:
        value = json.loads(given) if isinstance(given, str) else given
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return text(given if isinstance(given, str) else json.dumps(given))
    return value
