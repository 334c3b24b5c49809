"""Prompts that a registry exports as JSON rows, each with a name and a version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Row = tuple[str, Mapping[str, Any]]
"""The JSON pointer of a row, and its value."""


def only_rows(rows: Iterable[Row], is_prompt: Callable[[Mapping[str, Any]], bool]) -> bool:
    """Whether there are rows, and each one is a prompt."""
    found = list(rows)
    return bool(found) and all(is_prompt(row) for _, row in found)


def chosen_versions(rows: Iterable[Row], weight: Callable[[Mapping[str, Any]], Any]) -> list[Row]:
    """Of each name the row with the greatest weight; of equal ones the first."""
    chosen: dict[str, Row] = {}
    for pointer, row in rows:
        known = chosen.get(row["name"])
        if known is None or weight(row) > weight(known[1]):
            chosen[row["name"]] = (pointer, row)
    return list(chosen.values())
