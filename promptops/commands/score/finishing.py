"""From sums to the groups of the result, with rates and their limits, and to alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from math import isfinite
from typing import Any

from promptops.catalog.catalog import Catalog, toml_places
from promptops.commands.score.part import PackFacts
from promptops.commands.score.sums import (
    BILLION,
    SCORE_PREFIX,
    Cell,
    GroupKey,
    GroupSums,
    Partial,
    duration_at,
)
from promptops.errors import UsageError
from promptops.evals.alert_metrics import unknown_metric
from promptops.evals.deciding.decision import holm
from promptops.evals.deciding.intervals import bound_ranks, wilson
from promptops.evals.deciding.production import (
    ALERT_ALPHA,
    BUCKETS,
    CHANGE_ALPHA,
    FEW_FREEDOM,
    Buckets,
    difference,
    effective_size,
    effective_size_of_mean,
    freedom,
    independent_units,
    mean_bound,
    raised_from,
    share_bound,
)
from promptops.evals.judge_answer import primary
from promptops.model.arm import TokenMeans
from promptops.model.config import VALUE_METRICS, AlertRule
from promptops.model.finding import Problem
from promptops.model.score import (
    COUNTED_METRICS,
    OTHER_METRICS,
    AgainstVersion,
    Alert,
    AssertionRate,
    Dimension,
    MissingValue,
    ResponseTime,
    ScoreGroup,
    ScoreMean,
    Share,
)
from promptops.model.version import Version, parse
from promptops.records import record, replace
from promptops.source.config import refuse


def finished_groups(partial: Partial, facts: PackFacts) -> tuple[ScoreGroup, ...]:
    """All groups in the order of their values; each compared with the version before it."""
    compared = _Compared(partial, facts)
    groups = [
        replace(
            _finished_group(dict(zip(partial.by, key, strict=True)), sums, facts),
            against=compared.against(key),
            few_conversations=compared.few_conversations(key),
        )
        for key, sums in sorted(partial.groups.items())
    ]
    return tuple(_with_certain_changes(groups))


def _with_certain_changes(groups: Sequence[ScoreGroup]) -> Iterator[ScoreGroup]:
    """The groups, with those changes marked that are certain among all changes of the report."""
    chances = [group.against.chance for group in groups if group.against is not None]
    certain = iter(holm(chances, CHANGE_ALPHA))
    for group in groups:
        if group.against is None:
            yield group
        else:
            yield replace(group, against=replace(group.against, certain=next(certain)))


def _finished_group(by: Mapping[Any, str], sums: GroupSums, facts: PackFacts) -> ScoreGroup:
    requests = buckets_of(sums.cells["requests"])
    cell = sums.cells.get("contracts")
    size = independent_units(requests.counts) if cell is None else effective_size(buckets_of(cell))
    budget = facts.budgets.get(by.get("prompt", ""))
    cost = sums.cells.get("cost")
    total = sum(cost.sums[BUCKETS:]) / BILLION if cost is not None else None
    priced = sum(cost.sums[:BUCKETS]) if cost is not None else 0
    return ScoreGroup(
        by=by,
        n=requests.n,
        effective=round(size, 1),
        contracts=_share(cell),
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


def buckets_of(cell: Cell, unit: int = 1) -> Buckets:
    """The sums of a cell in this unit."""
    return Buckets(
        counts=tuple(cell.sums[:BUCKETS]),
        totals=tuple(value / unit for value in cell.sums[BUCKETS:]),
    )


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
        buckets = buckets_of(sums.cells[f"{SCORE_PREFIX}{name}"], BILLION)
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
    return sorted(
        name.removeprefix(SCORE_PREFIX) for name in cells if name.startswith(SCORE_PREFIX)
    )


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
        own = parse(key[self._at], prereleases=True) if self._at is not None else None
        if self._at is None or own is None:
            return None
        known = (each for each in self._versions[self._others(key)] if each[0] < own)
        _, earlier = max(known, default=(own, None))
        if earlier is None:
            return None
        before = self._groups[(*key[: self._at], earlier, *key[self._at + 1 :])]
        measure = self._measure(key)
        first, second = before.cells.get(measure), self._groups[key].cells.get(measure)
        if first is None or second is None:
            return None
        unit, size = 1, effective_size
        if measure.startswith(SCORE_PREFIX):
            unit, size = BILLION, effective_size_of_mean
        found = difference(buckets_of(first, unit), buckets_of(second, unit), size)
        return AgainstVersion(
            version=earlier,
            metric=measure.removeprefix(SCORE_PREFIX),
            difference=_rounded(found.value),
            low=_rounded(found.low),
            high=_rounded(found.high),
            chance=_rounded(found.chance),
        )

    def few_conversations(self, key: GroupKey) -> bool:
        """Whether few conversations make up the contracts, else the primary score, of a group.

        Of fewer samples than buckets, a few buckets with two conversations look the same: then only
        if half of the samples, or more, share their conversation with another one.
        """
        measure, cells = self._measure(key), self._groups[key].cells
        unit = BILLION if measure.startswith(SCORE_PREFIX) else 1
        buckets = buckets_of(cells.get(measure, cells["requests"]), unit)
        shared = 2 * independent_units(buckets.counts) <= buckets.n
        return (shared or buckets.n >= BUCKETS) and freedom(buckets) < FEW_FREEDOM

    def _add(self, key: GroupKey) -> None:
        version = parse(key[self._at], prereleases=True) if self._at is not None else None
        if self._at is not None and version is not None:
            self._versions.setdefault(self._others(key), []).append((version, key[self._at]))

    def _others(self, key: GroupKey) -> GroupKey:
        return tuple(value for index, value in enumerate(key) if index != self._at)

    def _measure(self, key: GroupKey) -> str:
        sums = self._groups[key]
        if "contracts" in sums.cells:
            return "contracts"
        prompt = key[self._by.index("prompt")] if "prompt" in self._by else ""
        name = primary({"score": self._facts.primary.get(prompt)}, score_names(sums))
        return f"{SCORE_PREFIX}{name}"


def _rounded(value: float) -> float:
    return round(value, 6)


# Alerts: where a bound of a group, not only its value, lies beyond a threshold.

_QUANTILES = {"p50": 0.5, "p95": 0.95}
_PERCENT = 100.0
_FEWEST_WITHOUT_VALUE = 10
"""Of so many independent samples, all end with an error only if something is wrong."""


def check_rules(catalog: Catalog, rules: Iterable[AlertRule], facts: PackFacts) -> None:
    """Raise UsageError for an unknown metric, with the place of a rule of the configuration."""
    assertions = facts.assertions.values()
    scores, types = {each.score for each in assertions}, {each.type for each in assertions}
    names = (*sorted(name for name in scores if name), *sorted(types))
    alerts, places = catalog.config.score.alerts, toml_places(catalog)
    for rule in rules:
        wrong = unknown_metric(rule.metric, names)
        if wrong is None:
            continue
        if places is not None and rule in alerts:
            place = places.word(f"/score/alerts/{alerts.index(rule)}/metric", rule.metric)
            if place is not None:
                refuse([Problem(wrong[0], at=place, hint=wrong[1])], places.text, UsageError)
        raise UsageError(wrong[0], hint=wrong[1])


def watch(rules: Iterable[AlertRule], partial: Partial, facts: PackFacts) -> WatchedAlerts:
    """All rules, evaluated for the groups; the chance of an error is divided by their number."""
    every = tuple(rules)
    watched = [
        _Watched(rule=rule, key=key, by=partial.by, sums=partial.groups[key])
        for rule in every
        for key in sorted(partial.groups)
        if _is_rule_for(rule, key, partial.by)
    ]
    known = [each for each in watched if each.has_value(facts)]
    chance = ALERT_ALPHA / max(1, len(known))
    found = [each.alert(facts, chance) for each in known]
    seen = {each.rule for each in known}
    missing = (
        each.missing(facts)
        for each in watched
        if each.rule in seen and not each.rule.optional and not each.has_value(facts)
    )
    return WatchedAlerts(
        raised=tuple(alert for alert in found if alert.raised),
        quiet=tuple(alert for alert in found if not alert.raised),
        idle=tuple(rule for rule in every if rule not in seen),
        without_value=tuple(each for each in missing if each is not None),
        unwatched=bool(every) and all(rule.metric in OTHER_METRICS for rule in every),
    )


@record(frozen=True, slots=True, kw_only=True)
class WatchedAlerts:
    """What the rules of alerts found; see `Score`."""

    raised: tuple[Alert, ...]
    quiet: tuple[Alert, ...]
    idle: tuple[AlertRule, ...]
    without_value: tuple[MissingValue, ...]
    unwatched: bool


def _is_rule_for(rule: AlertRule, key: GroupKey, by: tuple[Dimension, ...]) -> bool:
    if not rule.prompts:
        return True
    if "prompt" not in by:
        return False
    prompt = key[by.index("prompt")]
    return any(fnmatchcase(prompt, pattern) for pattern in rule.prompts)


@record(frozen=True, slots=True, kw_only=True)
class _Bounded:
    """A value with its bound, in the unit of the rule; `from_` as `Alert.raised_from`."""

    n: int
    value: float
    bound: float | None
    from_: float | None = None


@record(frozen=True, slots=True, kw_only=True)
class _Watched:
    """A rule for one group."""

    rule: AlertRule
    key: GroupKey
    by: tuple[Dimension, ...]
    sums: GroupSums

    def has_value(self, facts: PackFacts) -> bool:
        """Whether the group has anything to compute the value from."""
        if self.rule.metric in _QUANTILES:
            return bool(self.sums.steps)
        return bool(self._cells(facts))

    def alert(self, facts: PackFacts, chance: float) -> Alert:
        """The alert, raised or not; its bound is wrong with this chance."""
        found, threshold = self._bounded(facts, chance), self.rule.threshold
        raised = found.bound is not None and self._above * (found.bound - threshold) > 0
        return Alert(
            metric=self.rule.metric,
            by=dict(zip(self.by, self.key, strict=True)),
            n=found.n,
            value=_rounded(found.value),
            bound=None if found.bound is None else _rounded(found.bound),
            threshold=threshold,
            below=self._above < 0,
            raised=raised,
            raised_from=None if found.from_ is None else _rounded(found.from_),
        )

    def missing(self, facts: PackFacts) -> MissingValue | None:
        """Why a group without a value should have one; None if it need not, as with few samples."""
        why = self._why_missing(facts)
        counts = self.sums.cells["requests"].sums[:BUCKETS]
        if not why or independent_units(counts) < _FEWEST_WITHOUT_VALUE:
            return None
        return MissingValue(
            metric=self.rule.metric,
            by=dict(zip(self.by, self.key, strict=True)),
            n=sum(counts),
            threshold=self.rule.threshold,
            below=self._above < 0,
            why=why,
        )

    def _why_missing(self, facts: PackFacts) -> str:
        """ "" if the samples need no value: their prompt has no such assertion."""
        metric, cells = self.rule.metric, self.sums.cells
        is_answered = "refusals" in cells
        if metric in VALUE_METRICS:
            return "no sample has one" if is_answered else ""
        numbers = self._numbers(facts)
        if is_answered:
            is_unscorable = not numbers.isdisjoint(self.sums.unscorable)
            return "no answer could be checked" if is_unscorable else ""
        if not numbers and metric != "refusals":
            return ""
        errors = cells["errors"].sums
        if sum(errors[BUCKETS:]) == sum(errors[:BUCKETS]):
            return "all samples ended with an error"
        return "no answer was recorded"

    def _numbers(self, facts: PackFacts) -> set[int]:
        """The assertions of the prompt that the metric is about."""
        metric = self.rule.metric
        prompt = self.key[self.by.index("prompt")] if "prompt" in self.by else None
        return {
            number
            for number, each in facts.assertions.items()
            if prompt in (None, each.prompt)
            and (each.must if metric == "contracts" else metric in (each.type, each.score))
        }

    @property
    def _above(self) -> int:
        """1 for an alert above the threshold, -1 for one below it."""
        return 1 if self.rule.below is None else -1

    def _bounded(self, facts: PackFacts, chance: float) -> _Bounded:
        metric = self.rule.metric
        if metric in _QUANTILES:
            return self._quantile(_QUANTILES[metric], chance)
        cells = self._cells(facts)
        if metric == "cost_1000":
            return self._cost(_added_cells(cells, BILLION), chance)
        if self._is_score(metric):
            buckets = _added_cells(cells, BILLION)
            return self._share(buckets, effective_size_of_mean(buckets, chance), chance)
        buckets = _added_cells(cells, 1)
        return self._share(buckets, effective_size(buckets, chance), chance)

    def _cells(self, facts: PackFacts) -> list[Cell]:
        metric = self.rule.metric
        name = "cost" if metric == "cost_1000" else metric
        if self._is_score(metric):
            name = f"{SCORE_PREFIX}{metric}"
        if name in self.sums.cells:
            return [self.sums.cells[name]]
        return [
            cell
            for number, cell in self.sums.cells.items()
            if isinstance(number, int) and facts.assertions[number].type == metric
        ]

    def _is_score(self, metric: str) -> bool:
        return metric not in COUNTED_METRICS and f"{SCORE_PREFIX}{metric}" in self.sums.cells

    def _share(self, buckets: Buckets, size: float, chance: float) -> _Bounded:
        bound = share_bound(buckets.mean, size, chance, -self._above)
        known = raised_from(self.rule.threshold / _PERCENT, size, chance, self._above)
        return _Bounded(
            n=buckets.n,
            value=_PERCENT * buckets.mean,
            bound=_PERCENT * bound,
            from_=None if known is None else _PERCENT * known,
        )

    def _cost(self, buckets: Buckets, chance: float) -> _Bounded:
        bound = mean_bound(buckets, chance, -self._above)
        return _Bounded(
            n=buckets.n,
            value=1000 * buckets.mean,
            bound=1000 * bound if isfinite(bound) else None,
        )

    def _quantile(self, share: float, chance: float) -> _Bounded:
        steps, counts = self.sums.steps, self.sums.cells["requests"].sums[:BUCKETS]
        n = sum(steps.values())
        # About the number of conversations with a latency.
        size = max(1, int(independent_units(counts) * n / sum(counts)))
        low, high = bound_ranks(size, share, chance)
        rank = low if self._above > 0 else high
        bound = None if rank is None else duration_at(steps, (rank + 1) / size)
        return _Bounded(n=n, value=duration_at(steps, share), bound=bound)


def _added_cells(cells: list[Cell], unit: int) -> Buckets:
    whole = Cell()
    for cell in cells:
        whole.add_all(cell)
    return buckets_of(whole, unit)
