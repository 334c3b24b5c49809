"""Which arm of a comparison to use, and which arms no other one beats in both cost and score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil, fsum

from promptops.evals.deciding.decision import MOST_ADVISED_CASES, in_points
from promptops.model.arm import (
    ArmComparison,
    ArmResult,
    ArmTotal,
    PromptComparison,
    Recommendation,
    ValueInterval,
)
from promptops.plurals import counted
from promptops.records import record, replace

WORTH_IT = 0.95
"""A cheaper arm is recommended up to this cost, as a share of the reference's."""

FEWEST_SOURCES = 10
"""With fewer independent cases, no arm is recommended: costs of so few prove little."""

_TIMES_FROM = 2.0  # from this ratio on, percent are hard to read
_MOST_TIMES = 1_000  # a bound beyond it says nothing


def concluded(comparison: ArmComparison) -> ArmComparison:
    """The comparison with fronts, fit arms and the recommendation, from its other fields."""
    prompts = tuple(replace(prompt, pareto=front_of(prompt)) for prompt in comparison.prompts)
    found = replace(comparison, prompts=prompts)
    fit = tuple(each.name for each in _alternatives(found) if _is_fit(each.name, prompts))
    found = replace(found, fit=fit, pareto=front(total_points(found)))
    return replace(found, recommendation=recommendation(found) if prompts else None)


def recommendation(comparison: ArmComparison) -> Recommendation:
    """The cheapest fit arm that costs at least 5% less than the reference, and why.

    Its interval must prove that it costs less at all, with at least ten independent cases, and a
    score must show that it is as good: contracts show only that it is not broken. A better arm that
    costs more, or hardly less, gets a second sentence and no advice.
    """
    chosen = _cheapest(comparison)
    scored = _scored(chosen.name, comparison.prompts) if chosen else []
    better = " ".join(_better_arms(comparison, chosen.name if chosen else ""))
    if chosen and scored:
        sentence = _reason(chosen, scored, comparison) + (f" {better}" if better else "")
        return Recommendation(arm=chosen.name, sentence=sentence)
    cheaper = chosen or _cheapest_of_few_cases(comparison)
    sentence = _too_little(cheaper, comparison) if cheaper else _no_reason(comparison)
    return Recommendation(
        arm=None,
        sentence=sentence + (f". {better}" if better else ""),
        cheaper=cheaper.name if cheaper else None,
    )


def _alternatives(comparison: ArmComparison) -> Sequence[ArmTotal]:
    return [total for total in comparison.totals if total.name != comparison.reference]


def _is_fit(name: str, prompts: Sequence[PromptComparison]) -> bool:
    results = list(_results(name, prompts))
    return len(results) == len(prompts) and all(result.fit for result in results)


def _results(name: str, prompts: Sequence[PromptComparison]) -> Iterator[ArmResult]:
    return (arm for _, arm in _by_prompt(name, prompts))


def _by_prompt(name: str, prompts: Sequence[PromptComparison]) -> Iterator[tuple[str, ArmResult]]:
    """The results of an arm, each with the id of its prompt."""
    return ((prompt.prompt, arm) for prompt in prompts for arm in prompt.arms if arm.name == name)


def _cheapest(comparison: ArmComparison) -> ArmTotal | None:
    return next(
        (
            total
            for ratio, total in _cheaper(comparison, comparison.fit)
            if ratio.high < 1 and total.cost_sources >= FEWEST_SOURCES
        ),
        None,
    )


def _cheapest_of_few_cases(comparison: ArmComparison) -> ArmTotal | None:
    """The cheapest arm that has all answers, and fewer than ten independent cases to be fit."""
    prompts = comparison.prompts
    undecided = [
        each.name
        for each in _alternatives(comparison)
        if 0 < each.cost_sources < FEWEST_SOURCES
        and not _is_fit(each.name, prompts)
        and all(arm.complete and not _is_refuted(arm) for arm in _results(each.name, prompts))
    ]
    cheaper = _cheaper(comparison, undecided)
    return next((total for ratio, total in cheaper if ratio.high < 1), None)


def _cheaper(
    comparison: ArmComparison, names: Sequence[str]
) -> list[tuple[ValueInterval, ArmTotal]]:
    """Those arms that seem to cost at least 5% less than the reference, the cheapest first."""
    found = [
        (total.cost_ratio, total)
        for total in _alternatives(comparison)
        if total.name in names and total.cost_ratio is not None
    ]
    cheaper = (each for each in found if each[0].value <= WORTH_IT)
    return sorted(cheaper, key=lambda each: each[0].value)


_Scored = Sequence[tuple[PromptComparison, ArmResult, ValueInterval]]


def _reason(chosen: ArmTotal, scored: _Scored, comparison: ArmComparison) -> str:
    assert chosen.cost_ratio is not None
    reference = comparison.reference
    claims = f"`{chosen.name}` costs {cost_change(chosen.cost_ratio)} than `{reference}`"
    contracts = _contract_claim(chosen.name, comparison) + _inputs_not_accepted(chosen, comparison)
    score = _score_claim(scored, comparison.share)
    return f"{claims} and {score}; it {contracts}. {_advice(chosen, comparison)}"


def _too_little(cheaper: ArmTotal, comparison: ArmComparison) -> str:
    """That an arm is cheaper, and what is missing for more."""
    assert cheaper.cost_ratio is not None
    name, prompts = cheaper.name, comparison.prompts
    contracts = _contract_claim(name, comparison) + _inputs_not_accepted(cheaper, comparison)
    missing = f"no score was compared. It {contracts}"
    if name not in comparison.fit:
        few = f"{counted(cheaper.cost_sources, 'independent case')}, at least {FEWEST_SOURCES}"
        missing = _what_would_decide([list(_by_prompt(name, prompts))]) or f"{few} are needed"
    costs = f"costs {cost_change(cheaper.cost_ratio)} than `{comparison.reference}`"
    return f"`{name}` {costs}; too little to say that it is as good: {missing}"


def _contract_claim(name: str, comparison: ArmComparison) -> str:
    """What is known of its contracts, by the prompt that shows least."""
    found = [
        (arm.contract_decision.unseen, prompt, arm.contract_decision)
        for prompt, arm in _by_prompt(name, comparison.prompts)
        if arm.contract_decision is not None
    ]
    if not found:
        return "has no contract to lose"
    unseen, prompt, _ = max(found, key=lambda each: each[:2])
    lost = sum(len(decision.lost) for *_, decision in found)
    cases = sum(decision.cases for *_, decision in found)
    where = f" in `{prompt}`" if found[1:] else ""
    return (
        f"loses a contract in {lost or 'none'} of {counted(cases, 'case')}"
        f" (up to {whole_percent(unseen)}% could break unseen{where})"
    )


def whole_percent(share: float) -> int:
    """A bound in percent, rounded up: it must not promise more than it is."""
    return ceil(round(100 * share, 6))


def _inputs_not_accepted(chosen: ArmTotal, comparison: ArmComparison) -> str:
    """Cases that could not be compared."""
    unpaired = sum(len(arm.unpaired) for arm in _results(chosen.name, comparison.prompts))
    return f", but does not accept the inputs of {counted(unpaired, 'case')}" if unpaired else ""


def cost_change(ratio: ValueInterval) -> str:
    """In words: `40% less [35, 45]`, `20% more [5, 45]`, `3.1 times as much [2.5, 3.8]`.

    Bounds on both sides have words, too: `20% less [60% less, 2.6 times as much]`.
    """
    if ratio.low < 1 < ratio.high:
        bounds = f"{_ratio_in_words(ratio.low)}, {_ratio_in_words(ratio.high)}"
        return f"{_ratio_in_words(ratio.value)} [{bounds}]"
    if ratio.value >= _TIMES_FROM:
        return f"{_ratio_in_words(ratio.value)} [{ratio.low:.1f}, {ratio.high:.1f}]"
    low, high = sorted(_percent(each) for each in (ratio.low, ratio.high))
    return f"{_ratio_in_words(ratio.value)} [{low}, {high}]"


def _ratio_in_words(ratio: float) -> str:
    if ratio > _MOST_TIMES:
        return f"over {_MOST_TIMES:,} times as much"
    if ratio >= _TIMES_FROM:
        return f"{ratio:.1f} times as much"
    return f"{_percent(ratio)}% {'less' if ratio <= 1 else 'more'}"


def _percent(ratio: float) -> int:
    return round(100 * abs(ratio - 1))


def _scored(
    name: str, prompts: Sequence[PromptComparison]
) -> list[tuple[PromptComparison, ArmResult, ValueInterval]]:
    """The prompts with a decision on a score, the greatest loss first."""
    found = [
        (prompt, arm, arm.difference)
        for prompt in prompts
        for arm in prompt.arms
        if prompt.score and arm.name == name and arm.difference is not None
    ]
    return sorted(found, key=lambda each: each[2].value)


def _score_claim(scored: _Scored, share: int) -> str:
    prompt, arm, difference = scored[0]
    figures = (
        f"{in_points(difference.value, difference.low, difference.high)},"
        f" n={arm.cases} k={arm.repeats}, {counted(share, 'arm')}"
    )
    is_better = all(result.verdict == "better" for _, result, _ in scored)
    margin = max(each.margin for each, _, _ in scored)
    claim = "is better" if is_better else f"is not worse by more than {100 * margin:g} points"
    if len(scored) == 1:
        return f"{claim} ({figures})"
    return f"{claim} in {len(scored)} prompts (least in `{prompt.prompt}`: {figures})"


def _advice(chosen: ArmTotal, comparison: ArmComparison) -> str:
    if comparison.kind == "model":
        return f"Write `model: {{profile: {chosen.name}}}`."
    if comparison.kind == "revision":
        return f"Use the prompt as of `{chosen.name}`."
    return f"Use the prompt `{chosen.name}`."


def _no_reason(comparison: ArmComparison) -> str:
    """Why no arm is recommended."""
    if not comparison.fit:
        return _nothing_proved(comparison)
    unpriced = [
        total.name
        for total in _alternatives(comparison)
        if total.name in comparison.fit and total.cost_ratio is None
    ]
    if unpriced:
        return f"no recommendation by cost: {_unpriced(unpriced, comparison)}"
    cheaper = _cheaper(comparison, comparison.fit)
    if cheaper:
        return _unproved(*cheaper[0], comparison)
    return f"no fit arm costs at least 5% less than `{comparison.reference}`"


def _unproved(ratio: ValueInterval, total: ArmTotal, comparison: ArmComparison) -> str:
    """That an arm may be cheaper, but its cases do not prove it."""
    costs = f"`{total.name}` may cost less than `{comparison.reference}` ({cost_change(ratio)})"
    if total.cost_sources < FEWEST_SOURCES:
        few = counted(total.cost_sources, "independent case")
        return f"{costs}, but {few} can't prove it: at least {FEWEST_SOURCES} are needed"
    cases = counted(sum(arm.cases for arm in _results(total.name, comparison.prompts)), "case")
    return f"{costs}, but {cases} do not prove it"


def _unpriced(names: Sequence[str], comparison: ArmComparison) -> str:
    costs = {total.name: total.cost_usd_1000 for total in comparison.totals}
    unknown = [name for name in (comparison.reference, *names) if costs.get(name) is None]
    if costs.get(comparison.reference) == 0:
        return f"`{comparison.reference}` costs nothing"
    if not unknown:
        return "there are too few cases to compare costs"
    return f"the cost of {', '.join(f'`{name}`' for name in unknown)} is unknown"


def _nothing_proved(comparison: ArmComparison) -> str:
    results = [
        list(_by_prompt(each.name, comparison.prompts)) for each in _alternatives(comparison)
    ]
    kept = [own for own in results if not any(_is_refuted(arm) for _, arm in own)]
    arms = [arm for own in kept for _, arm in own]
    if not any(results):
        return "no arm could be compared"
    if not any(arm.verdict == "open" for arm in arms):
        return f"no arm is fit: each is worse than `{comparison.reference}`"
    missing = sum(arm.stale for arm in (*arms, *_results(comparison.reference, comparison.prompts)))
    needs = f"{counted(missing, 'answer')} missing" if missing else _what_would_decide(kept)
    return f"no arm is proved good enough{f': {needs}' if needs else ''}"


def _is_refuted(arm: ArmResult) -> bool:
    """Whether no further answer could make the arm fit."""
    return arm.verdict == "worse"


def _what_would_decide(arms: Sequence[Sequence[tuple[str, ArmResult]]]) -> str:
    """What the arm needs that needs the fewest cases; or "".

    An arm must be fit in every prompt, so it needs what its most demanding prompt needs.
    """
    found = []
    for own in arms:
        needing = [(each.cases_needed or 0, name, each.needs) for name, each in own if each.needs]
        if needing:
            found.append((*max(needing), len(needing), len(own)))
    if not found:
        return ""
    cases, prompt, needs, count, prompts = min(found)
    if 0 < cases <= MOST_ADVISED_CASES:
        needs = f"about {cases:,} cases would decide"
    where = f" in `{prompt}`" if prompts > 1 else ""
    others = f", and {counted(count - 1, 'more prompt')} {'is' if count == 2 else 'are'} open"
    return needs + where + (others if count > 1 else "")


def _better_arms(comparison: ArmComparison, chosen: str) -> Iterator[str]:
    """A sentence for each better arm that is fit and not recommended."""
    for total in _alternatives(comparison):
        scored = _scored(total.name, comparison.prompts)
        is_better = scored and all(arm.verdict == "better" for _, arm, _ in scored)
        if total.name == chosen or total.name not in comparison.fit or not is_better:
            continue
        claim = _score_claim(scored, comparison.share)
        cost = f"costs {cost_change(total.cost_ratio)}" if total.cost_ratio else "has no known cost"
        yield f"`{total.name}` {claim} and {cost}."


# The arms that no other arm beats in both cost and score.


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

    For a prompt without measures, it is that of its contracts: the share of the cases in which they
    are kept.
    """
    reference = prompt.arms[0]
    if prompt.score:
        base, difference = reference.score, arm.difference
    else:
        base, difference = _kept_share(reference), _contract_difference(arm)
    if arm is reference or base is None:
        return base if arm is reference else None
    # The reference may have more answers than the difference is from.
    return None if difference is None else min(1.0, max(0.0, base + difference.value))


def _kept_share(reference: ArmResult) -> float | None:
    contracts = reference.contracts
    return contracts.kept / contracts.of if contracts.of else None


def _contract_difference(arm: ArmResult) -> ValueInterval | None:
    """None if it is unknown."""
    if arm.same_requests:
        return arm.difference
    return arm.contract_decision.difference if arm.contract_decision else None


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
    return fsum(known) / len(known) if known and len(known) == len(found) else None
