"""A value as YAML that people edit: texts of several lines as blocks, short values on one line.

`report/parts/yaml_text.py` is the other writer: it shows a value line by line and makes each
character visible; here a file keeps its characters, and has the style of a file written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.patterns import lazy_pattern

WIDTH = 100
_PLAIN = lazy_pattern(r"[A-Za-z_/][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_NOT_TEXT = frozenset(
    ("null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity")
)
_NO_BLOCK = lazy_pattern(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ud800-\\udfff\\ufffe\\uffff]"
)
_ESCAPED = lazy_pattern("[\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ud800-\\udfff\\ufffe\\uffff]")


def yaml_file(value: Mapping[str, Any]) -> str:
    """The mapping as a YAML 1.2 document, keys in their order, one newline at the end."""
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def fits_block(text: str) -> bool:
    """Whether YAML can hold a text in a `|` block: without control characters, not only blanks."""
    return _NO_BLOCK.search(text) is None and bool(text.strip(" \n"))


def flow(value: Any) -> str:
    """A value on one line; strings are quoted where YAML needs it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """A string, number, boolean or None on one line."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    if "\\" in quoted and "\n" not in value and not _NO_BLOCK.search(value):
        return "'" + value.replace("'", "''") + "'"  # lint accepts no escapes in a template
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{scalar(key)}:", item, indent)


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    """A key or a dash with its value, on one line where that is short."""
    if isinstance(value, str) and "\n" in value and fits_block(value):
        yield from _block(head, value, f"{indent}  ")
        return
    line = f"{head} {flow(value)}"
    short = len(line) <= WIDTH and not _has_lines(value) and _is_small(value)
    if not isinstance(value, Mapping | list | tuple) or not value or short:
        yield line
    elif isinstance(value, Mapping):
        yield head
        yield from _mapping(value, f"{indent}  ")
    else:
        yield head
        for item in value:
            yield from _item(item, f"{indent}  ")


def _item(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        line = f"{indent}- {flow(value)}"
        if len(line) <= WIDTH and not _has_lines(value):
            yield line
            return
        first, *rest = _mapping(value, f"{indent}  ")
        yield f"{indent}- {first.strip()}"
        yield from rest
    else:
        yield from _entry(f"{indent}-", value, indent)


def _block(head: str, text: str, indent: str) -> Iterator[str]:
    body = text.rstrip("\n")
    ending = len(text) - len(body)
    keep = "-" if ending == 0 else "" if ending == 1 else "+"
    first = body.lstrip("\n")
    sign = "2" if first[:1] in (" ", "\t") or body[:1] == "\n" else ""
    yield f"{head} |{sign}{keep}"
    for line in body.split("\n"):
        yield f"{indent}{line}" if line else ""
    yield from [""] * (ending - 1)


def _has_lines(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_lines(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_has_lines(item) for item in value)
    return isinstance(value, str) and "\n" in value and fits_block(value)


def _is_small(value: Any) -> bool:
    """Whether a value reads well on one line: no mappings below the second level."""
    if isinstance(value, Mapping):
        return not any(isinstance(item, Mapping) and item for item in value.values())
    return not isinstance(value, list | tuple) or not any(isinstance(one, Mapping) for one in value)
