"""For programs: one object, described by `schemas/drift.schema.json`."""

from __future__ import annotations

import math
from typing import Any

from promptops.model.answer import Answer
from promptops.model.night import (
    Chart,
    Drift,
    DriftBlame,
    HistoryProblem,
    Night,
    ProfileDrift,
    PromptDrift,
    Visible,
)
from promptops.model.test_run import CaseRun, Worse
from promptops.report.drift.parts import facts
from promptops.report.parts.json_text import json_data, json_text


def write(drift: Drift, *, exit_code: int, **_: object) -> str:
    """One JSON object, indented.

    Args:
        exit_code: Of the command.
    """
    return json_text(drift_value(drift, exit_code))


def drift_value(drift: Drift, exit_code: int) -> dict[str, Any]:
    """The object itself."""
    return {
        "schema": 1,
        "release": drift.release or None,
        "channel": drift.channel or None,
        "headline": facts.headline(drift),
        "prompts": [_prompt(prompt) for prompt in drift.prompts],
        "profiles": [_profile(profile) for profile in drift.profiles],
        "history": drift.history,
        "broken": [_broken(problem) for problem in drift.broken],
        "problems": [_problem(case) for case in drift.problems],
        "unpushed": drift.unpushed or None,
        "warnings": list(drift.warnings),
        "accepted": list(drift.accepted),
        "nothing": drift.nothing or None,
        "advice": drift.advice or None,
        "ended": drift.ended or None,
        "unanswered": drift.unanswered,
        "unasked": drift.unasked,
        "cost_usd": _number(drift.cost_usd),
        "duration_s": _number(drift.duration_s, 3),
        "exit": exit_code,
    }


def _prompt(prompt: PromptDrift) -> dict[str, Any]:
    main = facts.main_chart(prompt)
    return {
        "prompt": prompt.prompt,
        "score": prompt.score,
        "verdict": prompt.verdict,
        "since": facts.since(prompt) or None,
        "line": prompt.line,
        "night": _night(prompt.night),
        "nights": len(facts.counting(prompt)),
        **_levels(main),
        "charts": [{"name": chart.name, **_levels(chart)} for chart in prompt.charts],
        "visible": _visible(prompt.visible),
        "blame": _blame(prompt.blame),
        "worst": [_worse(worse) for worse in prompt.worst],
    }


def _worse(worse: Worse) -> dict[str, Any]:
    return {
        "name": worse.name,
        "before": _number(worse.before),
        "after": _number(worse.after),
        "before_answer": _answer(worse.before_answer),
        "after_answer": _answer(worse.after_answer),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    return {
        "output": answer.text,
        "tool_calls": json_data(answer.tool_calls),
        "finish_reason": answer.finish_reason,
        "model": answer.model or None,
        "fingerprint": answer.fingerprint,
        "usage": {"input": usage.input, "output": usage.output, "cached": usage.cached},
        "latency_s": _optional(answer.latency_s, 3),
    }


def _levels(chart: Chart | None) -> dict[str, Any]:
    found = chart.baseline if chart else None
    return {
        "baseline": {"mean": _number(found.mean), "se": _number(found.se)} if found else None,
        "ewma": _optional(chart.ewma if chart else None),
        "limit": _optional(chart.limit if chart else None),
    }


def _night(night: Night) -> dict[str, Any]:
    judge, confirmed = night.judge, night.confirmed
    return {
        "at": night.at,
        "release": night.release,
        "prompt": night.prompt,
        "digest": night.digest,
        "score": night.score,
        "format": night.format,
        "n": night.n,
        "k": night.k,
        "mean": _optional(night.mean),
        "within": _optional(night.within),
        "kept": night.kept,
        "of": night.of,
        "same": _optional(night.same),
        "models": list(night.models),
        "fingerprints": list(night.fingerprints),
        "profile": night.profile,
        "tokens": [_number(each) for each in night.tokens],
        "latency_s": [_number(each, 3) for each in night.latency_s] if night.latency_s else None,
        "cost_usd": _optional(night.cost_usd),
        "judge": {"id": judge.id, "kappa": _optional(judge.kappa)} if judge else None,
        "confirmed": {
            "score": _optional(confirmed.score),
            "contracts": _optional(confirmed.contracts),
        }
        if confirmed
        else None,
        "verdict": night.verdict,
        "reason": night.reason or None,
    }


def _visible(found: Visible | None) -> dict[str, Any] | None:
    return None if found is None else {"points": _number(found.points), "nights": found.nights}


def _blame(found: DriftBlame | None) -> dict[str, Any] | None:
    return None if found is None else {"who": found.who, "why": list(found.why)}


def _profile(profile: ProfileDrift) -> dict[str, Any]:
    return {
        "profile": profile.profile,
        "prompts": list(profile.prompts),
        "ewma": _optional(profile.ewma),
        "limit": _number(profile.limit),
        "verdict": profile.verdict,
    }


def _broken(problem: HistoryProblem) -> dict[str, Any]:
    return {"message": problem.message, **problem.place.as_json()}


def _problem(case: CaseRun) -> dict[str, Any]:
    return {
        "prompt": case.prompt,
        "case": case.name or None,
        "reason": case.reason,
        **case.place.as_json(),
    }


def _optional(value: float | None, digits: int = 9) -> float | None:
    return None if value is None else _number(value, digits)


def _number(value: float, digits: int = 9) -> float:
    """A finite number; infinity, which JSON lacks, becomes 0."""
    return round(value, digits) if math.isfinite(value) else 0.0
