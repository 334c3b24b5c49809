"""Prompts that a registry exports as JSON rows, each with a name and a version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from promptops.formats.source_file import SourceFile
from promptops.records import record

Row = tuple[str, Mapping[str, Any]]
"""The JSON pointer of a row, and its value."""


@record(frozen=True, slots=True, kw_only=True)
class RegistryRows:
    """The rows of one registry.

    Attributes:
        below: The keys that can have the list of rows; a list and a single row need none.
        is_prompt: Whether a row has the keys of this registry.
        weight: Of the rows with one name, the one with the greatest weight is read.
    """

    below: Sequence[str]
    is_prompt: Callable[[Mapping[str, Any]], bool]
    weight: Callable[[Mapping[str, Any]], Any]

    def of(self, file: SourceFile) -> list[Row]:
        """All rows of a JSON file; none unless each one is a prompt."""
        rows = self._listed(file.json.value)
        fits = all(isinstance(row, Mapping) and self.is_prompt(row) for _, row in rows)
        return rows if fits else []

    def chosen(self, file: SourceFile) -> list[Row]:
        """Of each name the row with the greatest weight; of equal ones the first."""
        chosen: dict[str, Row] = {}
        for pointer, row in self.of(file):
            known = chosen.get(row["name"])
            if known is None or self.weight(row) > self.weight(known[1]):
                chosen[row["name"]] = (pointer, row)
        return list(chosen.values())

    def _listed(self, value: Any, pointer: str = "") -> list[Row]:
        if isinstance(value, list):
            return [(f"{pointer}/{index}", row) for index, row in enumerate(value)]
        keys = (key for key in self.below if isinstance(value, Mapping) and _has(value, key))
        key = next(keys, None)
        return [(pointer, value)] if key is None else self._listed(value[key], f"/{key}")


def _has(value: Mapping[str, Any], key: str) -> bool:
    return isinstance(value.get(key), list)
