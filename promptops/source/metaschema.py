"""The schema that validates every JSON Schema (2020-12)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from promptops.runtime.request.schema_check import OwnValidator, own_engine
from promptops.source.references import DIALECT


@lru_cache(maxsize=1)
def metaschema() -> OwnValidator:
    """Checks whether a value is a JSON Schema, formats included."""
    return OwnValidator(own_engine({"$ref": DIALECT}, formats=True), _whole_metaschema)


def _whole_metaschema() -> Mapping[str, Any]:
    """The metaschema and its vocabularies as one document, with JSON pointers as references."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

    main = REGISTRY.contents(DIALECT)
    parts = [part["$ref"] for part in main["allOf"]]
    base = DIALECT.rpartition("/")[0]
    vocabularies = {part: REGISTRY.contents(f"{base}/{part}") for part in parts}
    named = {
        part.replace("/", "."): _pointing(whole, part.replace("/", "."))
        for part, whole in vocabularies.items()
    }
    return {"allOf": [{"$ref": f"#/$defs/{name}"} for name in named], "$defs": named}


def _pointing(part: Any, name: str) -> Any:
    """A part of a vocabulary, with references relative to the root of the whole document."""
    if isinstance(part, list):
        return [_pointing(item, name) for item in part]
    if not isinstance(part, Mapping):
        return part
    pointing = {
        key: _pointing(item, name)
        for key, item in part.items()
        if key not in ("$id", "$schema", "$vocabulary", "$dynamicAnchor")
    }
    if isinstance(part.get("$dynamicRef"), str):
        del pointing["$dynamicRef"]
        pointing["$ref"] = "#"
    elif isinstance(part.get("$ref"), str):
        pointing["$ref"] = f"#/$defs/{name}{part['$ref'][1:]}"
    return pointing
