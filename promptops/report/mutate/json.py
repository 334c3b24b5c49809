"""For programs: one object, described by `schemas/mutate.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.mutant import (
    Kill,
    LiveTrial,
    Mutant,
    MutationCount,
    MutationRow,
    MutationRun,
)
from promptops.report.parts.json_text import json_text


def write(run: MutationRun, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(mutate_value(run))


def mutate_value(run: MutationRun) -> dict[str, Any]:
    """The object itself."""
    return {
        "schema": 1,
        **count_value(run.count),
        "fail_under": run.fail_under,
        "passed": not run.under,
        "operators": {
            operator: count_value(run.by_operator.get(operator, MutationCount()))
            for operator in run.operators
        },
        "since": run.since or None,
        "prompts": [_prompt(row) for row in run.rows if not row.partial],
        "partials": [_partial(row) for row in run.rows if row.partial],
        "left_out": list(run.left_out),
        "live": _live(run) if run.live else None,
        "nothing": run.nothing or None,
        "advice": run.advice or None,
        "duration_s": round(run.duration_s, 3),
    }


def count_value(count: MutationCount) -> dict[str, Any]:
    """The shares are in percent; None if nothing was tested."""
    return {
        "killed": count.killed,
        "quoted": count.quoted,
        "survived": count.survived,
        "unseen": count.unseen,
        "score": percent(count.score),
        "behaviour_score": percent(count.behaviour_score),
    }


def percent(share: float | None) -> float | None:
    """A share of 0 to 1 in percent."""
    return None if share is None else round(100 * share, 6)


def _live(run: MutationRun) -> dict[str, Any]:
    return {
        "untried": run.untried,
        "unanswered": run.unanswered,
        "unasked": run.unasked,
        "ended": run.ended or None,
        "interrupted": run.interrupted,
        "cost_usd": round(run.cost_usd, 9),
    }


def _prompt(row: MutationRow) -> dict[str, Any]:
    return {"prompt": row.name, **_row(row)}


def _partial(row: MutationRow) -> dict[str, Any]:
    return {"partial": row.name, **_row(row)}


def _row(row: MutationRow) -> dict[str, Any]:
    return {
        **row.place.as_json(),
        **count_value(row.count),
        "equivalent": row.equivalent,
        "ignored": row.ignored,
        "cases": row.cases,
        "tested_by": list(row.prompts),
        "nothing": row.nothing or None,
        "unreadable": row.unreadable,
        "internal": row.internal,
        "mutants": [_mutant(mutant) for mutant in row.mutants],
    }


def _mutant(mutant: Mutant) -> dict[str, Any]:
    return {
        "operator": mutant.operator,
        "place": mutant.place.as_json(),
        "before": mutant.before,
        "after": mutant.after,
        "change": mutant.change,
        "status": mutant.status,
        "by": _kill(mutant.by) if mutant.by is not None else None,
        "suggestion": mutant.suggestion or None,
        "in_changed_lines": mutant.in_changed_lines,
        "live": _trial(mutant.live) if mutant.live is not None else None,
    }


def _kill(kill: Kill) -> dict[str, Any]:
    return {
        "kind": kill.kind,
        "prompt": kill.prompt,
        "case": kill.case or None,
        "assertion": kill.assertion or None,
        "reason": kill.reason,
        "place": kill.place.as_json(),
        "quotes": kill.quotes,
    }


def _trial(trial: LiveTrial) -> dict[str, Any]:
    return {
        "cases": trial.cases,
        "answers": trial.answers,
        "changed": trial.changed,
        "note": trial.note or None,
    }
