"""JSON Lines with a sample each: the format of `schemas/sample.schema.json`, or a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.json_pointer import value_at
from promptops.model.answer import Usage
from promptops.model.score import SAMPLE_KEYS
from promptops.runtime.request.span_attributes import response_attributes
from promptops.source.traffic import values
from promptops.source.traffic.attributes import prompt_facts, usage_of
from promptops.source.traffic.parts import Facts, LineReader, Row
from promptops.source.traffic.reading import Reading
from promptops.source.traffic.values import LineError, embedded, shallow
from promptops.source.traffic.wrapped import unwrapped

_ANSWER = frozenset(("output", "tool_calls", "error"))
_ATTRIBUTE = "gen_ai.prompt.name"


def facts_of_row(row: Row, reading: Reading) -> dict[str, Any]:
    """The fields of a sample; raises LineError for a missing value or one of a wrong type."""
    facts = prompt_facts(row) if _ATTRIBUTE in row else {}
    for name, value in _values(row, reading.fields) if reading.fields else row.items():
        read = _READ.get(name)
        if read is _text and type(value) is str:  # most values
            facts[name] = value
        elif read is _output and (wrapped := unwrapped(value)) is not None:
            facts = {**wrapped, **facts}  # what the line itself has wins
        elif read is not None and value is not None:
            facts[name] = read(name, value)
    if reading.fields:
        _combine(facts)
    _require(facts, reading.fields)
    return facts


def _facts(row: Row, reading: Reading) -> list[Facts]:
    if not SAMPLE_KEYS.issuperset(row):
        reading.compare((key for key in row if key not in SAMPLE_KEYS), SAMPLE_KEYS, row)
    return [facts_of_row(row, reading)]


def _row_like(row: Row) -> int:
    """Every object is like a sample, since the fields of a log may be anywhere."""
    return 1


def _values(row: Row, fields: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """What is under the keys of a sample, or where a pointer leads."""
    for name, value in row.items():
        if name in SAMPLE_KEYS and name not in fields:
            yield name, value
    for name, pointer in fields.items():
        yield name, value_at(row, pointer)


def _combine(facts: dict[str, Any]) -> None:
    """Fields that only a pointer can set become those of a sample."""
    tokens = [facts.pop(name, None) for name in ("input_tokens", "output_tokens", "cached_tokens")]
    facts["usage"] = facts.get("usage") or values.usage(*tokens)
    milliseconds = facts.pop("latency_ms", None)
    if milliseconds is not None:
        facts["latency_s"] = milliseconds / 1000


def _require(facts: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    if not facts.get("prompt"):
        raise LineError(f"no `prompt`{_at(fields, 'prompt')}")
    if _ANSWER.isdisjoint(facts):
        listed = "none of `output`, `tool_calls` and `error`"
        raise LineError(f"no answer: {listed}{_at(fields, 'output')}")


def _at(fields: Mapping[str, str], name: str) -> str:
    return f" at {fields[name]}" if name in fields else ""


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _wrong(name, "a string")
    return values.text(value)


def _error(name: str, value: Any) -> str:
    """A type, a message, or whether there was one."""
    if isinstance(value, dict):
        value = next((value[key] for key in ("type", "code", "message") if value.get(key)), True)
    return "error" if value is True else values.text(value)


def _number(name: str, value: Any) -> float:
    found = values.number(value)
    if found is None:
        raise _wrong(name, "a number of at least 0")
    return found


def _instant(name: str, value: Any) -> float:
    found = values.instant(value)
    if found is None:
        raise _wrong(name, "a time")
    return found


def _inputs(name: str, value: Any) -> Mapping[str, Any]:
    found = embedded(value)
    if not isinstance(found, dict):
        raise _wrong(name, "an object")
    shallow(found, name)
    return found


def _list(name: str, value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(embedded(value), list):
        raise _wrong(name, "a list")
    return values.messages(value) if name == "messages" else values.tool_calls(value)


def _output(_: str, value: Any) -> str | None:
    return values.answer(value)


def _usage(name: str, value: Any) -> Usage | None:
    """`{"input", "output", "cached"}`, or the usage of an API."""
    found = embedded(value)
    if not isinstance(found, dict):
        raise _wrong(name, "an object")
    own = values.usage(found.get("input"), found.get("output"), found.get("cached"))
    return own or usage_of(response_attributes({"usage": found}))


def _wrong(name: str, expected: str) -> LineError:
    return LineError(f"`{name}` is not {expected}", key=name)


_READ: Mapping[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(SAMPLE_KEYS, _text),
    **dict.fromkeys(("latency_s", "latency_ms", "cost_usd"), _number),
    **dict.fromkeys(("input_tokens", "output_tokens", "cached_tokens"), _number),
    "at": _instant,
    "inputs": _inputs,
    "messages": _list,
    "tool_calls": _list,
    "output": _output,
    "usage": _usage,
    "error": _error,
}

READER = LineReader(format="json", row_like=_row_like, facts=_facts)
