"""The data for a decision, and the decision."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Literal

from promptops.plurals import counted
from promptops.records import record

Verdict = Literal["pass", "fail", "inconclusive"]


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
        margin: The acceptable loss, as it was applied.
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
        parts.append(f"cost {_plain(100 * cost_change, '+.0f')}%")
    if spent_usd is not None:
        parts.append(f"${spent_usd:.2f}")
    if baseline is not None:
        parts.append(f"baseline {baseline}")
    return " · ".join(parts)


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


def _figures(decision: Decision) -> Iterator[str]:
    difference = in_points(decision.difference, decision.low, decision.high, unit=" points")
    yield f"{difference} p{_chance(decision.p)} n={decision.n} k={decision.repeats}"
    yield f"{decision.worse} worse, {decision.better} better, {decision.same} same"
    if decision.unpaired:
        yield f"{len(decision.unpaired)} not compared"
    yield f"smallest visible effect {100 * decision.smallest_visible:.1f}"


def in_points(difference: float, low: float, high: float, unit: str = "") -> str:
    """A difference of shares with its interval, in points: `-4.2 [-6.5, -1.9]`."""
    bounds = [_plain(100 * each, ".1f") for each in (low, high)]
    return f"{_plain(100 * difference, '+.1f')}{unit} [{', '.join(bounds)}]"


def _plain(number: float, form: str) -> str:
    """Formatted, without a sign if rounding leaves nothing."""
    text = format(number, form)
    return text if text.strip("+-0.") else text.lstrip("+-")


def _chance(p: float) -> str:
    text = f"{p:.3f}"
    if text == "0.000":
        return "<.001"
    return f"={text.removeprefix('0')}" if p < 0.9995 else "=1"


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
    return f"about {needs.cases} {noun}s would decide if the difference stays the same"
