"""Values of logs and exports as fields of a sample; unusable ones become None or ""."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from promptops.model.answer import Usage
from promptops.source.traffic.json_values import embedded, json_line, shallow
from promptops.source.traffic.line_error import LineError

_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, which is the last that Python's dates have."""

_LONGEST = 20
"""Digits of a time in a string."""

_MOST_TOKENS = 2**53
_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 1000))
"""From which number on a time counts nanoseconds, microseconds or milliseconds, not seconds."""


def text(value: Any) -> str:
    """A string, or a number as written; "" for anything else."""
    if isinstance(value, str):
        return value
    return "" if isinstance(value, bool) or not isinstance(value, (int, float)) else str(value)


def number(value: Any) -> float | None:
    """A finite number, not negative; also in a string."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= 0 else None


def count(value: Any) -> int | None:
    """A number of tokens."""
    if type(value) is int and 0 <= value <= _MOST_TOKENS:
        return value
    found = number(value)
    return None if found is None or found > _MOST_TOKENS else int(found)


def instant(value: Any) -> float | None:
    """Seconds since 1970 UTC of a number, an ISO 8601 string or a datetime."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) < _LONGEST else _moment(value)
    if isinstance(value, datetime):
        zoned = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        value = zoned.timestamp()
    if number(value) is None:
        return None
    unit = next((unit for least, unit in _UNITS if value >= least), 1)
    return value / unit if value / unit <= _LAST_SECOND else None  # exact, also of nanoseconds


def duration_s(start: Any, end: Any) -> float | None:
    """The seconds between two times, as `instant` reads them; None if one is unknown."""
    first, last = instant(start), instant(end)
    return None if first is None or last is None or last < first else round(last - first, 6)


def usage(tokens: Any, answered: Any, cached: Any) -> Usage | None:
    """Counts of tokens; None if neither input nor output was counted."""
    known = count(tokens), count(answered)
    if known == (None, None):
        return None
    return Usage(input=known[0] or 0, output=known[1] or 0, cached=count(cached) or 0)


def answer(value: Any) -> str | None:
    """The text of an answer; JSON data is written as JSON."""
    return value if value is None or isinstance(value, str) else json_line(value)


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, which may be JSON in a string; an empty one for anything else."""
    found = embedded(value)
    return found if isinstance(found, dict) else {}


def items(value: Any) -> Sequence[Any]:
    """A list, which may be JSON in a string; an empty one for anything else."""
    found = embedded(value)
    return found if isinstance(found, list) else ()


def tool_calls(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Tool calls of any API, as `model.answer.Answer` has them."""
    return tuple(_tool_calls(items(value)))


def messages(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Messages as in `model.request.Request`: of a chat, or of OpenTelemetry, with `parts`."""
    return tuple(message(each) for each in items(value) if isinstance(each, dict))


def joined(content: Any) -> str:
    """A string, or the joined texts of a list of parts."""
    if isinstance(content, list):
        return "".join(map(_text_of, content))
    return content if isinstance(content, str) else ""


def content(value: Any) -> str:
    """Text, or the joined texts of a list of parts in JSON; other JSON is the text itself."""
    parts = embedded(value)
    if isinstance(parts, list) and all(isinstance(part, dict) and "type" in part for part in parts):
        return joined(parts)
    return as_text(value)


def as_text(value: Any) -> str:
    """A string as it is, JSON data as JSON; "" for None, and for data that is nested too deeply."""
    try:
        return "" if value is None else value if isinstance(value, str) else json_line(value)
    except LineError:
        return ""


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written.strip())
    except ValueError:
        return None


def _tool_calls(listed: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
    for each in listed:
        call = each.get("function", each) if isinstance(each, dict) else None
        if isinstance(call, dict) and isinstance(call.get("name"), str):
            given: Any = next((call[key] for key in _ARGUMENTS if call.get(key) is not None), {})
            yield {"name": call["name"], "arguments": _arguments(given)}


def _arguments(given: Any) -> Any:
    """JSON data, or the text of what is not JSON or is nested too deeply."""
    try:
        return shallow(embedded(given), "tool_calls")
    except LineError:
        return as_text(given)


_ARGUMENTS = ("arguments", "input", "args")


def message(written: Mapping[str, Any]) -> Mapping[str, Any]:
    """One message; see `messages`."""
    role, content = written.get("role"), written.get("content")
    if isinstance(role, str) and isinstance(content, str) and len(written) == 2:
        return written
    found = {"role": text(role) or "user", **_of_parts(embedded(written.get("parts")), content)}
    if "tool_calls" in written and (calls := tool_calls(written["tool_calls"])):
        found["tool_calls"] = calls
    if "tool_call_id" in written and (identity := text(written["tool_call_id"])):
        found["tool_call_id"] = identity
    return found


def _of_parts(parts: Any, content: Any) -> dict[str, Any]:
    """Content and tool calls of the parts of a message; its content without any."""
    if not isinstance(parts, list):
        return {"content": joined(content)}
    if len(parts) == 1 and (only := _plain_text(parts[0])) is not None:
        return {"content": only}  # most messages
    found: dict[str, Any] = {"content": joined(parts)}
    calls = [part for part in parts if isinstance(part, dict) and part.get("type") in _CALLS]
    if not calls:
        return found
    if called := tool_calls([call for call in calls if call["type"] == "tool_call"]):
        found["tool_calls"] = called
    for response in (call for call in calls if call["type"] == "tool_call_response"):
        found["content"] += as_text(response.get("response", response.get("result")))
        found["tool_call_id"] = text(response.get("id"))
    return found


_CALLS = ("tool_call", "tool_call_response")


def _plain_text(part: Any) -> str | None:
    """The content of a part of plain text; None for any other part."""
    content = part.get("content") if isinstance(part, dict) and part.get("type") == "text" else None
    return content if isinstance(content, str) else None


def _text_of(part: Any) -> str:
    """The text of a part; "" of a picture, a tool call or a model's thoughts."""
    if isinstance(part, dict) and part.get("type", "text") in _TEXT_TYPES:
        return next((part[key] for key in _TEXT_KEYS if isinstance(part.get(key), str)), "")
    return part if isinstance(part, str) else ""


_TEXT_TYPES = ("text", "input_text", "output_text", "refusal")
_TEXT_KEYS = ("content", "text", "refusal")
