"""Stored completions of OpenAI: one chat completion in each line."""

from __future__ import annotations

from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.attributes import prompt_facts, response_facts
from promptops.source.traffic.parts import Facts, LineReader, Row
from promptops.source.traffic.reading import Reading

_KIND = "chat.completion"


def _row_like(row: Row) -> int:
    return 3 if row.get("object") == _KIND else 0


def _facts(row: Row, reading: Reading) -> list[Facts]:
    if row.get("object", _KIND) != _KIND:
        reading.ignored["object"] += 1
        return []
    named = {
        "id": values.text(row.get("id")),
        "at": values.instant(row.get("created")),
        "messages": values.messages(_listed(row.get("messages"))),
    }
    return [named | response_facts(row) | prompt_facts(values.mapping(row.get("metadata")))]


def _listed(messages: Any) -> Any:
    """The messages of a stored completion, also as the page of a list that the API returns."""
    return messages.get("data") if isinstance(messages, dict) else messages


READER = LineReader(format="openai", row_like=_row_like, facts=_facts)
