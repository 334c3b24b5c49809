"""Offers of inputs and of what is below them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lsprotocol.types import CompletionItemKind

from promptops.lsp.at_cursor.input_names import Named
from promptops.lsp.at_cursor.prompt_schema import types_of
from promptops.lsp.offers.offer import Offer
from promptops.report.parts.visible import visible

_LONGEST = 40
_MOST_VALUES = 8


def input_offers(
    inputs: Iterable[Named], *, rank: int, kind: CompletionItemKind = CompletionItemKind.Variable
) -> list[Offer]:
    """An offer for each input or property."""
    return [
        Offer(
            label=each.name,
            kind=kind,
            detail=summary(each),
            about=visible(str(each.schema.get("description", ""))),
            rank=rank,
        )
        for each in inputs
        if each.name.isidentifier()
    ]


def summary(named: Named) -> str:
    """The type of an input and whether it must be given: `integer, default 4`."""
    schema = named.schema
    parts = [" or ".join(types_of([schema])) if "enum" not in schema else _values(schema)]
    if "default" in schema:
        parts.append(f"default {_short(schema['default'])}")
    elif named.required:
        parts.append("required")
    if schema.get("x-untrusted") is True:
        parts.append("untrusted")
    return ", ".join(part for part in parts if part)


def _values(schema: Mapping[str, Any]) -> str:
    values = schema["enum"] if isinstance(schema["enum"], list) else []
    return " | ".join(_short(value) for value in values[:_MOST_VALUES])


def _short(value: Any) -> str:
    text = visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
