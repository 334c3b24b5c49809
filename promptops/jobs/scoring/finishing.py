"""Groups with their rates and intervals, from sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.evals.deciding.production import (
    BUCKETS,
    Buckets,
    difference,
    effective_size,
    effective_size_of_mean,
    independent_units,
)
from promptops.evals.deciding.wilson import wilson
from promptops.evals.judge_answer import primary
from promptops.jobs.scoring.histogram import duration_at
from promptops.jobs.scoring.joining import AssertionFacts
from promptops.jobs.scoring.sums import BILLION, SCORE, Cell, GroupKey, GroupSums, Partial
from promptops.model.arm import TokenMeans
from promptops.model.score_group import (
    AgainstVersion,
    AssertionRate,
    ResponseTime,
    ScoreGroup,
    ScoreMean,
    Share,
)
from promptops.model.version import Version, parse
from promptops.records import field, record, replace


@record(frozen=True, slots=True, kw_only=True)
class PackFacts:
    """What the results need to know about the prompts.

    Attributes:
        assertions: By number.
        primary: The score that each prompt names as its primary one, or None; by id.
        budgets: USD for a request, or None; by id.
    """

    assertions: Mapping[int, AssertionFacts]
    primary: Mapping[str, str | None]
    budgets: Mapping[str, float | None] = field(default_factory=dict)


def finished_groups(partial: Partial, facts: PackFacts) -> tuple[ScoreGroup, ...]:
    """All groups in the order of their values; each compared with the version before it."""
    compared = _Compared(partial, facts)
    return tuple(
        replace(
            _group(dict(zip(partial.by, key, strict=True)), sums, facts),
            against=compared.against(key),
        )
        for key, sums in sorted(partial.groups.items())
    )


def buckets_of(cell: Cell, unit: int = 1) -> Buckets:
    """The sums of a cell in this unit."""
    return Buckets(
        counts=tuple(cell.sums[:BUCKETS]),
        totals=tuple(value / unit for value in cell.sums[BUCKETS:]),
    )


def _group(by: Mapping[Any, str], sums: GroupSums, facts: PackFacts) -> ScoreGroup:
    requests = buckets_of(sums.cells["requests"])
    contracts = _share(sums.cells.get("contracts"))
    budget = facts.budgets.get(by.get("prompt", ""))
    cost = sums.cells.get("cost")
    total = sum(cost.sums[BUCKETS:]) / BILLION if cost is not None else None
    priced = sum(cost.sums[:BUCKETS]) if cost is not None else 0
    return ScoreGroup(
        by=by,
        n=requests.n,
        effective=round(_effective(sums), 1),
        contracts=contracts,
        assertions=tuple(_assertions(sums, facts)),
        scores=tuple(_scores(sums)),
        refusals=_share(sums.cells.get("refusals")),
        errors=_share(sums.cells.get("errors")),
        tokens=_tokens(sums),
        priced=priced,
        cost_usd=total,
        cost_usd_1000=round(1000 * total / priced, 9) if total is not None else None,
        budget_usd_1000=None if budget is None else round(1000 * budget, 9),
        latency_s=_response_time(sums.steps),
    )


def _effective(sums: GroupSums) -> float:
    """By the contracts; without contracts by the conversations."""
    cell = sums.cells.get("contracts")
    if cell is not None:
        return effective_size(buckets_of(cell))
    return independent_units(sums.cells["requests"].sums[:BUCKETS])


def _share(cell: Cell | None) -> Share:
    if cell is None:
        return Share(n=0, count=0)
    buckets = buckets_of(cell)
    low, high = _interval(buckets)
    return Share(n=buckets.n, count=round(sum(buckets.totals)), low=low, high=high)


def _assertions(sums: GroupSums, facts: PackFacts) -> Iterator[AssertionRate]:
    numbers = {each for each in (*sums.cells, *sums.unscorable) if isinstance(each, int)}
    for number in sorted(numbers, key=lambda each: (facts.assertions[each].place, each)):
        known, share = facts.assertions[number], _share(sums.cells.get(number))
        yield AssertionRate(
            type=known.type,
            place=known.place,
            must=known.must,
            n=share.n,
            held=share.count,
            unscorable=sums.unscorable.get(number, 0),
            low=share.low,
            high=share.high,
        )


def _scores(sums: GroupSums) -> Iterator[ScoreMean]:
    for name in score_names(sums):
        buckets = buckets_of(sums.cells[f"{SCORE}{name}"], BILLION)
        low, high = wilson(buckets.mean, effective_size_of_mean(buckets))
        yield ScoreMean(
            name=name,
            n=buckets.n,
            mean=_rounded(buckets.mean),
            low=_rounded(low),
            high=_rounded(high),
        )


def score_names(sums: GroupSums) -> list[str]:
    """The names of the scores of a group, in order."""
    cells = (measure for measure in sums.cells if isinstance(measure, str))
    return sorted(name.removeprefix(SCORE) for name in cells if name.startswith(SCORE))


def _tokens(sums: GroupSums) -> TokenMeans | None:
    counted, used, answered = sums.tokens
    if not counted:
        return None
    return TokenMeans(input=_rounded(used / counted), output=_rounded(answered / counted))


def _response_time(steps: Mapping[int, int]) -> ResponseTime | None:
    if not steps:
        return None
    return ResponseTime(
        n=sum(steps.values()), p50=duration_at(steps, 0.5), p95=duration_at(steps, 0.95)
    )


def _interval(buckets: Buckets) -> tuple[float, float]:
    low, high = wilson(buckets.mean, effective_size(buckets))
    return _rounded(low), _rounded(high)


class _Compared:
    """Compares each group with the latest earlier version that has the same other values."""

    def __init__(self, partial: Partial, facts: PackFacts) -> None:
        self._groups = partial.groups
        self._facts = facts
        self._by = partial.by
        self._at = partial.by.index("version") if "version" in partial.by else None
        self._versions: dict[GroupKey, list[tuple[Version, str]]] = {}
        for key in partial.groups:
            self._add(key)

    def against(self, key: GroupKey) -> AgainstVersion | None:
        """The comparison of a group; None without an earlier version."""
        earlier = self._version_before(key)
        if earlier is None or self._at is None:
            return None
        before = self._groups[(*key[: self._at], earlier, *key[self._at + 1 :])]
        measure = self._measure(key)
        first, second = before.cells.get(measure), self._groups[key].cells.get(measure)
        if first is None or second is None:
            return None
        unit = BILLION if measure.startswith(SCORE) else 1
        found = difference(buckets_of(first, unit), buckets_of(second, unit))
        return AgainstVersion(
            version=earlier,
            metric=measure.removeprefix(SCORE),
            difference=_rounded(found.value),
            low=_rounded(found.low),
            high=_rounded(found.high),
        )

    def _add(self, key: GroupKey) -> None:
        version = parse(key[self._at], prereleases=True) if self._at is not None else None
        if self._at is not None and version is not None:
            self._versions.setdefault(self._others(key), []).append((version, key[self._at]))

    def _others(self, key: GroupKey) -> GroupKey:
        return tuple(value for index, value in enumerate(key) if index != self._at)

    def _version_before(self, key: GroupKey) -> str | None:
        if self._at is None or (own := parse(key[self._at], prereleases=True)) is None:
            return None
        known = self._versions[self._others(key)]
        return max((each for each in known if each[0] < own), default=(own, None))[1]

    def _measure(self, key: GroupKey) -> str:
        sums = self._groups[key]
        if "contracts" in sums.cells:
            return "contracts"
        prompt = key[self._by.index("prompt")] if "prompt" in self._by else ""
        name = primary({"score": self._facts.primary.get(prompt)}, score_names(sums))
        return f"{SCORE}{name}"


def _rounded(value: float) -> float:
    return round(value, 6)
