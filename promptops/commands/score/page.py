"""One HTML page of a score: summary, alerts, and for each prompt its figures over time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean

from promptops.commands.score import report
from promptops.commands.score.report import (
    Column,
    Section,
    columns,
    group_name,
    limit,
    of_metric,
    sections,
    time_dimension,
)
from promptops.model.score import Alert, Dimension, Score, ScoreGroup, Share
from promptops.plurals import some
from promptops.records import record
from promptops.report.page.document import document
from promptops.report.page.scale import Scale, Tick, marks, score_scale
from promptops.report.test.facts import short
from promptops.report.test.page import PARTS as CASES

_ALERTS = 20


def write_html(score: Score, **_: object) -> str:
    """The whole page."""
    views = tuple(
        _section_view(section, f"prompt-{number}", score)
        for number, section in enumerate(sections(score), 1)
    )
    return document(
        "commands/score",
        {"short": short},
        parts=(CASES,),
        score=score,
        views=views,
        shown_alerts=[alert for view in views for alert in view.alerts][:_ALERTS],
        notes=page_notes(score),
        facts=report,
    )


# The views that the page of scored samples shows, and its charts as positions in an SVG.

_MAX_ROWS = 60
_TINY_SHOWN = 5
_WITHOUT_PROMPT: tuple[Dimension, ...] = ("prompt",)


@record(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An alert.

    Attributes:
        group: The values of its group, without the prompt.
        anchor: Of its prompt.
    """

    group: str
    text: str
    prompt: str
    anchor: str


@record(frozen=True, slots=True, kw_only=True)
class Totals:
    """The groups of a prompt together; each is safe to print, and "" if it is unknown."""

    samples: int
    contracts: str
    errors: str
    cost: str


@record(frozen=True, slots=True, kw_only=True)
class SectionView:
    """A prompt as a section of the page.

    Attributes:
        series: Names of the series of its charts with their numbers, the latest first; empty for
            one series.
        tiny: Names of series with too few samples to draw, or "".
        columns: Of the table of the latest groups.
        earlier: The number of groups before them, which are not shown.
        violated: Sentences about assertions that do not always hold.
    """

    anchor: str
    section: Section
    alerts: tuple[AlertView, ...]
    totals: Totals
    drawings: tuple[Drawing, ...]
    series: tuple[tuple[str, int], ...]
    tiny: str
    columns: tuple[Column, ...]
    earlier: int
    violated: tuple[str, ...]


def page_notes(score: Score) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The notes by label."""
    found: dict[str, list[str]] = {}
    every = [
        *(("can't be read", line) for line in report.broken(score)),
        *report.notes(score),
        *(("alert without a value", line) for line in report.without_value(score)),
        *(("alert without effect", line) for line in report.idle(score)),
        *(("not certain", line) for line in report.doubtful(score)),
        *(("no alert", line) for line in report.quiet(score)),
    ]
    for label, line in every:
        found.setdefault(label, []).append(line)
    return tuple((label, tuple(lines)) for label, lines in found.items())


def _section_view(section: Section, anchor: str, score: Score) -> SectionView:
    found, tiny = charts(section, score)
    times = times_of(found)
    names = {line.number: line.name for chart in found for line in chart.series if line.name}
    groups = section.groups
    return SectionView(
        anchor=anchor,
        section=section,
        alerts=tuple(_alert_views(section, anchor, score.alerts)),
        totals=_totals(groups),
        drawings=tuple(_Drawing(chart, times).drawing() for chart in found),
        series=tuple((name, number) for number, name in sorted(names.items())),
        tiny=some(tiny, _TINY_SHOWN),
        columns=columns(section.latest(_MAX_ROWS), section.varying),
        earlier=max(0, len(groups) - _MAX_ROWS),
        violated=tuple(report.violated(section)),
    )


def _alert_views(section: Section, anchor: str, raised: Iterable[Alert]) -> Iterable[AlertView]:
    for alert in raised:
        if _is_about(alert, section):
            yield AlertView(
                group=group_name(alert.by, _WITHOUT_PROMPT),
                text=report.raised(alert),
                prompt=section.prompt,
                anchor=anchor,
            )


def _totals(groups: Sequence[ScoreGroup]) -> Totals:
    costs = [group.cost_usd for group in groups if group.cost_usd is not None]
    return Totals(
        samples=sum(group.n for group in groups),
        contracts=report.share(_summed([group.contracts for group in groups])),
        errors=report.rare(_summed([group.errors for group in groups])),
        cost=report.spent_by(sum(costs) if costs else None),
    )


def _summed(shares: Sequence[Share]) -> Share:
    return Share(n=sum(each.n for each in shares), count=sum(each.count for each in shares))


# A chart as positions in an SVG

WIDTH, HEIGHT = 600, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 84, 12, 28
_FEW_TIMES = 31  # times of a chart whose points are all drawn, with bars as intervals
_MOST_TICKS = 5
_POINT_GAP = 4.0  # between points of two series at one time
_DAY_S = 86_400.0
_LABEL_HEIGHT = 14.0  # the height of a name


@record(frozen=True, slots=True, kw_only=True)
class Level:
    """A horizontal line; `label_y` is the middle of its name, which covers no other name."""

    at: float
    name: str
    label_y: float


@record(frozen=True, slots=True, kw_only=True)
class Dot:
    """A value; `title` is what it shows, in words."""

    x: float
    y: float
    title: str
    is_alert: bool


@record(frozen=True, slots=True, kw_only=True)
class Line:
    """A series.

    Attributes:
        path: Its line, interrupted where a time has no value.
        band: The area of its intervals, or "".
        bars: Its intervals as bars, or "".
        dots: All values of a short series, else those with an alert.
    """

    name: str
    number: int
    path: str
    band: str
    bars: str
    dots: tuple[Dot, ...]


@record(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All that is drawn, in positions from the top left corner; lines of later series first."""

    title: str
    width: int = WIDTH
    height: int = HEIGHT
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    bottom: float = HEIGHT - _BOTTOM
    times: tuple[Tick, ...]
    values: tuple[Tick, ...]
    levels: tuple[Level, ...]
    lines: tuple[Line, ...]

    @property
    def alerts(self) -> int:
        """The number of values with an alert."""
        return sum(dot.is_alert for line in self.lines for dot in line.dots)


class _Drawing:
    """A chart, with an x axis from the first to the last of the times, which are sorted."""

    def __init__(self, chart: Chart, times: Sequence[float]) -> None:
        self._chart = chart
        self._times = times
        self._step = min(later - earlier for earlier, later in pairwise(times))
        room = 0.5 * self._step if len(times) <= _FEW_TIMES else 0.0
        self._x = Scale(low=times[0] - room, high=times[-1] + room, start=_LEFT, end=WIDTH - _RIGHT)
        self._y = self._value_scale()

    def drawing(self) -> Drawing:
        return Drawing(
            title=self._chart.measure.title,
            times=tuple(self._time_ticks()),
            values=marks(self._y),
            levels=tuple(self._levels()),
            lines=tuple(map(self._line, reversed(self._chart.series))),
        )

    def _value_scale(self) -> Scale:
        every = [value for series in self._chart.series for value in _ends(series.values)]
        every += [number for _, number in self._chart.limits]
        if self._chart.measure.is_percent:
            return score_scale(every, HEIGHT - _BOTTOM, _TOP)
        high = 1.12 * max(every) or 1.0
        return Scale(low=0.0, high=high, start=HEIGHT - _BOTTOM, end=_TOP)

    def _time_ticks(self) -> Iterator[Tick]:
        """About five times, at equal distances, each at a time that has values or could have."""
        count = round((self._times[-1] - self._times[0]) / self._step)
        step = max(1, -(-count // (_MOST_TICKS - 1)))
        is_day = self._step >= _DAY_S
        for number in range(0, count + 1, step):
            at = self._times[0] + number * self._step
            time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
            text = f"{time:%b} {time.day}" if is_day else f"{time:%b} {time.day}, {time:%H}h"
            yield Tick(at=self._x.at(at), text=text)

    def _levels(self) -> Iterator[Level]:
        """From the top down; equal limits are one line."""
        names: dict[float, list[str]] = {}
        for name, number in self._chart.limits:
            names.setdefault(self._y.at(number), []).append(name)
        free = 0.0
        for at, every in sorted(names.items()):
            free = max(at, free)
            for name in every:
                yield Level(at=at, name=name, label_y=free)
                free += _LABEL_HEIGHT

    def _line(self, series: Series) -> Line:
        runs = list(self._runs(series.values))
        few = len(self._times) <= _FEW_TIMES
        shown = [each for each in series.values if few or each.alert]
        return Line(
            name=series.name,
            number=series.number,
            path="".join(self._path(series, run) for run in runs),
            band="" if few else "".join(map(self._band, runs)),
            bars="".join(self._bar(series, each) for each in series.values) if few else "",
            dots=tuple(self._dot(series, each) for each in shown),
        )

    def _runs(self, values: Sequence[TimedValue]) -> Iterator[list[TimedValue]]:
        """Values without a gap of more than one step between them."""
        run: list[TimedValue] = []
        for value in values:
            if run and value.at - run[-1].at > 1.5 * self._step:
                yield run
                run = []
            run.append(value)
        yield run

    def _at(self, series: Series, value: TimedValue) -> float:
        """The x position; points of several series at one time are beside each other."""
        place = [each.number for each in self._chart.series].index(series.number)
        middle = (len(self._chart.series) - 1) / 2
        shift = (middle - place) * _POINT_GAP if len(self._times) <= _FEW_TIMES else 0.0
        return round(self._x.at(value.at) + shift, 1)

    def _path(self, series: Series, run: Sequence[TimedValue]) -> str:
        return _joined((self._at(series, each), self._y.at(each.found.value)) for each in run)

    def _band(self, run: Sequence[TimedValue]) -> str:
        sides = [
            [(self._x.at(each.at), self._y.at(bound)) for each, bound in _bounds(run, name)]
            for name in ("high", "low")
        ]
        return f"{_joined([*sides[0], *reversed(sides[1])])}Z" if sides[0][1:] else ""

    def _bar(self, series: Series, value: TimedValue) -> str:
        low, high = value.found.low, value.found.high
        if low is None or high is None:
            return ""
        return f"M{self._at(series, value)} {self._y.at(low)}V{self._y.at(high)}"

    def _dot(self, series: Series, value: TimedValue) -> Dot:
        found, metric = value.found, self._chart.measure.metric
        bounds = "" if found.low is None else f" [{found.low:.1f}, {found.high or 0:.1f}]"
        name = f"{series.name}, " if series.name else ""
        shown = f"{of_metric(metric, found.value)}{bounds} of {found.n:,}"
        title = report.raised(value.alert) if value.alert else shown
        return Dot(
            x=self._at(series, value),
            y=self._y.at(found.value),
            title=f"{name}{short(value.time)}: {'alert: ' if value.alert else ''}{title}",
            is_alert=value.alert is not None,
        )


def _ends(values: Iterable[TimedValue]) -> Iterator[float]:
    for each in values:
        found = each.found
        yield from (end for end in (found.low, found.value, found.high) if end is not None)


def _bounds(run: Iterable[TimedValue], name: str) -> Iterator[tuple[TimedValue, float]]:
    for each in run:
        bound = getattr(each.found, name)
        if bound is not None:
            yield each, bound


def _joined(points: Iterable[tuple[float, float]]) -> str:
    """A path; a single point becomes a short stroke, which round caps make visible."""
    found = [f"{x:g} {y:g}" for x, y in points]
    return f"M{'L'.join(found)}" if found[1:] else "".join(f"M{each}h0" for each in found)


# Time series of a prompt: a chart for each metric, a series for each version.

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
        self._alerts = [each for each in (*score.alerts, *score.quiet) if _is_about(each, section)]
        self._raised = {(each.metric, _group_key(each.by)): each for each in score.alerts}
        self.tiny = self._tiny()

    def charts(self) -> tuple[Chart, ...]:
        names = [name for name in self._names() if name not in self.tiny]
        drawn = [group for _, group in self._timed if self._name(group) not in self.tiny]
        return tuple(
            Chart(
                measure=measure,
                series=tuple(self._series(measure, names)),
                limits=tuple(dict.fromkeys(self._limits(measure))),
            )
            for measure in _measures(drawn, self._alerts)
        )

    def _with_time(self) -> Iterator[tuple[float, ScoreGroup]]:
        for group in self._section.groups if self._dimension else ():
            with suppress(ValueError):  # a group without a time
                time = datetime.fromisoformat(group.by.get(self._dimension or "day", ""))
                yield time.replace(tzinfo=UTC).timestamp(), group

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
    yield from map(_latency_measure, ("p50", "p95"))


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
