"""Parts of a test run in the JSON of other commands."""

from __future__ import annotations

import math
from typing import Any

from promptops.model.answer import Answer
from promptops.model.test_run import AssertionResult, CaseRun, Decided, TestRun, Worse
from promptops.report.parts.json_text import json_data
from promptops.report.parts.record_json import record_json


def test_value(run: TestRun) -> Any:
    """The object of `promptops test`, for reports that contain it."""
    return record_json(run)


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
        "messages": [record_json(each) for each in case.messages],
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
        "compared": record_json(assertion.compared),
        **assertion.place.as_json(),
    }


def _number(value: float, digits: int = 9) -> float:
    """A finite number; infinity, which JSON lacks, becomes 0."""
    return round(value, digits) if math.isfinite(value) else 0.0
