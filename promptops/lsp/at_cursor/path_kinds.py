"""The values of a prompt file that are paths of other files."""

from __future__ import annotations

import re

from promptops.model.loaded import ReferenceKind

_TURN = r"/messages/\d+(?:/messages/\d+)?"
_SCHEMA_IN = r"/(?:inputs|output/schema|tools/\d+/(?:parameters|returns))"
_KINDS: tuple[tuple[str, ReferenceKind], ...] = (
    (r"/extends", "extends"),
    (rf"{_TURN}/content/file", "body"),
    (rf"{_TURN}/content/\d+/(?:image|audio|document)/file", "media"),
    (r"/tests/\d+/file", "cases"),
    (r"/tools/\d+/ref", "tool"),
    (rf"{_SCHEMA_IN}(?:/.*)?/\$ref", "schema"),
)


def path_kind(pointer: str) -> ReferenceKind | None:
    """The kind of file that the value at a pointer names; None for a value that is no path."""
    return next((kind for pattern, kind in _KINDS if re.fullmatch(pattern, pointer)), None)
