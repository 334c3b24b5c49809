"""For programs: one object, described by `schemas/diff.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.change import (
    ABSENT,
    CaseDiff,
    Change,
    DiffReport,
    PromptDiff,
    Seen,
    SeenPair,
    Witness,
)
from promptops.model.config import Waiver
from promptops.model.place import Place
from promptops.report.parts.json_text import json_data, json_text


def write(report: DiffReport, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(diff_value(report))


def diff_value(report: DiffReport) -> dict[str, Any]:
    """The object itself, for reports that contain it."""
    return {
        "schema": 1,
        "base": report.base,
        "head": report.head,
        "bump": str(report.bump),
        "before_version": report.before_version,
        "after_version": report.after_version,
        "risks": sorted({change.code for _, change in report.risks}),
        "tokenizer": report.tokenizer or None,
        "prompts": [_prompt(prompt) for prompt in report.prompts],
        "summary": {
            "changed": len(report.prompts),
            "compared": report.compared,
            "hidden": report.hidden,
        },
    }


def _prompt(prompt: PromptDiff) -> dict[str, Any]:
    return {
        "id": prompt.id,
        "before_id": prompt.before_id,
        "path": prompt.path,
        "state": prompt.state,
        "bump": str(prompt.bump),
        "before_version": prompt.before_version,
        "after_version": prompt.after_version,
        "via": list(prompt.via),
        "changes": [_change(change) for change in prompt.changes],
        "cases": [_case(case) for case in prompt.cases],
    }


def _place(place: Place) -> dict[str, Any]:
    return {"path": place.path, "line": place.line, "column": place.column}


def _change(change: Change) -> dict[str, Any]:
    values = {"before": change.before, "after": change.after}
    return {
        "code": change.code,
        "name": change.name,
        "level": change.level,
        "bump": str(change.bump),
        "path": change.path,
        "message": change.message,
        **{side: json_data(value) for side, value in values.items() if value is not ABSENT},
        "witness": _witness(change.witness) if change.witness else None,
        "warning": change.warning,
        "risk": change.risk or None,
        "place": _place(change.place) if change.place is not None else None,
        "via": list(change.via),
        "waiver": _waiver(change.waiver) if change.waiver else None,
        "fingerprint": change.fingerprint,
    }


def _witness(witness: Witness) -> dict[str, Any]:
    return {
        "kind": witness.kind,
        "value": json_data(witness.value),
        "case": witness.case,
        "reason": witness.reason,
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {"who": waiver.who, "reason": waiver.reason, "expires": waiver.expires.isoformat()}


def _case(case: CaseDiff) -> dict[str, Any]:
    before = None if case.before_error else [_message(p.before) for p in case.messages if p.before]
    after = None if case.after_error else [_message(p.after) for p in case.messages if p.after]
    return {
        "name": case.name,
        "rendered": {"before": before, "after": after},
        "errors": {"before": case.before_error or None, "after": case.after_error or None},
        "rest": list(case.rest),
        "output": _output(case.answer),
        "verdicts": list(case.verdicts),
        "tokens": {"before": case.before_tokens, "after": case.after_tokens},
        "cost_usd": {"before": case.before_usd, "after": case.after_usd},
    }


def _output(pair: SeenPair | None) -> dict[str, Any]:
    sides = (pair.before, pair.after) if pair is not None else (None, None)
    before, after = (message.text if message is not None else None for message in sides)
    return {"before": before, "after": after}


def _message(message: Seen) -> dict[str, Any]:
    return {"role": message.role, "text": message.text, "tokens": message.tokens}
