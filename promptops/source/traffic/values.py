"""Values of samples: JSON that is read, and errors with their line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from promptops.model.answer import Usage
from promptops.source.json_lines import mistake_in
from promptops.source.values import NO_JSON_NUMBER
from promptops.source.yaml_nodes import MAX_DEPTH

_LAST_SECOND = 253_402_300_799
"""The end of the year 9999, which is the last that Python's dates have."""

_TIME_DIGITS = 20
"""Digits of a time in a string."""

_MOST_TOKENS = 2**53
_TIME_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 1000))
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
        value = int(value) if value.isdecimal() and len(value) < _TIME_DIGITS else _moment(value)
    if isinstance(value, datetime):
        zoned = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        value = zoned.timestamp()
    if number(value) is None:
        return None
    unit = next((unit for least, unit in _TIME_UNITS if value >= least), 1)
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
    calls = [part for part in parts if isinstance(part, dict) and part.get("type") in _CALL_PARTS]
    if not calls:
        return found
    if called := tool_calls([call for call in calls if call["type"] == "tool_call"]):
        found["tool_calls"] = called
    for response in (call for call in calls if call["type"] == "tool_call_response"):
        found["content"] += as_text(response.get("response", response.get("result")))
        found["tool_call_id"] = text(response.get("id"))
    return found


_CALL_PARTS = ("tool_call", "tool_call_response")


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


# JSON of untrusted lines: parsed strictly, and bounded in depth.

TOO_DEEP = "nested too deeply"
_LONGEST_INTEGER = 300
"""Characters; a float can represent every shorter integer."""


def value_of_line(line: bytes) -> Any:
    """The JSON value of a line; raises LineError with the column of the mistake.

    Half of a surrogate pair, as in an answer that was cut off in a character, becomes U+FFFD.
    """
    try:
        return json_value(line.decode())
    except UnicodeDecodeError as error:
        column = len(line[: error.start].decode()) + 1
        raise LineError("not UTF-8", column=column) from None


def json_value(text: str) -> Any:
    """The same of a string."""
    try:
        value = _DECODER.decode(text)
        return _whole_characters(value) if "\\ud" in text or "\\uD" in text else value
    except json.JSONDecodeError as error:
        message, offset = mistake_in(text, error)
        raise LineError(message, column=offset + 1) from None
    except RecursionError:
        raise LineError(TOO_DEEP) from None


def embedded(value: Any) -> Any:
    """The value of JSON in a string; everything else, such as plain text, unchanged."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return json_value(value)
    except LineError:
        return value


def shallow(value: Any, key: str) -> Any:
    """The value unchanged; raises LineError if it is nested deeper than templates can be given."""
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_DEPTH + 1):
        level = [
            item
            for container in level
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, (dict, list))
        ]
        if not level:
            return value
    raise LineError(f"`{key}` is nested deeper than {MAX_DEPTH} levels", key=key)


def json_line(value: Any) -> str:
    """A value as JSON in one line, for an answer that a log has as JSON data."""
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        raise LineError(TOO_DEEP) from None


def _no_constant(name: str) -> NoReturn:
    raise LineError(f"JSON has no `{name}`")


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise LineError(NO_JSON_NUMBER)
    return int(digits)


def _float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise LineError(NO_JSON_NUMBER)
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_float, parse_int=_integer)


def _whole_characters(value: Any) -> Any:
    """The same value without halves of surrogate pairs."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
    return [_whole_characters(item) for item in value] if isinstance(value, list) else value


# Why a line, or a row of a table, has no sample.


class LineError(Exception):
    """A line that can't be read; caught where the lines of a part are read.

    Attributes:
        message: Lower case, no full stop, without text of the line.
        column: 1-based, in characters.
        key: The key whose value is wrong, or ""; then `column` is computed from it.
    """

    def __init__(self, message: str, *, column: int = 1, key: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.key = key


# Attributes in OTLP/JSON: `{"key", "value": {"stringValue": …}}`.


def attributes_of(listed: Any) -> dict[str, Any]:
    """From the name of each attribute to its value as JSON data; see `plain`."""
    try:
        found = {
            each["key"]: value["stringValue"]
            if "stringValue" in (value := each["value"])
            else plain(value)
            for each in listed or ()
        }
    except (KeyError, TypeError):
        found = {None: None}
    return found if set(map(type, found)) <= _ONLY_STRINGS else dict(_usable(listed))


def plain(value: Any) -> Any:
    """A value as JSON data; None for bytes and for anything that is not a value."""
    if isinstance(value, dict):
        for kind, inner in value.items():
            read = _OTLP_KINDS.get(kind)
            if read is not None:
                return read(inner)
    return None


_ONLY_STRINGS = {str}


def _usable(listed: Any) -> list[tuple[str, Any]]:
    """What can be read of a list with mistakes."""
    if not isinstance(listed, list):
        return []
    found = [(each.get("key"), each.get("value")) for each in listed if isinstance(each, dict)]
    return [(key, plain(value)) for key, value in found if isinstance(key, str)]


def _string(value: Any) -> Any:
    return value if isinstance(value, str) else None


def integer(value: Any) -> int | None:
    """64 bits, which JSON writes as a string; None for anything else."""
    try:
        return int(value) if len(str(value)) <= _TIME_DIGITS else None
    except (TypeError, ValueError):
        return None


def _double(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _bool(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _array(value: Any) -> list[Any]:
    listed = value.get("values") if isinstance(value, dict) else None
    return [plain(each) for each in listed] if isinstance(listed, list) else []


def _kvlist(value: Any) -> dict[str, Any]:
    listed = value.get("values") if isinstance(value, dict) else None
    return attributes_of(listed)


_OTLP_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "stringValue": _string,
    "intValue": integer,
    "doubleValue": _double,
    "boolValue": _bool,
    "arrayValue": _array,
    "kvlistValue": _kvlist,
}
