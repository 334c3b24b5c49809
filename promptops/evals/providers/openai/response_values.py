"""Values of a response, any of which may be missing or of another type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string that UTF-8 can encode; "" for anything else."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def tool_call(name: Any, arguments: Any) -> Mapping[str, Any]:
    """A tool call; its arguments as JSON data, or as a string if they are not JSON."""
    return {"name": text(name), "arguments": _arguments(arguments)}


def _arguments(written: Any) -> Any:
    if not isinstance(written, str):
        return {} if written is None else written
    try:
        value = json.loads(written)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return text(written)
    return value
