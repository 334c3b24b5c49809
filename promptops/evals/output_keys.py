"""Whether a JSON pointer names a key that the output of a prompt can have."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.json_pointer import tokens
from promptops.model.prompt import Output
from promptops.plurals import some
from promptops.suggestions import did_you_mean

_UNKNOWN = (
    *("$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"),
    *("patternProperties", "prefixItems"),
)
"""Keys of a schema with which other values may exist than `properties` and `items` describe."""

_MOST_LISTED = 20


def unknown_output_key(output: Output, pointer: str) -> tuple[str, str] | None:
    """The message and the hint for a key that the output does not have; None if it may have it.

    If the schema allows other keys, only a misspelt one is a problem.
    """
    schema = output.schema
    for key in tokens(pointer):
        if not isinstance(schema, Mapping) or any(schema.get(name) for name in _UNKNOWN):
            return None
        properties = schema.get("properties")
        if not isinstance(properties, Mapping):
            schema = schema.get("items") if key.isdecimal() else None
        elif key in properties:
            schema = properties[key]
        else:
            near = did_you_mean(key, properties)
            if near is None and schema.get("additionalProperties") is not False:
                return None
            listed = f"its keys: {some(sorted(properties), _MOST_LISTED)}"
            return f"the output has no key `{key}`", near or listed
    return None
