"""Scored samples of production, as from real life."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from promptops.model.arm import TokenMeans
from promptops.model.config import AlertRule
from promptops.model.place import Place
from promptops.model.score import (
    AgainstVersion,
    Alert,
    AssertionRate,
    Dimension,
    LeftOutAssertion,
    MissingValue,
    ResponseTime,
    SampleCounts,
    Score,
    ScoreGroup,
    ScoreMean,
    Share,
    UnreadableLine,
    WrittenCases,
)
from promptops.records import replace
from tests.report.test.hostile_runs import ATTACK

TRIAGE = "prompts/support/triage.prompt.yaml"
FIRST = date(2026, 11, 21)


def day(number: int) -> str:
    """The ISO date of a 0-based day."""
    return (FIRST + timedelta(days=number)).isoformat()


def share(count: int, n: int) -> Share:
    """With bounds that are four points away."""
    if not n:
        return Share(n=0, count=0)
    value = count / n
    return Share(n=n, count=count, low=max(0.0, value - 0.04), high=min(1.0, value + 0.04))


def held(kind: str, line: int, count: int, n: int, **values: Any) -> AssertionRate:
    found = share(count, n)
    place = Place(TRIAGE, line, 9, line, 40)
    bounds = {"low": found.low, "high": found.high}
    return AssertionRate(
        type=kind, place=place, n=n, held=count, **{"must": True, **bounds, **values}
    )


def mean(name: str, value: float, n: int = 100) -> ScoreMean:
    return ScoreMean(name=name, n=n, mean=value, low=value - 0.03, high=value + 0.02)


def group(by: dict[Dimension, str], n: int, kept: int, **values: Any) -> ScoreGroup:
    return ScoreGroup(
        **{
            "by": by,
            "n": n,
            "effective": 0.8 * n,
            "contracts": share(kept, n),
            "assertions": (held("max-chars", 31, kept, n), held("json", 32, n, n)),
            "refusals": share(n // 50, n),
            "errors": share(0, n),
            "tokens": TokenMeans(input=412.4, output=87.9),
            "priced": n,
            "cost_usd": 0.00042 * n,
            "cost_usd_1000": 0.42,
            "budget_usd_1000": 0.5,
            "latency_s": ResponseTime(n=n, p50=0.82, p95=2.14),
            **values,
        }
    )


def triage(number: int, version: str, n: int, kept: int, **values: Any) -> ScoreGroup:
    """`support/triage` in production on a 0-based day."""
    by: dict[Dimension, str] = {
        "prompt": "support/triage",
        "version": version,
        "channel": "production",
        "day": day(number),
    }
    scores = (mean("quality", kept / n - 0.03, n), mean("tone", 0.8))
    return group(by, n, kept, **{"scores": scores, **values})


def alert(found: ScoreGroup, **values: Any) -> Alert:
    return Alert(
        **{
            "metric": "contracts",
            "by": found.by,
            "n": found.contracts.n,
            "value": 100 * (found.contracts.value or 0),
            "bound": 100 * (found.contracts.high or 0),
            "threshold": 98.0,
            "below": True,
            "raised": True,
            "raised_from": 94.2,
            **values,
        }
    )


def week() -> Score:
    """A version that is worse than the one before it, and a prompt without a channel."""
    before = [triage(number, "1.7.0", 1_000, 989 - number % 3) for number in range(5)]
    against = AgainstVersion(
        version="1.7.0",
        metric="contracts",
        difference=-0.07,
        low=-0.083,
        high=-0.058,
        chance=0.0001,
        certain=True,
    )
    after = [
        triage(number, "1.8.0", 1_200, 1_100 - number, errors=share(9, 1_200), against=against)
        for number in (4, 5)
    ]
    last = triage(
        6,
        "1.8.0",
        240,
        231,
        cost_usd_1000=0.61,
        latency_s=None,
        against=replace(against, difference=-0.026, low=-0.051, high=-0.001, certain=False),
        few_conversations=True,
    )
    notes: dict[Dimension, str] = {
        "prompt": "notes/meeting",
        "version": "",
        "channel": "",
        "day": day(6),
    }
    plain = group(
        notes,
        40,
        0,
        contracts=share(0, 0),
        assertions=(held("no-leak", 12, 0, 0, unscorable=40),),
        tokens=None,
        priced=0,
        cost_usd=None,
        cost_usd_1000=None,
        budget_usd_1000=None,
        latency_s=None,
    )
    place = Place(TRIAGE, 35, 9, 35, 40)
    return Score(
        samples=SampleCounts(
            read=8_500,
            sampled=8_500,
            scored=7_680,
            unjoined={"support/old 1.2.0": 700, "support/traige 1.8.0": 80},
            unjoined_samples=820,
            by_id_only=40,
            altered=3,
            broken=(
                UnreadableLine(
                    place=Place("logs/a.jsonl", 812, 1, 812, 1), message="the JSON ends too early"
                ),
            ),
            broken_lines=4,
            without_cost=40,
        ),
        left_out=(
            LeftOutAssertion(
                prompt="support/triage", type="equals", place=place, why="needs `expected`"
            ),
            LeftOutAssertion(
                prompt="support/triage", type="not-similar", place=place, why="needs `expected`"
            ),
            LeftOutAssertion(
                prompt="notes/meeting", type="python", place=place, why="code is not run here"
            ),
        ),
        groups=(plain, *before, *after, last),
        alerts=(
            *map(alert, after),
            alert(last, metric="cost_1000", value=0.61, bound=0.58, threshold=0.5, below=False),
        ),
        quiet=(
            *(alert(each, raised=False, raised_from=97.1) for each in before),
            alert(last, raised=False),
            *(
                alert(
                    each,
                    metric="cost_1000",
                    value=0.42,
                    bound=0.41,
                    threshold=0.5,
                    below=False,
                    raised=False,
                    raised_from=None,
                )
                for each in (*before, *after)
            ),
        ),
        idle=(
            AlertRule(metric="tone", below=90),
            AlertRule(metric="p95", above=4, prompts=("suport/*",), optional=True),
        ),
        without_value=(
            MissingValue(
                metric="contracts",
                by=notes,
                n=40,
                threshold=98.0,
                below=True,
                why="no answer could be checked",
            ),
        ),
        pack="ab" * 32,
    )


def one_day() -> Score:
    """One prompt, one day, nothing to report."""
    only = triage(0, "1.7.0", 1_000, 1_000)
    return Score(samples=SampleCounts(read=1_000, sampled=1_000, scored=1_000), groups=(only,))


def without_days() -> Score:
    """All prompts together, by version."""
    versions = (("1.7.0", 900), ("1.8.0", 860))
    by: list[dict[Dimension, str]] = [{"version": version} for version, _ in versions]
    return Score(
        by=("version",),
        samples=SampleCounts(read=20_000, sampled=2_000, scored=2_000),
        groups=tuple(
            group(each, 1_000, kept, budget_usd_1000=None)
            for each, (_, kept) in zip(by, versions, strict=True)
        ),
    )


def written_cases() -> Score:
    """Failing samples became cases, and judges were called until the budget was spent."""
    found = one_day()
    return Score(
        samples=found.samples,
        groups=found.groups,
        cases=WrittenCases(file="prompts/support/new.cases.yaml", written=18, skipped=2),
        judged=40,
        cost_usd=0.25,
        ended="the budget of $0.25 is spent",
    )


def nothing() -> Score:
    return Score(
        samples=SampleCounts(
            read=240, sampled=240, unjoined={"support/old": 240}, unjoined_samples=240
        ),
        nothing="no sample could be joined with a prompt of this repository",
    )


def hostile(text: str = ATTACK) -> Score:
    """The text is in every string that a log or an author of a change writes."""
    place = Place(text, 1, 1, 1, 2)
    by: dict[Dimension, str] = {
        "prompt": text,
        "version": text,
        "channel": text,
        "day": day(0),
    }
    other: dict[Dimension, str] = {**by, "day": day(1)}
    values: dict[str, Any] = {
        "assertions": (
            AssertionRate(
                type=text, place=place, must=True, n=10, held=5, unscorable=2, low=0.2, high=0.8
            ),
        ),
        "scores": (mean(text, 0.5),),
        "against": AgainstVersion(
            version=text, metric=text, difference=-0.1, low=-0.2, high=0, chance=0.1
        ),
    }
    found = tuple(group(each, 12, 5, **values) for each in (by, other))
    return Score(
        samples=SampleCounts(
            read=20,
            sampled=20,
            scored=12,
            unjoined={text: 8},
            unjoined_samples=8,
            broken=(UnreadableLine(place=Place(text), message=text),),
            broken_lines=1,
        ),
        groups=found,
        left_out=(LeftOutAssertion(prompt=text, type=f"not-{text}", place=place, why=text),),
        alerts=(alert(found[0], metric=text),),
        quiet=(alert(found[1], metric=text, raised=False),),
        idle=(AlertRule(metric=text, below=1, prompts=(text,)),),
        cases=WrittenCases(file=text, written=1),
        ended=text,
    )


def many(prompts: int, days: int) -> Score:
    """So many prompts, each with three versions that follow each other, on so many days."""
    groups = []
    for prompt in range(prompts):
        for number in range(days):
            version = f"1.{7 + 3 * number // days}.0"
            kept = 980 - (37 * number + 11 * prompt) % 23 - (60 if number == days * 4 // 5 else 0)
            found = triage(number, version, 1_000, kept)
            by: dict[Dimension, str] = {**found.by, "prompt": f"team-{prompt % 5}/prompt-{prompt}"}
            cost = 0.4 + (7 * number + prompt) % 10 / 50
            groups.append(group(by, 1_000, kept, scores=found.scores, cost_usd_1000=cost))
    groups.sort(key=lambda each: tuple(each.by.values()))
    count = 1_000 * len(groups)
    raised = [alert(each) for each in groups if (each.contracts.high or 1) < 0.98]
    return Score(
        samples=SampleCounts(read=count, sampled=count, scored=count),
        groups=tuple(groups),
        alerts=tuple(raised),
        quiet=tuple(
            alert(each, raised=False) for each in groups if (each.contracts.high or 1) >= 0.98
        ),
    )


SCORES = {
    "week": week,
    "one_day": one_day,
    "without_days": without_days,
    "written_cases": written_cases,
    "nothing": nothing,
}
