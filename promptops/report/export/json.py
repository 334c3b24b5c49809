"""For programs: one object, described by `schemas/export.schema.json`."""

from __future__ import annotations

from promptops.model.exported import Export
from promptops.report.json import finding_value
from promptops.report.parts.json_text import json_text


def write(result: Export, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "format": result.format,
            "prompts": result.prompts,
            "files": [{"path": file.path, "state": file.state} for file in result.files],
            "findings": [finding_value(finding) for finding in result.findings],
        }
    )
