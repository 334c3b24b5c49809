"""The arms that no other arm beats in both cost and score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.model.arm import ArmComparison, ArmResult, PromptComparison
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class CostAndScore:
    """An arm as a point: cheaper is better, a higher score is better.

    Attributes:
        cost: USD per 1,000 requests.
        score: 0 to 1.
    """

    name: str
    cost: float
    score: float


def front(points: Iterable[CostAndScore]) -> tuple[str, ...]:
    """Names of the points that no other one beats, the cheapest first."""
    every = sorted(points, key=lambda point: (point.cost, -point.score))
    return tuple(each.name for each in every if not any(_beats(other, each) for other in every))


def _beats(other: CostAndScore, point: CostAndScore) -> bool:
    is_as_good = other.cost <= point.cost and other.score >= point.score
    return is_as_good and (other.cost < point.cost or other.score > point.score)


def points_of(prompt: PromptComparison) -> tuple[CostAndScore, ...]:
    """The arms with a cost and a score; in the order of the arms."""
    return tuple(
        CostAndScore(name=arm.name, cost=arm.cost_usd_1000, score=score)
        for arm in prompt.arms
        if arm.cost_usd_1000 is not None and (score := score_of(arm, prompt.arms)) is not None
    )


def score_of(arm: ArmResult, arms: Sequence[ArmResult]) -> float | None:
    """The score of an arm on the cases that it shares with the reference, 0 to 1.

    Without a primary score, it is the share of the cases in which it keeps all contracts.
    """
    reference = arms[0]
    if reference.score is None:
        return arm.contracts.kept / arm.contracts.of if arm.contracts.of else None
    if arm is reference:
        return reference.score
    return None if arm.difference is None else reference.score + arm.difference.value


def total_points(comparison: ArmComparison) -> tuple[CostAndScore, ...]:
    """The arms over all prompts: the total cost, and the mean of the scores."""
    costs = {total.name: total.cost_usd_1000 for total in comparison.totals}
    return tuple(
        CostAndScore(name=name, cost=cost, score=score)
        for name, cost in costs.items()
        if cost is not None and (score := _mean_score(name, comparison.prompts)) is not None
    )


def _mean_score(name: str, prompts: Sequence[PromptComparison]) -> float | None:
    """None if the score of a prompt is unknown."""
    found = [
        score_of(arm, prompt.arms) for prompt in prompts for arm in prompt.arms if arm.name == name
    ]
    known = [score for score in found if score is not None]
    return sum(known) / len(known) if known and len(known) == len(found) else None
