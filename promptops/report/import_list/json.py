"""For programs: one object, described by `schemas/import-list.schema.json`."""

from __future__ import annotations

from promptops.model.imported import CandidateList
from promptops.report.import_.parts.left_out import left_out_values
from promptops.report.parts.json_text import json_text
from promptops.report.parts.record_json import record_json


def write(result: CandidateList, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "candidates": [
                {
                    "path": one.place.path,
                    "line": one.place.line,
                    "id": one.id,
                    "name": one.name,
                    "format": one.format,
                    "length": one.length,
                    "variables": list(one.variables),
                }
                for one in result.candidates
            ],
            "findings": [record_json(finding) for finding in result.findings],
            "left_out": left_out_values(result.left_out),
        }
    )
