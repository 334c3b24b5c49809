"""Alerts: where a bound of a group, not only its value, lies beyond a threshold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from math import isfinite

from promptops.catalog.catalog import Catalog
from promptops.catalog.config_places import toml_places
from promptops.errors import UsageError
from promptops.evals.alert_metrics import unknown_metric
from promptops.evals.deciding.production import (
    ALERT_ALPHA,
    BUCKETS,
    Buckets,
    effective_size,
    effective_size_of_mean,
    independent_units,
    mean_bound,
    raised_from,
    share_bound,
)
from promptops.evals.deciding.quantiles import bound_ranks
from promptops.jobs.scoring.finishing import PackFacts, buckets_of
from promptops.jobs.scoring.histogram import duration_at
from promptops.jobs.scoring.sums import BILLION, SCORE, Cell, GroupKey, GroupSums, Partial
from promptops.model.config import AlertRule
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.model.score import COUNTED_METRICS, Alert
from promptops.model.score_group import Dimension
from promptops.records import record
from promptops.source.config_errors import refuse

_QUANTILES = {"p50": 0.5, "p95": 0.95}
_PERCENT = 100.0


def check_rules(catalog: Catalog, rules: Iterable[AlertRule], known: Iterable[str]) -> None:
    """Raise UsageError for an unknown metric, with the place of a rule of the configuration.

    `known` are the names of scores and the types of assertions.
    """
    names = tuple(known)
    for rule in rules:
        wrong = unknown_metric(rule.metric, names)
        if wrong is None:
            continue
        place = _place(catalog, rule)
        if place is not None:
            text = catalog.files.text(place.path)
            problem = Problem(wrong[0], at=place, hint=wrong[1])
            refuse([problem], text.value if text is not None else "", UsageError)
        raise UsageError(wrong[0], hint=wrong[1])


def _place(catalog: Catalog, rule: AlertRule) -> Place | None:
    """The metric of a rule in the configuration file; None for one of the command line."""
    alerts, places = catalog.config.score.alerts, toml_places(catalog)
    if places is None or rule not in alerts:
        return None
    return places.word(f"/score/alerts/{alerts.index(rule)}/metric", rule.metric)


def alerts_of(
    rules: Iterable[AlertRule], partial: Partial, facts: PackFacts
) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
    """The raised alerts and all others; the chance of an error is divided by their number."""
    watched = [
        _Watched(rule=rule, key=key, sums=partial.groups[key])
        for rule in rules
        for key in sorted(partial.groups)
        if _applies(rule, key, partial.by)
    ]
    known = [each for each in watched if each.has_value(facts)]
    chance = ALERT_ALPHA / max(1, len(known))
    found = [each.alert(partial.by, facts, chance) for each in known]
    return (
        tuple(alert for alert in found if alert.raised),
        tuple(alert for alert in found if not alert.raised),
    )


def idle_rules(
    rules: Iterable[AlertRule], partial: Partial, facts: PackFacts
) -> tuple[AlertRule, ...]:
    """The rules that no group has a value for, so that they can't raise an alert."""
    return tuple(
        rule
        for rule in rules
        if not any(
            _Watched(rule=rule, key=key, sums=sums).has_value(facts)
            for key, sums in partial.groups.items()
            if _applies(rule, key, partial.by)
        )
    )


def _applies(rule: AlertRule, key: GroupKey, by: tuple[Dimension, ...]) -> bool:
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
    sums: GroupSums

    def has_value(self, facts: PackFacts) -> bool:
        """Whether the group has anything to compute the value from."""
        if self.rule.metric in _QUANTILES:
            return bool(self.sums.steps)
        return bool(self._cells(facts))

    def alert(self, by: tuple[Dimension, ...], facts: PackFacts, chance: float) -> Alert:
        """The alert, raised or not; its bound is wrong with this chance."""
        found, threshold = self._bounded(facts, chance), self.rule.threshold
        raised = found.bound is not None and self._above * (found.bound - threshold) > 0
        return Alert(
            metric=self.rule.metric,
            by=dict(zip(by, self.key, strict=True)),
            n=found.n,
            value=_rounded(found.value),
            bound=None if found.bound is None else _rounded(found.bound),
            threshold=threshold,
            below=self._above < 0,
            raised=raised,
            raised_from=None if found.from_ is None else _rounded(found.from_),
        )

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
            return self._cost(_added(cells, BILLION), chance)
        if self._is_score(metric):
            buckets = _added(cells, BILLION)
            return self._share(buckets, effective_size_of_mean(buckets), chance)
        buckets = _added(cells, 1)
        return self._share(buckets, effective_size(buckets), chance)

    def _cells(self, facts: PackFacts) -> list[Cell]:
        metric = self.rule.metric
        name = "cost" if metric == "cost_1000" else metric
        if self._is_score(metric):
            name = f"{SCORE}{metric}"
        if name in self.sums.cells:
            return [self.sums.cells[name]]
        return [
            cell
            for number, cell in self.sums.cells.items()
            if isinstance(number, int) and facts.assertions[number].type == metric
        ]

    def _is_score(self, metric: str) -> bool:
        return metric not in COUNTED_METRICS and f"{SCORE}{metric}" in self.sums.cells

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
        steps = self.sums.steps
        n, size = sum(steps.values()), _independent(self.sums)
        low, high = bound_ranks(size, share, chance)
        rank = low if self._above > 0 else high
        bound = None if rank is None else duration_at(steps, (rank + 1) / size)
        return _Bounded(n=n, value=duration_at(steps, share), bound=bound)


def _independent(sums: GroupSums) -> int:
    """About the number of conversations with a latency, rounded down, at least 1."""
    counts = sums.cells["requests"].sums[:BUCKETS]
    share = sum(sums.steps.values()) / sum(counts)
    return max(1, int(independent_units(counts) * share))


def _added(cells: list[Cell], unit: int) -> Buckets:
    whole = Cell()
    for cell in cells:
        whole.add_all(cell)
    return buckets_of(whole, unit)


def metric_names(facts: PackFacts, scores: Iterable[str]) -> Iterator[str]:
    """The names of scores and the types of assertions, for rules of alerts."""
    yield from sorted(scores)
    yield from sorted({each.type for each in facts.assertions.values()})


def _rounded(value: float) -> float:
    return round(value, 6)
