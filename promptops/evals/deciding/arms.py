"""Decide whether one arm of a comparison is worse than the reference."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.evals.deciding.decision import CaseScore, Decision, Needs
from promptops.evals.deciding.evidence import cases_to_decide, evidence
from promptops.evals.deciding.noninferiority import (
    DEFAULT_MARGIN,
    REPEATS,
    Look,
    Margin,
    decide,
    error_probability,
)
from promptops.model.arm import ArmVerdict
from promptops.records import replace


def decide_arm(
    cases: Sequence[CaseScore], look: Look, margin: Margin = DEFAULT_MARGIN, share: int = 1
) -> Decision:
    """Decide by the mean difference alone: no suspect case gets fresh answers.

    The probability that any arm is accepted although its true loss is the margin is about 2.5%, for
    1 to 8 arms (simulated).

    Args:
        look, margin, share: As in `decide`; the share is the number of arms besides the reference.
    """
    decision = decide(cases, look, margin, share)
    if decision.needs is None or not decision.needs.suspects:
        return decision
    statistics = evidence(cases, REPEATS[look - 1], error_probability(look, share))
    return replace(decision, needs=Needs(cases=cases_to_decide(statistics, decision.margin)))


def arm_verdict(decision: Decision) -> ArmVerdict:
    """The decision in the words of a comparison; an arm that passes may also be better."""
    if decision.verdict == "pass":
        return "better" if decision.low > 0 else "not worse"
    return "worse" if decision.verdict == "fail" else "open"
