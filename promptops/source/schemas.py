"""The JSON Schemas that promptops includes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any


def schema_text(name: str) -> str:
    """The text of a schema file, such as `prompt.schema.json`.

    They are in the installed package, and next to it in a checkout.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "schemas", package.parent / "schemas"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"promptops was installed without its schema {name!r}")


@lru_cache(maxsize=8)
def schema(name: str) -> Mapping[str, Any]:
    """A schema that promptops includes, parsed once."""
    parsed: dict[str, Any] = json.loads(schema_text(name))
    return parsed
