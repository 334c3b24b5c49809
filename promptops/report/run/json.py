"""`schemas/run.schema.json`: the answers with their usage, cost, times and results."""

from __future__ import annotations

from typing import Any

from promptops.model.prompt_run import ModelAnswer, PromptRun
from promptops.model.test_run import AssertionResult
from promptops.report.parts.json_text import json_text


def write(run: PromptRun, **_: object) -> str:
    """One JSON object: `schemas/run.schema.json`."""
    return json_text(
        {
            "schema": 1,
            "prompt": run.prompt,
            "path": run.path,
            "revision": run.revision,
            "case": run.case,
            "inputs": dict(run.inputs),
            "interrupted": run.interrupted,
            "cost_usd": run.cost_usd,
            "saved_in": run.saved_in or None,
            "answers": [_answer(answer) for answer in run.answers],
        }
    )


def _answer(answer: ModelAnswer) -> dict[str, Any]:
    got = answer.answer
    return {
        "profile": answer.profile,
        "provider": answer.provider,
        "model": (got.model if got is not None else "") or answer.model,
        "complete": got is not None,
        "problem": answer.problem or None,
        "text": answer.text,
        "tool_calls": [dict(call) for call in got.tool_calls] if got is not None else [],
        "finish_reason": got.finish_reason if got is not None else None,
        "usage": _usage(answer),
        "cost_usd": answer.cost_usd,
        "duration_s": answer.duration_s,
        "first_text_s": answer.first_text_s,
        "status": answer.status,
        "reason": answer.reason or None,
        "assertions": [_result(result) for result in answer.assertions],
    }


def _usage(answer: ModelAnswer) -> dict[str, int] | None:
    if answer.answer is None:
        return None
    usage = answer.answer.usage
    return {"input": usage.input, "output": usage.output, "cached": usage.cached}


def _result(result: AssertionResult) -> dict[str, Any]:
    return {
        "type": result.type,
        "on": result.on,
        "status": result.status,
        "must": result.must,
        "score": result.score,
        "reason": result.reason,
        "path": result.place.path,
        "line": result.place.line,
        "column": result.place.column,
    }
