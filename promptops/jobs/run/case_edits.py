"""Add a test case to the text of a file; nothing else in the text changes.

Text has LF as newline. Each function returns None if the form of the file allows no addition.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from promptops.model.finding import Problem
from promptops.report.parts.visible import visible_line
from promptops.report.parts.yaml_text import yaml_text
from promptops.source.compose import compose
from promptops.source.csv_cases import rows
from promptops.source.lines import Lines
from promptops.source.nodes import end_of, find

Value = Mapping[str, Any]

_INDENT = 2
_UNFOLDED = 1_000_000


def added_to_lines(text: str, value: Value) -> str:
    """JSON Lines with one more line."""
    return f"{_ended(text)}{_json(value)}\n"


def added_to_table(lines: Lines, value: Value) -> str | None:
    """A table with one more row; None if it lacks a column."""
    table, problems = rows(lines)
    if not table or problems:
        return None
    fields: dict[str, str] = {"name": value["name"], "rendered": _json(value["rendered"])}
    header = [field.value for field in table[0]]
    for name, given in value["inputs"].items():
        if isinstance(given, str) and f"inputs.{name}" in header:
            fields[f"inputs.{name}"] = given
        else:
            fields[f"inputs.{name}:json"] = _json(given)
    if not fields.keys() <= set(header):
        return None
    row = StringIO()
    csv.writer(row, lineterminator="\n").writerow([fields.get(name, "") for name in header])
    return _ended(lines.text) + row.getvalue()


def missing_columns(lines: Lines, value: Value) -> list[str]:
    """The columns that a table lacks for a case."""
    table, _ = rows(lines)
    header = {field.value for field in table[0]} if table else set()
    wanted = ["name", *(f"inputs.{name}" for name in value["inputs"]), "rendered"]
    return [name for name in wanted if not {name, f"{name}:json"} & header]


def added_to_yaml(lines: Lines, pointer: str, value: Value) -> str | None:
    """YAML with one more item of the list at a pointer, which is "" or the pointer of a key."""
    root = compose(lines)
    if isinstance(root, Problem):
        return None
    found = find(root, pointer)
    text = lines.text
    if not found.exact:
        return f"{_ended(text)}{pointer.removeprefix('/')}:\n{_item(value, _INDENT)}"
    node = found.node
    if node.id == "sequence" and not node.flow_style:
        return _inserted(lines, end_of(node, text), "\n" + _item(value, node.start_mark.column))
    if node.id == "sequence" and node.value:
        end = node.value[-1].end_mark.index
        return f"{text[:end]}, {_json(value)}{text[end:]}"
    if found.key is None or node.id != "sequence":
        return None
    start, end = node.start_mark.index, node.end_mark.index  # `[]`
    item = "\n" + _item(value, found.key.start_mark.column + _INDENT).rstrip("\n")
    return text[:start].rstrip(" ") + item + text[end:]


def _inserted(lines: Lines, offset: int, addition: str) -> str:
    """The text with lines added after the line of an offset."""
    end = lines.line_end(max(offset - 1, 0))
    text = lines.text
    return text[:end] + addition.rstrip("\n") + (text[end:] or "\n")


def _item(value: Value, column: int) -> str:
    """An item of a block list, as whole lines."""
    written = yaml_text([value], width=_UNFOLDED)
    return "".join(f"{' ' * column}{line}\n" if line else "\n" for line in written.split("\n")[:-1])


def _json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if visible_line(text) == text else json.dumps(value)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def entry_file(tests: Any) -> str | None:
    """The case file that the last entry of `tests` names; None for a case in the prompt file."""
    last = tests[-1] if isinstance(tests, Sequence) and tests else None
    file = last.get("file") if isinstance(last, Mapping) else None
    return file if isinstance(file, str) else None
