"""The position of a difference in the right side, as written by its author."""

from __future__ import annotations

from typing import Any

from promptops.analysis.schemas.comparison import FoundDifference
from promptops.analysis.schemas.document import SchemaPair
from promptops.analysis.schemas.reader import Bare
from promptops.json_pointer import child, tokens

LAST = 1_000_000


def rank(document: SchemaPair, found: FoundDifference) -> tuple[int, ...]:
    """A sort key: the positions of keywords and properties; other properties are last."""
    ranks: list[int] = []
    here: Any = document.right
    for key in tokens(found.where.pointer):
        here = _holding(document, here, key)
        ranks.append(_index(here, key))
        here = child(here, key)
    here = _holding(document, here, found.keyword)
    names = child(here, found.keyword)
    name = LAST if found.name is None else _index(names, found.name)
    return (*ranks, _index(here, found.keyword), name)


def _holding(document: SchemaPair, schema: Bare, keyword: str) -> Any:
    """The schema itself, or the target of its reference if only that has a keyword."""
    seen = 0
    while isinstance(schema, dict) and keyword not in schema and "$ref" in schema and seen < 100:
        target = document.target(schema)
        schema = {} if target is None else target
        seen += 1
    return schema


def _index(container: Any, key: str) -> int:
    if isinstance(container, list) and key.isdecimal():
        return int(key)
    return (
        list(container).index(key)
        if isinstance(container, (dict, list)) and key in container
        else LAST
    )
