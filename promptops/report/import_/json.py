"""For programs: one object, described by `schemas/import.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.imported import Import, ImportedPrompt, ImportedSource
from promptops.report.import_.parts.left_out import left_out_values
from promptops.report.parts.json_text import json_text
from promptops.report.parts.record_json import record_json


def write(result: Import, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "sources": [_source(source) for source in result.sources],
            "findings": [record_json(finding) for finding in result.findings],
            "profiles": {name: dict(profile) for name, profile in result.profiles.items()},
            "left_out": left_out_values(result.left_out),
            "summary": _summary(result),
        }
    )


def _source(source: ImportedSource) -> dict[str, Any]:
    return {
        "path": source.path,
        "format": source.format,
        "prompts": [_prompt(prompt) for prompt in source.prompts],
    }


def _prompt(prompt: ImportedPrompt) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "path": prompt.path,
        "format": prompt.format,
        "state": prompt.state,
        "messages": prompt.messages,
        "inputs": prompt.inputs,
        "cases": prompt.cases,
        "files": list(prompt.files),
        "has_model": prompt.has_model,
        "losses": prompt.losses,
        "notes": prompt.notes,
    }


def _summary(result: Import) -> dict[str, int]:
    return {
        "files": result.files,
        "skipped": result.skipped,
        "prompts": result.total,
        "without_loss": result.without_loss,
        "with_loss": result.with_loss,
        "refused": result.refused,
    }
