"""Time series of a prompt: a chart for each metric, a series for each version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean

from promptops.model.score import Alert, Dimension, Score, ScoreGroup, Share
from promptops.records import record
from promptops.report.score.facts import Section, group_name, time_dimension
from promptops.report.score.notes import limit
from promptops.report.test.facts import short

BUDGET = "budget"

_TINY_SERIES = 20
"""A series with so many times fewer samples at a time than the largest one is not drawn."""


@record(frozen=True, slots=True, kw_only=True)
class TimedValue:
    """A value at a time.

    Attributes:
        at: Seconds since 1970-01-01, as if the time were UTC.
        time: As in the group, such as `2026-11-27`.
        alert: The alert that was raised for it.
    """

    at: float
    time: str
    found: Value
    alert: Alert | None


@record(frozen=True, slots=True, kw_only=True)
class Series:
    """The values of one version, or of all groups that differ in nothing but the time.

    Attributes:
        name: Safe to print; "" if there is only one series.
        number: 0-based; the same in all charts of a prompt. The latest series comes first.
    """

    name: str
    number: int
    values: tuple[TimedValue, ...]


@record(frozen=True, slots=True, kw_only=True)
class Chart:
    """A metric over time.

    Attributes:
        limits: Thresholds of alerts and the budget, each with its name.
    """

    measure: Measure
    series: tuple[Series, ...]
    limits: tuple[tuple[str, float], ...]


def charts(section: Section, score: Score) -> tuple[tuple[Chart, ...], tuple[str, ...]]:
    """The charts, and the names of series with too few samples to draw.

    There are none without two times that have values to draw; groups without a time are left out.
    """
    timeline = _Timeline(section, score)
    found = timeline.charts()
    if len(times_of(found)) < 2:
        return (), ()
    return found, tuple(sorted(timeline.tiny))


def times_of(charts: Iterable[Chart]) -> list[float]:
    """The times at which any series of some charts has a value, in order."""
    return sorted({each.at for chart in charts for line in chart.series for each in line.values})


class _Timeline:
    """The groups of a section with their times."""

    def __init__(self, section: Section, score: Score) -> None:
        self._section = section
        self._dimension = time_dimension(score)
        self._timed = list(self._with_time())
        about = [each for each in (*score.alerts, *score.quiet) if _is_about(each, section)]
        self._alerts = about
        self._raised = {(each.metric, _group_key(each.by)): each for each in score.alerts}
        self.tiny = self._tiny()

    def charts(self) -> tuple[Chart, ...]:
        names = [name for name in self._names() if name not in self.tiny]
        drawn = [group for _, group in self._timed if self._name(group) not in self.tiny]
        found = _measures(drawn, self._alerts)
        return tuple(
            Chart(
                measure=measure,
                series=tuple(self._series(measure, names)),
                limits=tuple(dict.fromkeys(self._limits(measure))),
            )
            for measure in found
        )

    def _with_time(self) -> Iterator[tuple[float, ScoreGroup]]:
        for group in self._section.groups if self._dimension else ():
            at = _seconds_since_1970(group.by.get(self._dimension or "day", ""))
            if at is not None:
                yield at, group

    def _name(self, group: ScoreGroup) -> str:
        return group_name(group.by, ("prompt", "day", "hour", *self._section.shared))

    def _names(self) -> list[str]:
        """The names of the series; the one that ends last comes first."""
        last: dict[str, tuple[float, int]] = {}
        for index, (at, group) in enumerate(self._timed):
            name = self._name(group)
            last[name] = max(last.get(name, (at, index)), (at, index))
        return sorted(last, key=lambda name: last[name], reverse=True)

    def _tiny(self) -> frozenset[str]:
        """Series with so few samples that their values only hide the others."""
        counts: dict[str, list[int]] = {}
        for _, group in self._timed:
            counts.setdefault(self._name(group), []).append(group.n)
        means = {name: fmean(each) for name, each in counts.items()}
        alerted = {by for _, by in self._raised}
        kept = {self._name(group) for _, group in self._timed if _group_key(group.by) in alerted}
        least = max(means.values(), default=0.0) / _TINY_SERIES
        return frozenset(name for name, mean in means.items() if mean < least and name not in kept)

    def _series(self, measure: Measure, names: Sequence[str]) -> Iterator[Series]:
        values: dict[str, list[TimedValue]] = {name: [] for name in names}
        for at, group in sorted(self._timed, key=lambda each: each[0]):
            found = measure.of(group)
            if found is not None and self._name(group) in values:
                values[self._name(group)].append(self._value(at, group, measure, found))
        for number, name in enumerate(names):
            if values[name]:
                yield Series(name=name, number=number, values=tuple(values[name]))

    def _value(self, at: float, group: ScoreGroup, measure: Measure, found: Value) -> TimedValue:
        time = group.by[self._dimension] if self._dimension else ""
        alert = self._raised.get((measure.metric, _group_key(group.by)))
        return TimedValue(at=at, time=time, found=found, alert=alert)

    def _limits(self, measure: Measure) -> Iterator[tuple[str, float]]:
        for alert in self._alerts:
            if alert.metric == measure.metric:
                yield limit(alert), alert.threshold
        if measure.metric == "cost_1000":
            for group in self._section.groups:
                if group.budget_usd_1000 is not None:
                    yield BUDGET, group.budget_usd_1000


def _seconds_since_1970(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _is_about(alert: Alert, section: Section) -> bool:
    return alert.by.get("prompt", "") == section.prompt


def _group_key(by: Mapping[Dimension, str]) -> tuple[str, ...]:
    return tuple(by.values())


# What the charts of a prompt show: the metrics of its groups, in the unit of an alert

_MAX_CHARTS = 8


@record(frozen=True, slots=True, kw_only=True)
class Value:
    """A metric of a group, in percent, seconds or USD; bounds of its 95% interval if known."""

    value: float
    low: float | None = None
    high: float | None = None
    n: int


@record(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric.

    Attributes:
        title: With its unit, safe to print.
        is_percent: From 0 to 100; else from 0 on.
        of: The value of a group; None if it has none.
    """

    metric: str
    title: str
    is_percent: bool = True
    of: Callable[[ScoreGroup], Value | None]


def _measures(groups: Sequence[ScoreGroup], alerts: Iterable[Alert]) -> tuple[Measure, ...]:
    """The metrics that a section has values of; of assertions only those with an alert."""
    with_alert = dict.fromkeys(alert.metric for alert in alerts)
    known = {each.metric: each for each in _usual_measures(groups)}
    types = {each.type for group in groups for each in group.assertions}
    for metric in with_alert:
        if metric not in known and metric in types:
            known[metric] = _assertion_measure(metric)
    found = (
        each
        for each in known.values()
        if any(value is not None for value in map(each.of, groups))
        and (each.metric in with_alert or not _is_dull(each, groups))
    )
    return tuple(found)[:_MAX_CHARTS]


def _usual_measures(groups: Sequence[ScoreGroup]) -> Iterator[Measure]:
    yield Measure(
        metric="contracts", title="Contracts kept, %", of=lambda g: _share_value(g.contracts)
    )
    for name in dict.fromkeys(each.name for group in groups for each in group.scores):
        yield _score_measure(name)
    yield Measure(metric="errors", title="Errors, %", of=lambda g: _share_value(g.errors))
    yield Measure(metric="refusals", title="Refusals, %", of=lambda g: _share_value(g.refusals))
    yield Measure(
        metric="cost_1000", title="USD per 1,000 requests", is_percent=False, of=_cost_1000
    )
    for metric in ("p50", "p95"):
        yield _latency_measure(metric)


def _is_dull(measure: Measure, groups: Sequence[ScoreGroup]) -> bool:
    """Whether there is nothing to see: the median beside `p95`, and errors that never happened."""
    if measure.metric == "p50":
        return True
    values = filter(None, map(measure.of, groups))
    return measure.metric in ("errors", "refusals") and not any(each.value for each in values)


def _share_value(found: Share) -> Value | None:
    if found.value is None:
        return None
    return _in_percent(found.value, found.low, found.high, found.n)


def _score_measure(name: str) -> Measure:
    def of(group: ScoreGroup) -> Value | None:
        found = next((each for each in group.scores if each.name == name), None)
        return _in_percent(found.mean, found.low, found.high, found.n) if found else None

    return Measure(metric=name, title=f"{short(name)}, points", of=of)


def _assertion_measure(kind: str) -> Measure:
    def of(group: ScoreGroup) -> Value | None:
        found = [each for each in group.assertions if each.type == kind and each.n]
        if not found:
            return None
        n = sum(each.n for each in found)
        share = sum(each.held for each in found) / n
        low, high = (found[0].low, found[0].high) if len(found) == 1 else (None, None)
        return _in_percent(share, low, high, n)

    return Measure(metric=kind, title=f"{short(kind)} holds, %", of=of)


def _cost_1000(group: ScoreGroup) -> Value | None:
    if group.cost_usd_1000 is None:
        return None
    return Value(value=group.cost_usd_1000, n=group.priced)


def _latency_measure(metric: str) -> Measure:
    def of(group: ScoreGroup) -> Value | None:
        found = group.latency_s
        return Value(value=getattr(found, metric), n=found.n) if found else None

    return Measure(metric=metric, title=f"{metric}, seconds", is_percent=False, of=of)


def _in_percent(share: float, low: float | None, high: float | None, n: int) -> Value:
    if low is None or high is None:
        return Value(value=100 * share, n=n)
    return Value(value=100 * share, low=100 * low, high=100 * high, n=n)
