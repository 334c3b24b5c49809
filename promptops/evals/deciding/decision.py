"""Whether a candidate is worse than its baseline, and what would settle an open decision.

The first stage looks at the mean difference, at 1, 3 and 6 repeats per case. What it leaves open
goes to the second: suspect cases get fresh answers, and fail by name. The probabilities of failing
a candidate that is not worse add up to 5%; in simulations to about half (tests/evals/deciding). An
arm of a comparison is decided by the first stage alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil, comb, fsum, isfinite, log, log1p, log2
from typing import Any, Literal

from promptops.evals.deciding.intervals import (
    Clusters,
    interval,
    mean,
    silent_loss,
    standard_error,
    student_quantile,
)
from promptops.model.arm import ArmVerdict
from promptops.plurals import counted
from promptops.records import record, replace

Verdict = Literal["pass", "fail", "inconclusive"]
Look = Literal[1, 2, 3]

DEFAULT_MARGIN = 0.03
REPEATS: tuple[int, ...] = (1, 3, 6)
"""The repeats of each case and arm at each look."""

_ALPHA_BY_LOOK = (0.005, 0.010, 0.015)
_FRESH_ANSWERS = 8  # to each suspect case, in each arm
_FRESH_ALPHA = 0.02
_MOST_SUSPECTS = 5  # with one more, a case with two right answers of 8 could not be significant
_SUSPECT_LOSS = 0.25  # the loss that makes a suspect; of graded scores, far less can be significant
_SCORE_UNITS = 10**9  # scores are counted in whole parts, so that equal sums are equal
_POWER = 0.8  # the chance to see the smallest visible loss
MOST_ADVISED_CASES = 50_000
"""A larger number of cases is no advice: a prompt can't have so many."""


@record(frozen=True, slots=True, kw_only=True)
class CaseScore:
    """The primary score of one test case, in both arms.

    Attributes:
        name: Unique in the decision.
        baseline: One score per repeat, 0 to 1; repeats without an answer are left out.
        candidate: The same; the n-th belongs to the n-th of the baseline.
        source: Cases of one source are not independent: one document, one conversation.
        fresh_baseline: Scores of answers requested after the case became a suspect. They are not
            repeats: the repeats made the case a suspect, so they can't also prove it.

    Raises:
        ValueError: A score is not a number from 0 to 1.
    """

    name: str
    baseline: tuple[float, ...]
    candidate: tuple[float, ...]
    source: str | None = None
    fresh_baseline: tuple[float, ...] = ()
    fresh_candidate: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        scores = *self.baseline, *self.candidate, *self.fresh_baseline, *self.fresh_candidate
        for score in scores:
            if not (isfinite(score) and 0 <= score <= 1):
                raise ValueError(f"case {self.name!r} has the score {score}, not one from 0 to 1")


@record(frozen=True, slots=True, kw_only=True)
class Needs:
    """What would settle the decision; one of three, whichever comes next.

    Attributes:
        repeats: This many per case and arm, including the existing ones; then decide again.
        suspects: Cases to request again, `fresh` times per arm; then decide again at the same look.
        fresh: Answers per arm for each suspect; 0 without suspects.
        cases: About this many cases would decide if the difference stays the same. More answers to
            the existing cases would not.
    """

    repeats: int | None = None
    suspects: tuple[str, ...] = ()
    fresh: int = 0
    cases: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether the candidate is worse. Scores are shares: .03 is three percentage points.

    Attributes:
        difference: Candidate minus baseline, the mean over cases.
        low: Each bound is wrong with the error probability of this look (.005, .010, .015). It is
            never closer to the difference than a loss that could appear in none of the answers.
        p: One-sided: the chance of a mean difference this low without a true difference.
        n: Cases with answers in both arms.
        repeats: The smallest number of repeats of any of them.
        smallest_visible: The smallest true loss that these answers show four times in five.
        margin: The acceptable loss.
        worst: Up to five cases that lost, the greatest loss first.
        culprits: Cases that fresh answers proved worse, if that decided; else empty.
        unpaired: Cases without an answer in at least one arm; they are not compared.
        needs: None once it is decided.
    """

    verdict: Verdict
    difference: float
    low: float
    high: float
    p: float
    n: int
    repeats: int
    worse: int
    better: int
    same: int
    smallest_visible: float
    margin: float
    worst: tuple[str, ...]
    culprits: tuple[str, ...]
    unpaired: tuple[str, ...]
    needs: Needs | None


def decide(
    cases: Sequence[CaseScore], look: Look, margin: float = DEFAULT_MARGIN, share: int = 1
) -> Decision:
    """Decide by the existing answers, or return what else is needed.

    Request what `needs` names and call again: with the next look for repeats, with the same one for
    suspects. The order of the cases does not matter, and answers beyond those of the look are
    ignored.

    Args:
        cases: With at least the repeats of this look each, as far as they are available.
        margin: The acceptable loss, above 0 and up to 1. A greater loss does not pass; one that is
            certainly a loss, and estimated at the margin or more, fails.
        share: The number of candidates that are compared with one baseline. It divides the error
            probabilities, so that those of all candidates together are those of one.

    Raises:
        ValueError: Two cases have one name, or the margin or the share is invalid.
    """
    _refuse_what_makes_no_sense(cases, margin, share)
    statistics = evidence(cases, REPEATS[look - 1], error_probability(look, share))
    verdict = _first_stage(statistics, margin)
    is_last_look = verdict == "inconclusive" and look == len(REPEATS)
    culprits = _significant_cases(_suspects(statistics)) if is_last_look else ()
    if culprits:
        verdict = "fail"
    return Decision(
        verdict=verdict,
        difference=statistics.difference,
        low=statistics.low,
        high=statistics.high,
        p=statistics.p,
        n=len(statistics.pairs),
        repeats=statistics.repeats,
        worse=statistics.count(-1),
        better=statistics.count(1),
        same=statistics.count(0),
        smallest_visible=smallest_visible(statistics, margin),
        margin=margin,
        worst=_case_names(_worst(statistics)),
        culprits=culprits,
        unpaired=tuple(case.name for case in cases if not (case.baseline and case.candidate)),
        needs=_needs(statistics, look, margin) if verdict == "inconclusive" else None,
    )


def error_probability(look: Look, share: int = 1) -> float:
    """The chance that a bound is wrong at this look, with so many candidates; see `decide`."""
    return _ALPHA_BY_LOOK[look - 1] / share


def _refuse_what_makes_no_sense(cases: Sequence[CaseScore], margin: float, share: int) -> None:
    if share < 1:
        raise ValueError(f"the share is {share}, not at least 1")
    if not 0 < margin <= 1:
        raise ValueError(f"the margin is {margin}, not above 0 and up to 1")
    names: set[str] = set()
    for case in cases:
        if case.name in names:
            raise ValueError(f"two cases are named {case.name!r}")
        names.add(case.name)


def _first_stage(statistics: Evidence, margin: float) -> Verdict:
    if statistics.high < 0 and spends_margin(statistics.difference, margin):
        return "fail"
    return "pass" if statistics.low > -margin else "inconclusive"


def spends_margin(difference: float, margin: float) -> bool:
    """Whether an observed difference is a loss of the margin or more."""
    # Rounded, because nine cases of 300 that lost a third each have lost exactly one point.
    return round(difference, 9) <= -margin


def _suspects(statistics: Evidence) -> tuple[ScoredPair, ...]:
    """The worst cases that lost much, and at least half of the greatest loss."""
    worst = _worst(statistics)
    return tuple(
        pair
        for pair in worst
        if pair.difference <= -_SUSPECT_LOSS and pair.difference <= worst[0].difference / 2
    )


def _worst(statistics: Evidence) -> tuple[ScoredPair, ...]:
    return tuple(pair for pair in statistics.pairs[:_MOST_SUSPECTS] if pair.difference < 0)


def _significant_cases(suspects: tuple[ScoredPair, ...]) -> tuple[str, ...]:
    significant = holm([_noninferiority_chance(pair.case) for pair in suspects], _FRESH_ALPHA)
    return _case_names(pair for pair, holds in zip(suspects, significant, strict=True) if holds)


def _noninferiority_chance(case: CaseScore) -> float:
    """The p value of the fresh answers of a case; 1 while some are missing."""
    before, after = case.fresh_baseline[:_FRESH_ANSWERS], case.fresh_candidate[:_FRESH_ANSWERS]
    if _lacks_fresh_answers(case) or fsum(after) - fsum(before) > -_SUSPECT_LOSS * _FRESH_ANSWERS:
        return 1.0
    return fisher(before, after)


def _lacks_fresh_answers(case: CaseScore) -> bool:
    return min(len(case.fresh_baseline), len(case.fresh_candidate)) < _FRESH_ANSWERS


def _needs(statistics: Evidence, look: Look, margin: float) -> Needs:
    if look < len(REPEATS):
        return Needs(repeats=REPEATS[look])
    missing = _case_names(pair for pair in _suspects(statistics) if _lacks_fresh_answers(pair.case))
    if missing:
        return Needs(suspects=missing, fresh=_FRESH_ANSWERS)
    return Needs(cases=cases_to_decide(statistics, margin))


def _case_names(pairs: Iterable[ScoredPair]) -> tuple[str, ...]:
    return tuple(pair.case.name for pair in pairs)


def fisher(before: Sequence[float], after: Sequence[float]) -> float:
    """Fisher's exact test, one-sided: the chance of so low a sum in `after` if both are alike.

    For scores of 0 and 1 it is Fisher's test; for graded ones the same test of their sum. The work
    doubles with every different score: meant for some 16.
    """
    scores = [round(score * _SCORE_UNITS) for score in (*before, *after)]
    observed = sum(scores[len(before) :])
    sums = Counter({(0, 0): 1})
    for score in scores:
        for (taken, total), count in list(sums.items()):
            if taken < len(after):
                sums[taken + 1, total + score] += count
    low = sum(
        count for (taken, total), count in sums.items() if taken == len(after) and total <= observed
    )
    return low / comb(len(scores), len(after))


def holm(chances: Sequence[float], alpha: float) -> tuple[bool, ...]:
    """Which of these p values are significant, in their order; a false one with chance `alpha`."""
    order = sorted(range(len(chances)), key=chances.__getitem__)
    significant: set[int] = set()
    for rank, index in enumerate(order):
        if chances[index] > alpha / (len(chances) - rank):
            break
        significant.add(index)
    return tuple(index in significant for index in range(len(chances)))


def reachable_look(cases: Sequence[CaseScore]) -> Look:
    """The last look for which every case has enough repeats in both arms."""
    fewest = min(min(len(case.baseline), len(case.candidate)) for case in cases)
    if fewest >= REPEATS[2]:
        return 3
    return 2 if fewest >= REPEATS[1] else 1


def next_look(look: Look) -> Look:
    """The look after this one; the last one is repeated."""
    return 2 if look == 1 else 3


def margin_of(evaluation: Mapping[str, Any]) -> float:
    """The margin of a prompt, as a share; its file states it in percentage points."""
    margin: float | None = evaluation.get("margin")
    return DEFAULT_MARGIN if margin is None else margin / 100


# Whether one arm of a comparison is worse than the reference.


def decide_arm(
    cases: Sequence[CaseScore],
    look: Look,
    margin: float = DEFAULT_MARGIN,
    share: int = 1,
    prompts: int = 1,
) -> Decision:
    """Decide by the mean difference alone: no suspect case gets fresh answers.

    The probability that any arm is accepted although its true loss is the margin is about 2.5%, for
    1 to 8 arms (simulated).

    Args:
        look, margin, share: As in `decide`; the share is the number of arms besides the reference.
        prompts: The number of compared prompts. One that is worse refutes an arm, and so do worse
            contracts: the upper bound is wrong with the chance alpha / (2 x share x prompts).
    """
    decision = decide(cases, look, margin, share)
    repeats = REPEATS[look - 1]
    refuting = evidence(cases, repeats, error_probability(look, 2 * share * prompts))
    decision = replace(decision, high=refuting.high)
    if decision.verdict == "pass" or (decision.verdict == "fail" and refuting.high < 0):
        return decision
    if look < len(REPEATS):
        needs = Needs(repeats=REPEATS[look])
    else:
        is_worse = spends_margin(decision.difference, decision.margin)
        accepting = evidence(cases, repeats, error_probability(look, share))
        needs = Needs(cases=cases_to_decide(refuting if is_worse else accepting, decision.margin))
    return replace(decision, verdict="inconclusive", needs=needs)


def arm_verdict(decision: Decision) -> ArmVerdict:
    """The decision in the words of a comparison; an arm that passes may also be better."""
    if decision.verdict == "pass":
        return "better" if decision.low > 0 else "not worse"
    return "worse" if decision.verdict == "fail" else "open"


# Statistics of the answers of both arms: the difference, and the effect that they can detect.


@record(frozen=True, slots=True, kw_only=True)
class ScoredPair:
    """A case with answers in both arms.

    Attributes:
        difference: Candidate minus baseline, over `repeats` scores per arm.
    """

    case: CaseScore
    repeats: int
    difference: float


@record(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All pairs at one look.

    Attributes:
        pairs: The greatest loss first; then by name.
        sources: The number of independent sources of the pairs.
        repeats: The smallest number of repeats of a pair; 0 without pairs.
        error: The standard error of the difference; infinite below two sources.
        low: Each bound is wrong with the chance `alpha`; -1 and 1 mean unbounded.
    """

    pairs: tuple[ScoredPair, ...]
    sources: int
    repeats: int
    difference: float
    error: float
    low: float
    high: float
    p: float
    alpha: float

    @property
    def answers(self) -> int:
        """The number of independent answers in each arm."""
        return self.sources * self.repeats

    def count(self, sign: int) -> int:
        """The pairs that are worse (-1), the same (0), better (1)."""
        return sum((pair.difference > 0) - (pair.difference < 0) == sign for pair in self.pairs)


def evidence(cases: Iterable[CaseScore], repeats: int, alpha: float) -> Evidence:
    """Compare up to this many repeats per case; a case without a pair of answers is left out."""
    found = [pair for case in cases if (pair := _pair(case, repeats))]
    # The drawn signs depend on an order, which must not be the order of the arguments.
    found.sort(key=lambda pair: (pair.difference, pair.case.name))
    clusters = clusters_of(found)
    fewest = min((pair.repeats for pair in found), default=0)
    difference, bounds = mean(clusters), interval(clusters, alpha)
    silent = silent_loss(len(clusters) * fewest, alpha)
    return Evidence(
        pairs=tuple(found),
        sources=len(clusters),
        repeats=fewest,
        difference=difference,
        error=standard_error(clusters),
        low=max(-1.0, min(bounds.low, difference - silent)),
        high=min(1.0, bounds.high),
        p=bounds.p,
        alpha=alpha,
    )


def _pair(case: CaseScore, most: int) -> ScoredPair | None:
    repeats = min(len(case.baseline), len(case.candidate), most)
    if not repeats:
        return None
    loss = (fsum(case.candidate[:repeats]) - fsum(case.baseline[:repeats])) / repeats
    return ScoredPair(case=case, repeats=repeats, difference=round(loss, 12))  # .1 + .2 - .3 is 0


def clusters_of(pairs: Iterable[ScoredPair]) -> Clusters:
    """The differences of the cases by source; a case without one is a source of its own."""
    clusters: dict[tuple[bool, str], list[float]] = {}
    for pair in pairs:
        case = pair.case
        key = (True, case.name) if case.source is None else (False, case.source)
        clusters.setdefault(key, []).append(pair.difference)
    return list(clusters.values())


def smallest_visible(statistics: Evidence, margin: float) -> float:
    """The smallest true loss that fails four times in five, by the observed spread.

    1 if there are too few cases to distinguish any loss from chance.
    """
    if statistics.sources < fewest_sources(statistics.alpha):
        return 1.0
    freedom = statistics.sources - 1
    # A smaller one than the margin does not fail, however certain.
    reach = max(student_quantile(1 - statistics.alpha, freedom) * statistics.error, margin)
    visible = reach + student_quantile(_POWER, freedom) * statistics.error
    return min(1.0, max(visible, silent_loss(statistics.answers, 1 - _POWER)))


def cases_to_decide(statistics: Evidence, margin: float) -> int:
    """About how many cases would decide at the same look if the difference stays the same."""
    cases = len(statistics.pairs)
    # To the bound that fails, or to the one that passes.
    fails = spends_margin(statistics.difference, margin)
    room = -statistics.difference if fails else margin + statistics.difference
    counts = [cases + 1, fewest_sources(statistics.alpha)]
    # Enough cases for a loss of that size to appear in at least one answer.
    counts.append(
        ceil(log(statistics.alpha) / log1p(-min(room, 0.99)) / max(statistics.repeats, 1))
    )
    if isfinite(statistics.error):
        reach = student_quantile(1 - statistics.alpha, statistics.sources - 1) * statistics.error
        counts.append(ceil(cases * (reach / room) ** 2))
    return max(counts)


def fewest_sources(alpha: float) -> int:
    """The minimum number of sources: with fewer, a loss in all of them could be chance."""
    return ceil(log2(1 / alpha))


# The decision in words.


def sentence(
    decision: Decision,
    *,
    cost_change: float | None = None,
    spent_usd: float | None = None,
    baseline: str | None = None,
) -> str:
    """The line of figures, in points: `-4.2 points [-6.5, -1.9] p=.003 n=200 k=3 · 9 worse, …`.

    Args:
        cost_change: Of an answer, as a share of the baseline's: .12 is 12% more.
        spent_usd: The cost of the answers of this run.
        baseline: The text after "baseline", safe to print.
    """
    parts = list(_figures(decision))
    if cost_change is not None:
        parts.append(f"cost {_without_empty_sign(100 * cost_change, '+.0f')}%")
    if spent_usd is not None:
        parts.append(f"${spent_usd:.2f}")
    if baseline is not None:
        parts.append(f"baseline {baseline}")
    return " · ".join(parts)


def _figures(decision: Decision) -> Iterator[str]:
    difference = in_points(decision.difference, decision.low, decision.high, unit=" points")
    yield f"{difference} p{_p_value(decision.p)} n={decision.n} k={decision.repeats}"
    yield f"{decision.worse} worse, {decision.better} better, {decision.same} same"
    if decision.unpaired:
        yield f"{len(decision.unpaired)} not compared"
    yield f"smallest visible effect {100 * decision.smallest_visible:.1f}"


def in_points(difference: float, low: float, high: float, unit: str = "") -> str:
    """A difference of shares with its interval, in points: `-4.2 [-6.5, -1.9]`."""
    bounds = [_without_empty_sign(100 * each, ".1f") for each in (low, high)]
    return f"{_without_empty_sign(100 * difference, '+.1f')}{unit} [{', '.join(bounds)}]"


def _without_empty_sign(number: float, form: str) -> str:
    """Formatted, without a sign if rounding leaves nothing."""
    text = format(number, form)
    return text if text.strip("+-0.") else text.lstrip("+-")


def _p_value(p: float) -> str:
    text = f"{p:.3f}"
    if text == "0.000":
        return "<.001"
    return f"={text.removeprefix('0')}" if p < 0.9995 else "=1"


def plain_sentence(decision: Decision, baseline: str, noun: str = "case") -> str:
    """Without statistics, in points: `4.2 points lower than main: 9 of 200 cases worse, 3 better`.

    Args:
        baseline: The name of the baseline, safe to print.
        noun: What is compared.
    """
    points = f"{100 * abs(decision.difference):.1f}"
    if float(points):
        side = "lower" if decision.difference < 0 else "higher"
        result = f"{points} points {side} than {baseline}"
    else:
        result = f"the same score as {baseline}"
    compared = counted(decision.n, noun)
    cases = [f"{decision.worse} of {compared} worse", f"{decision.better} better"]
    missing = len(decision.unpaired)
    return f"{result}: {', '.join([*cases, *([f'{missing} not compared'] if missing else [])])}"


def what_it_takes(needs: Needs, noun: str = "case") -> str:
    """What would settle an inconclusive decision; names no case.

    Args:
        noun: What is compared.
    """
    if needs.repeats is not None:
        return f"{needs.repeats} repeats per {noun}, on both sides, would give a clearer result"
    if needs.suspects:
        count = len(needs.suspects)
        whom = f"the suspect {noun}" if count == 1 else f"each of the {count} suspect {noun}s"
        return f"{needs.fresh} fresh answers to {whom}, on both sides, would give a clearer result"
    if needs.cases is not None and needs.cases > MOST_ADVISED_CASES:
        most = f"{MOST_ADVISED_CASES:,} {noun}s"
        return f"even {most} would not decide if the difference stays the same"
    return f"about {needs.cases} {noun}s would decide if the difference stays the same"


def proves_mutant(original: Sequence[bool], mutant: Sequence[bool]) -> bool:
    """Whether one case proves that a prompt is broken.

    The original keeps all contracts in three answers, and the mutant in none of three. In
    simulations with 200 cases, this calls a prompt that is not broken a mutant in 1.4% of runs if
    a tenth of the cases passes nine times in ten, and in 7.9% if it passes eight times in ten
    (tests/evals/deciding).

    Args:
        original: Whether each answer to the original keeps all contracts: the recorded one and two
            fresh ones.
        mutant: The same for the mutant, in the order of the requests.
    """
    answered = len(original) >= 3 and len(mutant) >= 3
    return answered and all(original) and not any(mutant[:3])
