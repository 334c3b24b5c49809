"""The last days on which a prompt and its inputs should be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from promptops.json_pointer import escaped
from promptops.model.prompt import Prompt


def sunsets(prompt: Prompt) -> Iterator[tuple[str, Any]]:
    """`sunset` of the prompt and `x-sunset` of its inputs as written, each after its pointer."""
    if prompt.sunset is not None:
        yield "/sunset", prompt.sunset
    properties = prompt.inputs.get("properties")
    for name, schema in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(schema, Mapping) and "x-sunset" in schema:
            yield f"/inputs/properties/{escaped(name)}/x-sunset", schema["x-sunset"]


def day_of(written: Any) -> date | None:
    """The date; None if it is not one."""
    try:
        return date.fromisoformat(written)
    except (TypeError, ValueError):
        return None
