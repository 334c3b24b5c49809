"""Names of properties that no schema names."""

from __future__ import annotations

from promptops.analysis.schemas.alternative import Alternative
from promptops.analysis.schemas.document import SchemaPair
from promptops.analysis.schemas.parts import names, patterns
from promptops.analysis.schemas.texts import texts
from promptops.model.prompt import Schema

_NAMES = ("other", "another", "a", "x", "A", "0", "_", "a-b", "more1", "")


def fresh_name(
    document: SchemaPair, alternative: Alternative, right: Schema, pattern: str | None
) -> str | None:
    """A name that nobody names; None where none is found.

    It matches a pattern of one side, and none of the right side if the pattern is one of the left;
    or it matches no pattern of either side, where none is given.
    """
    known = {*names(alternative), *right.get("properties", {})}
    listed_right = right.get("patternProperties", {})
    avoided = () if pattern in listed_right else tuple(listed_right)
    avoided += patterns(alternative) if pattern is None else ()
    allowed = tuple(alternative.said("propertyNames"))
    listed = [text for layer in allowed if layer for text in texts(layer.get("pattern", ""))]
    tried: list[str] = [*(texts(pattern) if pattern else ()), *_NAMES, *listed]
    for name in tried:
        if (
            name not in known
            and (pattern is None or document.matches(pattern, name))
            and not any(document.matches(other, name) for other in avoided)
            and document.admits(allowed, name)
        ):
            return name
    return None
