"""For programs: one object, described by `schemas/probe-run.schema.json`."""

from __future__ import annotations

import math
from typing import Any

from promptops.model.probe_run import (
    AttackRate,
    BiasResult,
    FamilyRate,
    ProbedCase,
    ProbeRun,
    PromptProbes,
)
from promptops.report.parts.json_text import json_text
from promptops.report.test.json import case_value, decided_value


def write(run: ProbeRun, **_: object) -> str:
    """One JSON object, indented."""
    return json_text(probe_value(run))


def probe_value(run: ProbeRun) -> dict[str, Any]:
    """The object itself, for reports that contain it."""
    return {
        "schema": 1,
        "library": run.library,
        "verdict": run.verdict,
        "attacked": run.rate.n,
        **_rate(run.rate),
        "stale": run.stale,
        "baseline": run.baseline or None,
        "nothing": run.nothing or None,
        "advice": run.advice or None,
        "ended": run.ended or None,
        "unanswered": run.unanswered,
        "unasked": run.unasked,
        "cost_usd": _number(run.cost_usd),
        "duration_s": _number(run.duration_s, 3),
        "families": [_family(each) for each in run.families],
        "prompts": [_prompt(each) for each in run.prompts],
        "decided": [decided_value(each.decided) for each in run.prompts if each.decided],
        "cases": [_case(each) for each in run.cases],
        "skipped": [
            {
                "id": each.id or None,
                "family": each.family or None,
                "prompt": each.prompt,
                "input": each.input or None,
                "why": each.why,
            }
            for each in run.skipped
        ],
        "problems": [
            {"prompt": each.prompt, "reason": each.reason, **each.place.as_json()}
            for each in run.problems
        ],
    }


def _rate(rate: AttackRate) -> dict[str, Any]:
    return {
        "succeeded": rate.succeeded,
        "rate": _number(rate.share) if rate.n else None,
        "low": _number(rate.low),
        "high": _number(rate.high),
    }


def _counted(rate: AttackRate) -> dict[str, Any]:
    return {"n": rate.n, **_rate(rate)}


def _family(found: FamilyRate) -> dict[str, Any]:
    return {"family": found.family, "owasp": list(found.owasp), **_counted(found.rate)}


def _prompt(found: PromptProbes) -> dict[str, Any]:
    kept, judged = found.kept
    return {
        "prompt": found.prompt,
        "inputs": list(found.inputs),
        "attacked": found.attacked,
        "stale": found.stale,
        **_rate(found.rate),
        "max": found.max,
        "kept": {"kept": kept, "of": judged},
        "families": [_family(each) for each in found.families],
        "matrix": [
            {"family": cell.family, "input": cell.input, **_counted(cell.rate), "stale": cell.stale}
            for cell in found.matrix
        ],
        "bias": _bias(found.bias) if found.bias is not None else None,
        "failures": list(found.failures),
        "unused": list(found.unused),
        "self_judged": list(found.self_judged),
    }


def _bias(found: BiasResult) -> dict[str, Any]:
    return {
        "decision": found.decision,
        **_counted(found.rate),
        "attributes": [{"attribute": name, **_counted(rate)} for name, rate in found.attributes],
        "directions": [
            {"value": each.value, "first": each.first, "second": each.second, "p": _number(each.p)}
            for each in found.directions
        ],
    }


def _case(found: ProbedCase) -> dict[str, Any]:
    return {
        **case_value(found.run),
        "probe": found.probe,
        "family": found.family,
        "owasp": found.owasp,
        "input": found.input,
        "succeeded": found.succeeded,
        "kept": found.kept,
        "accepted": found.accepted,
    }


def _number(value: float, digits: int = 9) -> float:
    """A finite number; infinity, which JSON lacks, becomes 0."""
    return round(value, digits) if math.isfinite(value) else 0.0
