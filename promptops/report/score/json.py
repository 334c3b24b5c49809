"""For programs: one object, described by `schemas/score.schema.json`."""

from __future__ import annotations

from typing import Any

from promptops.model.arm import TokenMeans
from promptops.model.score import Alert, SampleCounts, Score, WrittenCases
from promptops.model.score_group import (
    AgainstVersion,
    AssertionRate,
    ResponseTime,
    ScoreGroup,
    ScoreMean,
    Share,
)
from promptops.report.parts.json_text import json_text


def write(score: Score, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(score_value(score))


def score_value(score: Score) -> dict[str, Any]:
    """The object itself."""
    return {
        "schema": 1,
        "by": list(score.by),
        "samples": _samples(score.samples),
        "left_out": [
            {"prompt": each.prompt, "type": each.type, "why": each.why, **each.place.as_json()}
            for each in score.left_out
        ],
        "groups": [_group(group) for group in score.groups],
        "alerts": [_alert(alert) for alert in score.alerts],
        "quiet": [_alert(alert) for alert in score.quiet],
        "idle": [
            {
                "metric": each.metric,
                "below": each.below,
                "above": each.above,
                "prompts": list(each.prompts),
                "optional": each.optional,
            }
            for each in score.idle
        ],
        "without_value": [
            {
                "metric": each.metric,
                "by": dict(each.by),
                "n": each.n,
                "threshold": each.threshold,
                "below": each.below,
                "why": each.why,
            }
            for each in score.without_value
        ],
        "cases": _cases(score.cases),
        "pack": score.pack or None,
        "nothing": score.nothing or None,
        "ended": score.ended or None,
        "failed": list(score.failed),
        "judged": score.judged,
        "unanswered": score.unanswered,
        "no_verdict": dict(score.no_verdict),
        "cost_usd": _number(score.cost_usd),
    }


def _samples(found: SampleCounts) -> dict[str, Any]:
    return {
        "read": found.read,
        "repeated": found.repeated,
        "unselected": found.unselected,
        "sampled": found.sampled,
        "scored": found.scored,
        "unjoined": dict(found.unjoined),
        "unjoined_samples": found.unjoined_samples,
        "by_id_only": found.by_id_only,
        "altered": found.altered,
        "broken": [
            {"path": each.path, "line": each.line, "column": each.column, "message": each.message}
            for each in found.broken
        ],
        "broken_lines": found.broken_lines,
        "lines": found.lines,
        "ignored": dict(found.ignored),
        "similar_keys": dict(found.similar_keys),
        "text_answers": found.text_answers,
        "json_answers": found.json_answers,
        "unwrapped_answers": found.unwrapped_answers,
        "without_answer": found.without_answer,
        "without_cost": found.without_cost,
    }


def _group(group: ScoreGroup) -> dict[str, Any]:
    return {
        "by": dict(group.by),
        "n": group.n,
        "effective": _number(group.effective, 1),
        "contracts": _share(group.contracts),
        "assertions": [_assertion(each) for each in group.assertions],
        "scores": [_score(each) for each in group.scores],
        "refusals": _share(group.refusals),
        "errors": _share(group.errors),
        "tokens": _tokens(group.tokens),
        "priced": group.priced,
        "cost_usd": _optional(group.cost_usd),
        "cost_usd_1000": _optional(group.cost_usd_1000),
        "budget_usd_1000": _optional(group.budget_usd_1000),
        "latency_s": _latency(group.latency_s),
        "against": _against(group.against),
        "few_conversations": group.few_conversations,
    }


def _share(found: Share) -> dict[str, Any]:
    return {
        "n": found.n,
        "count": found.count,
        "low": _optional(found.low),
        "high": _optional(found.high),
    }


def _assertion(found: AssertionRate) -> dict[str, Any]:
    return {
        "type": found.type,
        "place": found.place.as_json(),
        "must": found.must,
        "n": found.n,
        "held": found.held,
        "unscorable": found.unscorable,
        "low": _optional(found.low),
        "high": _optional(found.high),
    }


def _score(found: ScoreMean) -> dict[str, Any]:
    return {
        "name": found.name,
        "n": found.n,
        "mean": _number(found.mean),
        "low": _number(found.low),
        "high": _number(found.high),
    }


def _tokens(means: TokenMeans | None) -> dict[str, float] | None:
    if means is None:
        return None
    return {"input": _number(means.input, 1), "output": _number(means.output, 1)}


def _latency(found: ResponseTime | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"n": found.n, "p50": _number(found.p50, 3), "p95": _number(found.p95, 3)}


def _against(found: AgainstVersion | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "version": found.version,
        "metric": found.metric,
        "difference": _number(found.difference),
        "low": _number(found.low),
        "high": _number(found.high),
        "chance": _number(found.chance),
        "certain": found.certain,
    }


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "metric": alert.metric,
        "by": dict(alert.by),
        "n": alert.n,
        "value": _number(alert.value),
        "bound": _optional(alert.bound),
        "threshold": alert.threshold,
        "below": alert.below,
        "raised_from": _optional(alert.raised_from),
    }


def _cases(found: WrittenCases | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"file": found.file, "written": found.written, "skipped": found.skipped}


def _optional(value: float | None, digits: int = 9) -> float | None:
    return None if value is None else _number(value, digits)


def _number(value: float, digits: int = 9) -> float:
    return round(value, digits)
