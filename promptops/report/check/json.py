"""For programs: one object, described by `schemas/check.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.check import CheckReport
from promptops.model.risk import Risk
from promptops.report.check.parts.rows import rows
from promptops.report.check.parts.verdict import verdict
from promptops.report.diff.json import diff_value
from promptops.report.parts.json_text import json_text
from promptops.report.parts.record_json import record_json
from promptops.report.probe.json import probe_value
from promptops.report.test.json import test_value


def write(report: CheckReport, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "verdict": verdict(report),
            "notes": list(report.notes),
            "bump": str(report.diff.bump) if report.diff is not None else None,
            "lint": record_json(report.lint),
            "diff": diff_value(report.diff) if report.diff is not None else None,
            "test": test_value(report.test),
            "probes": probe_value(report.probes) if report.probes is not None else None,
            "risks": [str(risk) for risk in report.risks],
            "risk_details": [_risk(risk) for risk in report.risks],
            "gate": [
                {"name": row.name, "passed": row.passed, "said": row.result} for row in rows(report)
            ],
            "refused": [
                {"prompt": prompt.id, "code": change.code, "fingerprint": change.fingerprint}
                for prompt, change in report.refused_changes
            ],
            "mutation": _mutation(report),
            "selected": [{"path": path, "why": why} for path, why in report.why.items()],
        }
    )


def _mutation(report: CheckReport) -> dict[str, Any] | None:
    run = report.mutation
    if run is None:
        return None
    return {
        **record_json(run.count),
        "survivors_in_changed_lines": [
            {"change": mutant.change, **mutant.place.as_json()}
            for mutant in run.survivors_in_changed_lines
        ],
        "left_out": report.unmutated,
    }


def _risk(risk: Risk) -> dict[str, Any]:
    return {
        "message": risk.message,
        "prompt": risk.prompt,
        "case": risk.case or None,
        "path": risk.place.path if risk.place is not None else None,
        "line": risk.place.line if risk.place is not None else None,
        "refused": risk.refused,
    }
