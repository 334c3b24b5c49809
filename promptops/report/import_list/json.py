"""For programs: one object, described by `schemas/import-list.schema.json`."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.model.imported import Candidate
from promptops.report.parts.json_text import json_text


def write(candidates: Sequence[Candidate], **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "candidates": [
                {
                    "path": one.place.path,
                    "line": one.place.line,
                    "name": one.name,
                    "format": one.format,
                    "length": one.length,
                    "variables": list(one.variables),
                }
                for one in candidates
            ],
        }
    )
