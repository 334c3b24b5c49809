"""Follows the references of a schema to other parts of the same document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.json_pointer import value_at

MAX_REFERENCES = 20
"""The longest chain of references that is followed."""


def local_pointer(reference: Any) -> str | None:
    """The JSON pointer of a reference, such as `#/$defs/money`, into its own document, or None."""
    if not isinstance(reference, str) or (reference != "#" and not reference.startswith("#/")):
        return None
    if "%" in reference:
        from urllib.parse import unquote

        reference = unquote(reference)
    return str(reference[1:])


def target(reference: Any, root: Any) -> Mapping[str, Any] | None:
    """The schema that a reference leads to, or None, or it is not a mapping."""
    pointer = local_pointer(reference)
    found = value_at(root, pointer) if pointer is not None else None
    return found if isinstance(found, Mapping) else None


def referred(schema: Any, root: Any) -> Any:
    """A schema with its `$ref` replaced by the target, in which no reference is followed.

    Keywords beside the reference take precedence. None if the reference leads nowhere; a schema
    without a reference into its own document stays as it is.
    """
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    if local_pointer(reference) is None:
        return schema
    found = target(reference, root)
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**found, **beside} if found is not None else None


def followed(schema: Any, root: Any) -> Mapping[str, Any]:
    """The same, with the references of the targets followed, at most MAX_REFERENCES times.

    Empty for what is not a mapping, such as `true`, and if a reference leads nowhere.
    """
    for _ in range(MAX_REFERENCES):
        if not isinstance(schema, Mapping) or local_pointer(schema.get("$ref")) is None:
            break
        schema = referred(schema, root)
    return schema if isinstance(schema, Mapping) else {}
