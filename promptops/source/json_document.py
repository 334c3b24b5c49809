"""A JSON file as a value with places: schemas and tools that prompts use."""

from __future__ import annotations

from typing import Any

from promptops.model.finding import Problem
from promptops.source.conflicts import explained
from promptops.source.document import Document, decode
from promptops.source.json_lines import read_value, scan
from promptops.source.lines import Lines


def read_json(path: str, data: bytes) -> Document:
    """Parse a file with one JSON value. Never raises; `problems` has all mistakes."""
    text, problems = decode(path, data)
    lines = Lines(path, text)
    if problems:
        return Document(lines, None, None, problems)
    value, problems = read_value(lines, 0, len(text))
    if any(problem.code == "SCH001" for problem in problems):
        return Document(lines, None, None, explained(problems, lines))
    return Document(lines, scan(text, 0, len(text)), value, problems)


def json_value(path: str, data: bytes) -> tuple[Any, tuple[Problem, ...]]:
    """The value without places, which is faster, and the problems; None if it can't be parsed."""
    text, problems = decode(path, data)
    if problems:
        return None, tuple(problems)
    lines = Lines(path, text)
    value, problems = read_value(lines, 0, len(text))
    return value, tuple(explained(problems, lines))
