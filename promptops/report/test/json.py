"""Parts of a test run in the JSON of other commands."""

from __future__ import annotations

import math
from typing import Any

from promptops.model.answer import Answer
from promptops.model.test_run import Decided, Worse
from promptops.report.parts.json_text import json_data


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


def _number(value: float, digits: int = 9) -> float:
    """A finite number; infinity, which JSON lacks, becomes 0."""
    return round(value, digits) if math.isfinite(value) else 0.0
