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


def front_of(prompt: PromptComparison) -> tuple[str, ...]:
    """The front of one prompt; an arm without all of its answers is never on it."""
    complete = {arm.name for arm in prompt.arms if arm.complete}
    return front(point for point in points_of(prompt) if point.name in complete)


def points_of(prompt: PromptComparison) -> tuple[CostAndScore, ...]:
    """The arms with a cost and a score; in the order of the arms."""
    return tuple(
        CostAndScore(name=arm.name, cost=arm.cost_usd_1000, score=score)
        for arm in prompt.arms
        if arm.cost_usd_1000 is not None and (score := score_of(arm, prompt)) is not None
    )


def score_of(arm: ArmResult, prompt: PromptComparison) -> float | None:
    """The score of an arm on the cases that it shares with the reference, 0 to 1.

    For a prompt without measures, it is the share of the cases in which it keeps all contracts.
    """
    if not prompt.score:
        return arm.contracts.kept / arm.contracts.of if arm.contracts.of else None
    reference = prompt.arms[0]
    if arm is reference or reference.score is None:
        return reference.score if arm is reference else None
    if arm.difference is None:
        return None
    # The reference may have more answers than the difference is from.
    return min(1.0, max(0.0, reference.score + arm.difference.value))


def total_points(comparison: ArmComparison) -> tuple[CostAndScore, ...]:
    """The complete arms over all prompts: the total cost, and the mean of the scores."""
    incomplete = {
        arm.name for prompt in comparison.prompts for arm in prompt.arms if not arm.complete
    }
    costs = {
        total.name: total.cost_usd_1000
        for total in comparison.totals
        if total.name not in incomplete
    }
    return tuple(
        CostAndScore(name=name, cost=cost, score=score)
        for name, cost in costs.items()
        if cost is not None and (score := _mean_score(name, comparison.prompts)) is not None
    )


def _mean_score(name: str, prompts: Sequence[PromptComparison]) -> float | None:
    """None if the score of a prompt is unknown."""
    found = [score_of(arm, prompt) for prompt in prompts for arm in prompt.arms if arm.name == name]
    known = [score for score in found if score is not None]
    return sum(known) / len(known) if known and len(known) == len(found) else None
