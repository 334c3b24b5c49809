"""Time series of a prompt: a chart for each metric, a series for each version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean

from promptops.model.score import Alert, Score
from promptops.model.score_group import Dimension, ScoreGroup
from promptops.records import record
from promptops.report.score.page.measures import Measure, Value, measures
from promptops.report.score.parts.alerts import limit
from promptops.report.score.parts.names import Section, group_name, time_dimension

BUDGET = "budget"

_TINY = 20
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
        self._raised = {(each.metric, _key(each.by)): each for each in score.alerts}
        self.tiny = self._tiny()

    def charts(self) -> tuple[Chart, ...]:
        names = [name for name in self._names() if name not in self.tiny]
        drawn = [group for _, group in self._timed if self._name(group) not in self.tiny]
        found = measures(drawn, self._alerts)
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
            at = _seconds(group.by.get(self._dimension or "day", ""))
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
        kept = {self._name(group) for _, group in self._timed if _key(group.by) in alerted}
        least = max(means.values(), default=0.0) / _TINY
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
        alert = self._raised.get((measure.metric, _key(group.by)))
        return TimedValue(at=at, time=time, found=found, alert=alert)

    def _limits(self, measure: Measure) -> Iterator[tuple[str, float]]:
        for alert in self._alerts:
            if alert.metric == measure.metric:
                yield limit(alert), alert.threshold
        if measure.metric == "cost_1000":
            for group in self._section.groups:
                if group.budget_usd_1000 is not None:
                    yield BUDGET, group.budget_usd_1000


def _seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _is_about(alert: Alert, section: Section) -> bool:
    return alert.by.get("prompt", "") == section.prompt


def _key(by: Mapping[Dimension, str]) -> tuple[str, ...]:
    return tuple(by.values())
