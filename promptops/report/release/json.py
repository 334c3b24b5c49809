"""For programs: one object, described by `schemas/release.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.release import PromptChange, ReleasePlan, ReleaseProblem, ReleaseReport
from promptops.report.parts.json_text import json_text


def write(report: ReleaseReport, **_: object) -> str:
    """One JSON object, indented."""
    plan = report.plan
    return json_text(
        {
            "schema": 1,
            **(_NO_PLAN if plan is None else _plan(plan)),
            "state": report.state,
            "created": report.state == "created",
            "earlier": list(report.earlier),
            "pushed": report.pushed,
            "nothing": report.nothing or None,
            "problems": [_problem(problem) for problem in report.problems],
            "warnings": list(report.warnings),
        }
    )


def change_value(change: PromptChange) -> dict[str, Any]:
    """One prompt, for all reports that contain it."""
    return {
        "id": change.prompt,
        "before": str(change.before) if change.before else None,
        "after": str(change.after) if change.after else None,
        "bump": str(change.bump),
        "codes": list(change.codes),
    }


_NO_PLAN: dict[str, Any] = {
    "version": None,
    "tag": None,
    "tags": [],
    "commit": None,
    "base": None,
    "bump": "none",
    "required": "none",
    "reason": None,
    "signed": False,
    "content_sha256": None,
    "bundle_sha256": None,
    "notes": "",
    "prompts": [],
    "versions": {},
}


def _plan(plan: ReleasePlan) -> dict[str, Any]:
    record = plan.record
    return {
        "version": str(plan.version),
        "tag": record.tag,
        "tags": list(plan.tags),
        "commit": plan.commit,
        "base": record.base,
        "bump": str(plan.required if record.bump is None else record.bump),
        "required": str(plan.required),
        "reason": record.reason or None,
        "signed": plan.signed,
        "content_sha256": record.content,
        "bundle_sha256": record.bundle,
        "notes": record.notes,
        "prompts": [change_value(change) for change in record.changes],
        "versions": {name: str(version) for name, version in sorted(record.versions.items())},
    }


def _problem(problem: ReleaseProblem) -> dict[str, Any]:
    return {
        "message": problem.message,
        "hint": problem.hint,
        "details": list(problem.details),
    }
