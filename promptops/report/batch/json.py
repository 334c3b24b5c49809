"""For programs: one object, described by `schemas/batch.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.batch import BatchReport, BatchRow, UnansweredCase
from promptops.report.parts.json_text import json_text


def write(report: BatchReport, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(
        {
            "schema": 1,
            "action": report.action,
            "batches": [_batch(batch) for batch in report.batches],
            "answers": report.answers,
            "from_cache": report.from_cache,
            "outdated": report.outdated,
            "waiting": report.waiting,
            "judges_next": report.judges_next,
            "left": report.left,
            "ended": report.ended or None,
            "elsewhere": report.elsewhere,
            "unanswered": [_case(case) for case in report.unanswered],
            "refused": [_case(case) for case in report.refused],
            "cost_usd": report.cost_usd,
            "advice": report.advice or None,
        }
    )


def _batch(batch: BatchRow) -> dict[str, Any]:
    return {
        "id": batch.id or None,
        "profile": batch.profile,
        "model": batch.model,
        "state": batch.state,
        "requests": batch.requests,
        "done": batch.done,
        "answers": batch.answers,
        "ignored": batch.ignored,
        "reason": batch.reason or None,
        "file": batch.file or None,
    }


def _case(case: UnansweredCase) -> dict[str, Any]:
    return {
        "prompt": case.prompt,
        "case": case.case or None,
        "repeat": case.repeat,
        "reason": case.reason,
    }
