"""For programs: one object, described by `schemas/import.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.imported import Import, ImportedPrompt
from promptops.report.json import finding_value
from promptops.report.parts.json_text import json_text


def write(result: Import, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "prompts": [_prompt(prompt) for prompt in result.prompts],
            "findings": [finding_value(finding) for finding in result.findings],
            "unknown": list(result.unknown),
            "summary": _summary(result),
        }
    )


def _prompt(prompt: ImportedPrompt) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "path": prompt.path,
        "source": prompt.source,
        "format": prompt.format,
        "state": prompt.state,
        "messages": prompt.messages,
        "inputs": prompt.inputs,
        "cases": prompt.cases,
        "files": list(prompt.files),
        "losses": prompt.losses,
    }


def _summary(result: Import) -> dict[str, int]:
    lossless = sum(prompt.losses == 0 for prompt in result.prompts)
    return {
        "files": result.files,
        "skipped": result.skipped,
        "prompts": len(result.prompts),
        "without_loss": lossless,
        "with_loss": len(result.prompts) - lossless - result.refused,
        "refused": result.refused,
    }
