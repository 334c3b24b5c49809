"""JSON of untrusted lines: parsed strictly, and bounded in depth."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from promptops.source.compose import MAX_DEPTH
from promptops.source.json_lines import mistake_in
from promptops.source.traffic.line_error import LineError
from promptops.source.values import NO_JSON_NUMBER

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
