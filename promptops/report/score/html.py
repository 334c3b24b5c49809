"""One HTML page of a score: summary, alerts, and for each prompt its figures over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from promptops.model.score import Alert, Dimension, Score, ScoreGroup, Share
from promptops.plurals import some
from promptops.records import record
from promptops.report.page.document import document
from promptops.report.page.scale import Scale, Tick, marks, score_scale
from promptops.report.score import facts, figures, notes
from promptops.report.score.facts import Section, group_name, sections
from promptops.report.score.figures import Column, columns, of_metric
from promptops.report.score.series import Chart, Series, TimedValue, charts, times_of
from promptops.report.test.facts import short
from promptops.report.test.html import PARTS as CASES

_ALERTS = 20


def write(score: Score, **_: object) -> str:
    """The whole page."""
    views = section_views(score)
    return document(
        "score/page",
        {"short": short},
        parts=(CASES,),
        score=score,
        views=views,
        shown_alerts=[alert for view in views for alert in view.alerts][:_ALERTS],
        notes=page_notes(score),
        facts=facts,
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
        series: Names of the series of its charts with their numbers; empty for one series.
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


def section_views(score: Score) -> tuple[SectionView, ...]:
    """The sections in the order of the groups."""
    found = enumerate(sections(score), 1)
    return tuple(_section_view(section, f"prompt-{number}", score) for number, section in found)


def page_notes(score: Score) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The notes by label."""
    found: dict[str, list[str]] = {}
    every = [
        *(("can't be read", line) for line in notes.broken(score)),
        *notes.notes(score),
        *(("alert without a value", line) for line in notes.without_value(score)),
        *(("alert without effect", line) for line in notes.idle(score)),
        *(("not certain", line) for line in notes.doubtful(score)),
        *(("no alert", line) for line in notes.quiet(score)),
    ]
    for label, line in every:
        found.setdefault(label, []).append(line)
    return tuple((label, tuple(lines)) for label, lines in found.items())


def _section_view(section: Section, anchor: str, score: Score) -> SectionView:
    found, tiny = charts(section, score)
    times = times_of(found)
    groups = section.groups
    return SectionView(
        anchor=anchor,
        section=section,
        alerts=tuple(_alert_views(section, anchor, score.alerts)),
        totals=_totals(groups),
        drawings=tuple(_drawing(chart, times) for chart in found),
        series=_series_names(found),
        tiny=some(tiny, _TINY_SHOWN),
        columns=columns(section.latest(_MAX_ROWS), section.varying),
        earlier=max(0, len(groups) - _MAX_ROWS),
        violated=tuple(facts.violated(section)),
    )


def _alert_views(section: Section, anchor: str, raised: Iterable[Alert]) -> Iterable[AlertView]:
    for alert in raised:
        if alert.by.get("prompt", "") == section.prompt:
            yield AlertView(
                group=group_name(alert.by, _WITHOUT_PROMPT),
                text=notes.raised(alert),
                prompt=section.prompt,
                anchor=anchor,
            )


def _totals(groups: Sequence[ScoreGroup]) -> Totals:
    costs = [group.cost_usd for group in groups if group.cost_usd is not None]
    return Totals(
        samples=sum(group.n for group in groups),
        contracts=figures.share(_summed([group.contracts for group in groups])),
        errors=figures.rare(_summed([group.errors for group in groups])),
        cost=figures.spent(sum(costs) if costs else None),
    )


def _summed(shares: Sequence[Share]) -> Share:
    return Share(n=sum(each.n for each in shares), count=sum(each.count for each in shares))


def _series_names(found: Iterable[Chart]) -> tuple[tuple[str, int], ...]:
    """The latest first."""
    named = {line.number: line.name for chart in found for line in chart.series if line.name}
    return tuple((name, number) for number, name in sorted(named.items()))


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


def _drawing(chart: Chart, times: Sequence[float]) -> Drawing:
    """The chart, with an x axis from the first to the last of the times, which are sorted."""
    return _Drawing(chart, times).drawing()


class _Drawing:
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
            yield Tick(at=self._x.at(at), text=_time_text(at, is_day=is_day))

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
        title = notes.raised(value.alert) if value.alert else shown
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


def _time_text(at: float, *, is_day: bool) -> str:
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
    return f"{time:%b} {time.day}" if is_day else f"{time:%b} {time.day}, {time:%H}h"
