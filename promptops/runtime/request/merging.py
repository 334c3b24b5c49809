"""Arguments with the options that a prompt has for one provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def merged(arguments: Mapping[str, Any], options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Arguments with options, which win; a mapping of both has the keys of both."""
    found = dict(arguments)
    for name, value in (options or {}).items():
        own = found.get(name)
        both = isinstance(own, Mapping) and isinstance(value, Mapping)
        found[name] = merged(own, value) if both else value  # type: ignore[arg-type]
    return {name: value for name, value in found.items() if value is not None}
