"""For programs: one object, described by `schemas/compare.schema.json`."""

from __future__ import annotations

import math
from typing import Any

from promptops.model.arm import (
    ArmAnswer,
    ArmComparison,
    ArmResult,
    ArmTotal,
    ComparedCase,
    ContractDecision,
    Latency,
    PromptComparison,
    Recommendation,
    TokenMeans,
    ValueInterval,
)
from promptops.report.parts.json_text import json_text
from promptops.report.test.json import answer_value, decided_value


def write(comparison: ArmComparison, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(compare_value(comparison))


def compare_value(comparison: ArmComparison) -> dict[str, Any]:
    """The object itself."""
    return {
        "schema": 1,
        "reference": comparison.reference,
        "kind": comparison.kind,
        "margin": _number(100 * comparison.margin),
        "contract_margin": _number(100 * comparison.contract_margin),
        "share": comparison.share,
        "prompts": [_prompt(prompt) for prompt in comparison.prompts],
        "totals": [_total(total) for total in comparison.totals],
        "fit": list(comparison.fit),
        "recommendation": _recommendation(comparison.recommendation),
        "pareto": list(comparison.pareto),
        "required": comparison.required or None,
        "stale": comparison.stale,
        "nothing": comparison.nothing or None,
        "left_out": list(comparison.left_out),
        "advice": comparison.advice or None,
        "ended": comparison.ended or None,
        "unasked": comparison.unasked,
        "commit": comparison.commit or None,
        "cost_usd": _number(comparison.cost_usd),
        "duration_s": _number(comparison.duration_s, 3),
    }


def _recommendation(found: Recommendation | None) -> dict[str, Any] | None:
    return None if found is None else {"arm": found.arm, "sentence": found.sentence}


def _prompt(prompt: PromptComparison) -> dict[str, Any]:
    return {
        "prompt": prompt.prompt,
        "score": prompt.score or None,
        "margin": _number(100 * prompt.margin),
        "contract_margin": _number(100 * prompt.contract_margin),
        "arms": [_arm(arm) for arm in prompt.arms],
        "pareto": list(prompt.pareto),
        "cases": [_case(case) for case in prompt.cases],
    }


def _arm(arm: ArmResult) -> dict[str, Any]:
    return {
        "name": arm.name,
        "kind": arm.kind,
        "model": arm.model or None,
        "params": dict(arm.params),
        "answered": arm.answered,
        "cases": arm.cases,
        "repeats": arm.repeats,
        "stale": arm.stale,
        "unpaired": list(arm.unpaired),
        "verdict": arm.verdict,
        "same_requests": arm.same_requests,
        "note": arm.note or None,
        "needs": arm.needs or None,
        "score": _optional(arm.score),
        "difference": _interval(arm.difference),
        "decision": decided_value(arm.decided) if arm.decided else None,
        "others": [decided_value(decided) for decided in arm.others],
        "contracts": _contracts(arm),
        "cost_usd_1000": _optional(arm.cost_usd_1000),
        "cost_ratio": _interval(arm.cost_ratio),
        "tokens": _tokens(arm.tokens),
        "latency_s": _latency(arm.latency),
        "problems": [
            {
                "case": case.name,
                "repeat": case.repeat,
                "reason": case.reason,
                **case.place.as_json(),
            }
            for case in arm.problems
        ],
    }


def _contracts(arm: ArmResult) -> dict[str, Any]:
    decision = arm.contract_decision
    return {
        "kept": arm.contracts.kept,
        "of": arm.contracts.of,
        "lost": list(decision.lost) if decision else [],
        "decision": _contract_decision(decision) if decision else None,
    }


def _contract_decision(decision: ContractDecision) -> dict[str, Any]:
    return {
        "verdict": decision.verdict,
        "difference": _interval(decision.difference),
        "cases": decision.cases,
        "sources": decision.sources,
        "repeats": decision.repeats,
        "won": decision.won,
        "never": list(decision.never),
        "unseen": _number(decision.unseen),
        "repeats_needed": decision.repeats_needed,
        "cases_needed": decision.cases_needed,
    }


def _interval(found: ValueInterval | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"value": _number(found.value), "low": _number(found.low), "high": _number(found.high)}


def _tokens(means: TokenMeans | None) -> dict[str, float] | None:
    if means is None:
        return None
    return {"input": _number(means.input, 1), "output": _number(means.output, 1)}


def _latency(latency: Latency | None) -> dict[str, Any] | None:
    if latency is None:
        return None
    return {
        "p50": _number(latency.p50, 3),
        "p95": _number(latency.p95, 3),
        "p50_low": _optional(latency.p50_low, 3),
        "p50_high": _optional(latency.p50_high, 3),
        "low": _optional(latency.low, 3),
        "high": _optional(latency.high, 3),
        "n": latency.n,
    }


def _case(case: ComparedCase) -> dict[str, Any]:
    return {
        "name": case.name,
        **case.place.as_json(),
        "messages": [{"role": each.role, "text": each.text} for each in case.messages],
        "answers": [_answer(answer) for answer in case.answers],
        "without": list(case.without),
    }


def _answer(found: ArmAnswer) -> dict[str, Any]:
    return {
        "arm": found.arm,
        "repeat": found.repeat,
        "answer": answer_value(found.answer) if found.answer else None,
        "source": found.source,
        "score": _optional(found.score),
        "violated": [{"type": kind, "reason": reason} for kind, reason in found.violated],
        "reason": found.reason or None,
        "cost_usd": _optional(found.cost_usd),
    }


def _total(total: ArmTotal) -> dict[str, Any]:
    return {
        "name": total.name,
        "cost_usd_1000": _optional(total.cost_usd_1000),
        "cost_ratio": _interval(total.cost_ratio),
        "cost_sources": total.cost_sources,
    }


def _optional(value: float | None, digits: int = 9) -> float | None:
    return None if value is None else _number(value, digits)


def _number(value: float, digits: int = 9) -> float:
    """A finite number; infinity, which JSON lacks, becomes 0."""
    return round(value, digits) if math.isfinite(value) else 0.0
