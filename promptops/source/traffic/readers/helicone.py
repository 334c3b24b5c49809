"""Exports of Helicone: `npx @helicone/export --include-body --format jsonl`."""

from __future__ import annotations

from typing import Any

from promptops.source.traffic import values
from promptops.source.traffic.attributes import prompt_facts, response_facts
from promptops.source.traffic.parts import Facts, LineReader, Row
from promptops.source.traffic.reading import Reading
from promptops.source.traffic.values import embedded

_OWN = ("request_id", "request_created_at")
_SESSION = "Helicone-Session-Id"
_FIRST_ERROR = 400


def _row_like(row: Row) -> int:
    return 3 if all(name in row for name in _OWN) else 0


def _facts(row: Row, reading: Reading) -> list[Facts]:
    if "request_id" not in row:
        reading.ignored["record"] += 1
        return []
    answered = response_facts(embedded(row.get("response_body")))
    properties = values.mapping(row.get("request_properties"))
    return [answered | _named(row, answered) | _prompt(row) | prompt_facts(properties)]


def _named(row: Row, answered: dict[str, Any]) -> dict[str, Any]:
    """What the export has besides the bodies; only where it has it."""
    delay_ms = values.number(row.get("delay_ms"))
    tokens = (row.get("prompt_tokens"), row.get("completion_tokens"))
    properties = values.mapping(row.get("request_properties"))
    return {
        "id": values.text(row.get("request_id")),
        "at": values.instant(row.get("request_created_at")),
        "conversation": values.text(properties.get(_SESSION)),
        "messages": _messages(embedded(row.get("request_body"))),
        "model": values.text(row.get("response_model")) or answered.get("model", ""),
        "usage": values.usage(*tokens, row.get("prompt_cache_read_tokens"))
        or answered.get("usage"),
        "latency_s": None if delay_ms is None else delay_ms / 1000,
        "cost_usd": values.number(row.get("cost")),
        "error": _error(row.get("response_status")),
    }


def _prompt(row: Row) -> dict[str, Any]:
    named = (values.text(row.get("prompt_id")), values.text(row.get("prompt_version")))
    return {"prompt": named[0], "version": named[1]}


def _messages(body: Any) -> tuple[Any, ...]:
    """The messages of a request to an API of OpenAI or Anthropic."""
    if not isinstance(body, dict):
        return ()
    system = values.joined(body.get("system") or body.get("instructions"))
    given = values.messages(body.get("messages", body.get("input")))
    return (*([{"role": "system", "content": system}] if system else []), *given)


def _error(status: Any) -> str:
    """Negative statuses are those of requests that Helicone ended itself."""
    ended = isinstance(status, int) and (status >= _FIRST_ERROR or status < 0)
    return f"HTTP {status}" if ended else ""


READER = LineReader(format="helicone", row_like=_row_like, facts=_facts)
