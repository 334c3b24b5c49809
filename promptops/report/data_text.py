"""Records and other values as JSON and YAML."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Set
from datetime import date
from enum import Enum
from functools import cache
from math import isfinite
from typing import Any

from promptops.model.change import ABSENT
from promptops.patterns import lazy_pattern
from promptops.records.outputs import may_be_absent, shown_fields, shown_properties
from promptops.report.visible import visible_line

_BEYOND_ASCII = lazy_pattern("[^\x00-\x7e]")


def json_text(value: Any, indent: int | None = 2) -> str:
    """A value as JSON in ASCII, with a newline at the end.

    A lone surrogate, which strict parsers refuse even as an escape, becomes the six characters of
    its escape.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    text = _BEYOND_ASCII.sub(lambda found: _escape(found[0]), text)
    # The logs of GitHub and Azure run `##[error]` and `##vso[...]` in a line as commands. Outside
    # of strings, JSON contains no `#`.
    return text.replace("##", "#\\u0023") + "\n"


def _escape(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return f"\\\\u{code:04x}"
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


_DEEPEST = 200
TOO_DEEP = "… (nested too deeply)"


def json_data(value: Any, room: int = _DEEPEST) -> Any:
    """The same value as JSON data; unknown types (a date, infinity) become strings.

    Deeper levels become `TOO_DEEP`, because Python's JSON writer is recursive.
    """
    if isinstance(value, Mapping | list | tuple) and not room:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return {str(key): json_data(item, room - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_data(item, room - 1) for item in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


# Writes any record as JSON: an object with its fields, under their names.
#
# | value | JSON |
# |---|---|
# | a record, such as a place | an object |
# | `str` with the default "" | null when empty |
# | enum | its value |
# | `float` | 9 digits; null if it is not finite |
# | date, time | ISO 8601 |
# | mapping; sequence; set | object; array; sorted array |
# | a field whose type contains `Any` or `object` | data of the user |
# | `ABSENT` | no key |
#
# `promptops.records.outputs` has the declarations that change this.

_DIGITS = 9
_OF_THE_USER = lazy_pattern(r"\b(Any|object)\b")
Writer = Callable[[Any], Any]
"""From a value that is not a record to JSON."""


def write_json(result: Any, **_: object) -> str:
    """The result of a command as one JSON object, indented."""
    return json_text(record_json(result))


def record_json(value: Any) -> Any:
    """A value as JSON data; a record as an object."""
    kind: Any = type(value)
    if kind is str or kind is bool or kind is int or value is None:
        return value
    if hasattr(kind, "__as_text__"):
        return str(value)
    return _object(value) if hasattr(kind, "__record_fields__") else _writer(kind)(value)


def _object(record: Any) -> dict[str, Any]:
    kind: Any = type(record)
    if hasattr(kind, "__private__"):
        raise TypeError(f"{kind.__name__} is private")
    version = getattr(kind, "__output__", None)
    found: dict[str, Any] = {} if version is None else {"schema": version}
    for name, write_value in _keys(kind):
        value = getattr(record, name)
        if value is not ABSENT:
            found[name] = write_value(value)
    return found


@cache
def _keys(kind: Any) -> tuple[tuple[str, Writer], ...]:
    """The keys of the object of a record, with how the value of each is written."""
    found: list[tuple[str, Writer]] = []
    for each in shown_fields(kind):
        writer: Writer = (lambda text: text or None) if may_be_absent(each) else record_json
        found.append((each.name, json_data if _OF_THE_USER.search(str(each.type)) else writer))
    return (*found, *((name, record_json) for name, _ in shown_properties(kind)))


@cache
def _writer(kind: Any) -> Writer:
    for parent, writer in _WRITERS:
        if issubclass(kind, parent):
            return writer
    raise TypeError(f"{kind.__name__} has no form in JSON")


def _number(value: float) -> float | None:
    return round(value, _DIGITS) if isfinite(value) else None


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(record_json(key)): record_json(item) for key, item in value.items()}


_WRITERS: tuple[tuple[Any, Writer], ...] = (
    (Enum, lambda value: value.value),
    (float, _number),
    (str, str),
    (int, int),
    (date, date.isoformat),
    (Mapping, _mapping),
    (Set, lambda value: sorted(map(record_json, value))),
    ((tuple, list), lambda value: [record_json(item) for item in value]),
)
"""The first kind that a value is decides; of records and JSON's own types `record_json` does."""


# A value as YAML for people: strings of several lines as blocks, invisible characters escaped.
#
# `formats/prompt_file.py` is the other writer: it writes whole files in the style of files written
# by hand, with short values on one line; here each value has its line, so that a diff shows one
# value.

_EXPONENT = lazy_pattern(r"[-+.\d][\d.]*[eE][-+]?\d+")


def yaml_text(value: object, *, width: int = 100) -> str:
    """The value, with keys in their order; plain and quoted strings are folded at `width`."""
    import yaml

    fast: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(fast):  # type: ignore[misc]  # known only when it runs
        pass

    def text(dumper: Any, data: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=_style(data))

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=width)
    return "".join(f"{visible_line(line)}\n" for line in dumped.split("\n")[:-1])


def _style(data: str) -> str | None:
    """How a string is written; None for plain, or quoted if YAML 1.1 requires it."""
    if any(visible_line(line) != line for line in data.split("\n")):
        return '"'  # the style in which characters can be escaped
    if "\n" in data:
        # A block that keeps its last blank lines would keep those that are written after it, too.
        return '"' if data == "\n" or data.endswith("\n\n") else "|"
    # `1e3` is a number in YAML 1.2 and a string in YAML 1.1, which PyYAML writes.
    return '"' if _EXPONENT.fullmatch(data) else None
