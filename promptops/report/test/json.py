"""For programs: one object, described by `schemas/test.schema.json`."""

from __future__ import annotations

import math
from typing import Any

from promptops.model.answer import Answer
from promptops.model.test_run import AssertionResult, CaseRun, CoverageRow, Decided, TestRun, Worse
from promptops.report.parts.json_text import json_data, json_text


def write(run: TestRun, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(test_value(run))


def test_value(run: TestRun) -> dict[str, Any]:
    """The object itself, for reports that contain it."""
    return {
        "schema": 1,
        "summary": {
            "passed": run.count("passed"),
            "failed": run.count("failed"),
            "errors": run.count("error"),
            "stale": run.count("stale"),
            "unanswered": run.unanswered,
            "cost_usd": _number(run.cost_usd),
            "duration_s": _number(run.duration_s, 3),
        },
        "verdict": run.verdict,
        "nothing": run.nothing or None,
        "advice": run.advice or None,
        "ended": run.ended or None,
        "statistics": _statistics(run),
        "judges": [
            {
                "judge": judge.judge,
                "anchors": judge.anchors,
                "kappa": None if judge.kappa is None else _number(judge.kappa, 3),
                "kappa_low": None if judge.kappa_low is None else _number(judge.kappa_low, 3),
                "may_gate": judge.may_gate,
            }
            for judge in run.judges
        ],
        "cases": [case_value(case) for case in run.cases],
        "coverage": _coverage(run) if run.coverage else None,
    }


def _statistics(run: TestRun) -> dict[str, Any] | None:
    if not run.decided:
        return None
    decided = [decided_value(decision) for decision in run.decided]
    return {"baseline": run.baseline or None, "decided": decided}


def decided_value(decision: Decided) -> dict[str, Any]:
    """The decision on a score as an object, for reports that contain it."""
    return {
        "prompt": decision.prompt,
        "score": decision.score,
        "verdict": decision.verdict,
        "line": decision.line,
        "worst": [worse_value(worse) for worse in decision.worst],
        "culprits": list(decision.culprits),
        "gates": decision.gates,
    }


def worse_value(worse: Worse) -> dict[str, Any]:
    """A case that lost as an object, for reports that contain it."""
    return {
        "name": worse.name,
        "before": _number(worse.before),
        "after": _number(worse.after),
        "before_answer": answer_value(worse.before_answer),
        "after_answer": answer_value(worse.after_answer),
    }


def answer_value(answer: Answer) -> dict[str, Any]:
    """An answer as an object, for reports that contain it."""
    return {"output": answer.text, **_answer(answer)}


def case_value(case: CaseRun) -> dict[str, Any]:
    """One case as an object, for reports that contain it."""
    answer = case.answer
    return {
        "prompt": case.prompt,
        "name": case.name,
        "repeat": case.repeat,
        "status": case.status,
        "reason": case.reason or None,
        "infrastructure": case.infrastructure,
        **case.place.as_json(),
        "assertions": [_assertion(each) for each in case.assertions],
        "messages": [{"role": role, "text": text} for role, text in case.messages],
        "output": answer.text if answer else None,
        **(_answer(answer) if answer else dict.fromkeys(_OF_AN_ANSWER)),
        "source": case.source,
    }


_OF_AN_ANSWER = ("tool_calls", "finish_reason", "model", "fingerprint", "usage", "latency_s")


def _answer(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    latency = answer.latency_s
    return {
        "tool_calls": json_data(answer.tool_calls),
        "finish_reason": answer.finish_reason,
        "model": answer.model or None,
        "fingerprint": answer.fingerprint,
        "usage": {"input": usage.input, "output": usage.output, "cached": usage.cached},
        "latency_s": None if latency is None else _number(latency, 3),
    }


def _assertion(assertion: AssertionResult) -> dict[str, Any]:
    judged = assertion.status in ("passed", "failed")
    return {
        "type": assertion.type,
        "on": assertion.on,
        "status": assertion.status,
        "passed": assertion.status == "passed" if judged else None,
        "must": assertion.must,
        "score": assertion.score,
        "reason": assertion.reason,
        "compared": _compared(assertion.compared) if assertion.compared else None,
        **assertion.place.as_json(),
    }


def _compared(texts: tuple[str, str]) -> dict[str, str]:
    expected, got = texts
    return {"expected": expected, "got": got}


def _coverage(run: TestRun) -> dict[str, Any]:
    rows = run.coverage
    return {
        "covered": sum(row.covered for row in rows),
        "total": sum(row.total for row in rows),
        "fail_under": None if run.fail_under is None else _number(run.fail_under),
        "too_low": run.undercovered,
        "prompts": [_row(row) for row in rows],
    }


def _row(row: CoverageRow) -> dict[str, Any]:
    uncovered = [{**each.place.as_json(), "message": each.said} for each in row.uncovered]
    return {
        "prompt": row.prompt,
        "covered": row.covered,
        "total": row.total,
        "uncovered": uncovered,
    }


def _number(value: float, digits: int = 9) -> float:
    """A finite number; infinity, which JSON lacks, becomes 0."""
    return round(value, digits) if math.isfinite(value) else 0.0
