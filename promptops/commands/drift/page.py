"""One HTML page of a night: each prompt with its verdict, its chart, and the worst cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from promptops.commands.drift import report
from promptops.commands.drift.report import RELEASE, changes
from promptops.model.night import (
    LEARNING_NIGHTS,
    Chart,
    ChartPoint,
    Drift,
    Night,
    NightVerdict,
    PromptDrift,
)
from promptops.records import record
from promptops.report.page.document import PICTURE, Room, document
from promptops.report.page.scale import Scale, Tick, marks, score_scale
from promptops.report.test import facts as scores
from promptops.report.test.facts import problem_lines, short
from promptops.report.test.page import FILTERS, PARTS, WorseView, worse_view
from promptops.report.visible import visible

_NIGHTS_SHOWN = 150


def write_html(drift: Drift, **_: Any) -> str:
    """The whole page."""
    room = Room()
    return document(
        "commands/drift",
        FILTERS,
        parts=(PARTS, PICTURE),
        head=report.document(drift),
        drift=drift,
        tonight=report.tonight_table(drift),
        prompts=tuple(
            _view(prompt, drift, f"prompt-{number}", room)
            for number, prompt in enumerate(report.in_order(drift), 1)
        ),
        problems=tuple(problem_lines(drift.problems)),
        edges=EDGES,
        facts=report,
        scores=scores,
    )


@record(frozen=True, slots=True, kw_only=True)
class PromptDriftView:
    """A prompt as a section of the page.

    Attributes:
        quiet: It has no signal.
        folded: The chart of the contracts, for a prompt with a score.
        steps: What to do: a purpose and a command; empty unless it drifted.
        nights: The latest nights, the latest first.
        left_out: The number of earlier nights.
    """

    anchor: str
    prompt: PromptDrift
    quiet: bool
    chart: ControlChart | None
    folded: ControlChart | None
    worst: tuple[WorseView, ...]
    steps: tuple[tuple[str, str], ...]
    nights: tuple[Night, ...]
    left_out: int


def _view(prompt: PromptDrift, drift: Drift, anchor: str, room: Room) -> PromptDriftView:
    nights = prompt.history[-_NIGHTS_SHOWN:]
    main = report.main_chart(prompt)
    contracts = prompt.chart("contracts") if prompt.chart("score") else None
    return PromptDriftView(
        anchor=anchor,
        prompt=prompt,
        quiet=prompt.verdict in ("steady", "learning", "accepted"),
        chart=control_chart(prompt, main) if main else None,
        folded=control_chart(prompt, contracts) if contracts else None,
        worst=tuple(worse_view(worse, room) for worse in report.shows_worst(prompt)),
        steps=tuple(report.next_steps(prompt, drift)),
        nights=nights[::-1],
        left_out=len(prompt.history) - len(nights),
    )


# The control chart of a prompt as positions in an SVG: the nights above, the EWMA below.


@record(frozen=True, slots=True, kw_only=True)
class Edges:
    """The edges of both panels, which are the same in each chart.

    Attributes:
        top, middle: Of the upper panel, which shows the means.
        ewma_top, ewma_bottom: Of the lower panel.
        dates: The baseline of the dates.
    """

    width: int = 800
    height: int = 352
    left: int = 54
    right: int = 788
    top: int = 46
    middle: int = 222
    ewma_top: int = 244
    ewma_bottom: int = 316
    dates: int = 338


EDGES = Edges()
_SIDE_ROOM = 12  # between the frame and the first and last night
_FEWEST_SLOTS = LEARNING_NIGHTS + 5  # so that few nights are not far apart
_LARGEST_POINT, _SMALLEST_POINT = 4.5, 2.0
_DATES_SHOWN = 7
_NORMAL_95 = 1.96  # standard errors around a mean that contain 95%


@record(frozen=True, slots=True, kw_only=True)
class Dot:
    """A night.

    Attributes:
        path: Its shape.
        whisker: The path of the interval from sampling alone.
        title: What it shows, in words.
    """

    verdict: NightVerdict
    shape: Shape
    path: str
    whisker: str
    title: str


@record(frozen=True, slots=True, kw_only=True)
class SignalDot:
    """An EWMA below its limit.

    Attributes:
        is_confirmed: By fresh answers of the same night.
    """

    x: float
    y: float
    title: str
    is_confirmed: bool


@record(frozen=True, slots=True, kw_only=True)
class Band:
    """A rectangle: where 95% of the nights are while nothing changes."""

    x: float
    y: float
    width: float
    height: float


@record(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """All that is drawn, in positions from the top left corner.

    Attributes:
        level: The height of the learned mean; None while it is learned.
        start: Where the learned nights begin.
        ewma: Points for `polyline`; a new line after each reset.
        zero, limit: Heights in the lower panel; None while the mean is learned.
        changed: What changed behind the prompt, with the letters of the picture.
    """

    name: str
    unit: str
    summary: str
    scores: tuple[Tick, ...]
    ewma_ticks: tuple[Tick, ...]
    dates: tuple[Tick, ...]
    dots: tuple[Dot, ...]
    band: Band | None
    level: float | None
    start: float
    ewma: tuple[str, ...]
    signals: tuple[SignalDot, ...]
    zero: float | None
    limit: float | None
    releases: tuple[Boundary, ...]
    changed: tuple[Mark, ...]
    gaps: tuple[tuple[float, str], ...]


def control_chart(prompt: PromptDrift, chart: Chart) -> ControlChart | None:
    """None without a night on the chart."""
    return _Drawing(prompt, chart).chart() if chart.points else None


class _Drawing:
    def __init__(self, prompt: PromptDrift, chart: Chart) -> None:
        self._prompt = prompt
        self._chart = chart
        self._history = prompt.history
        ends = [end for point in chart.points for end in _interval(point)]
        if chart.baseline is not None:  # where a night without a change is, 0 to 1
            around = _NORMAL_95 * chart.baseline.se
            self._low = max(0.0, chart.baseline.mean - around)
            self._high = min(1.0, chart.baseline.mean + around)
            ends += [self._low, self._high]
        self._y = score_scale([100 * end for end in ends], EDGES.middle, EDGES.top)
        found = [point.ewma for point in chart.points if point.ewma is not None]
        self._ewma_y = Scale(
            low=1.1 * min([1.5 * chart.limit, *found]),
            high=max([0.1, *found]),
            start=EDGES.ewma_bottom,
            end=EDGES.ewma_top,
        )

    def chart(self) -> ControlChart:
        learned = self._chart.baseline
        return ControlChart(
            name=self._chart.name,
            unit="points" if self._chart.name == "score" else "% kept",
            summary=self._summary(),
            scores=marks(self._y),
            ewma_ticks=marks(self._ewma_y) if learned else (),
            dates=tuple(self._dates()),
            dots=tuple(map(self._dot, self._chart.points)),
            band=self._band(),
            level=self._at(learned.mean) if learned else None,
            start=self._x(self._chart.points[0].night),
            ewma=tuple(self._ewma_lines()),
            signals=tuple(self._signals()),
            zero=self._ewma_y.at(0) if learned else None,
            limit=self._ewma_y.at(self._chart.limit) if learned else None,
            releases=tuple(_boundaries(self._history, self._x, EDGES.right))[::-1],
            changed=_marks_of(self._prompt, self._x),
            gaps=tuple(self._gaps()),
        )

    def _x(self, night: int) -> float:
        slots = max(len(self._history), _FEWEST_SLOTS)
        room = EDGES.right - EDGES.left - 2 * _SIDE_ROOM
        return round(EDGES.left + _SIDE_ROOM + night * room / (slots - 1), 1)

    def _at(self, share: float) -> float:
        return self._y.at(100 * share)

    def _band(self) -> Band | None:
        if self._chart.baseline is None:
            return None
        left, top = self._x(self._chart.points[0].night), self._at(self._high)
        height = max(1.0, round(self._at(self._low) - top, 1))
        return Band(x=left, y=top, width=round(EDGES.right - left, 1), height=height)

    def _dot(self, point: ChartPoint) -> Dot:
        night = self._history[point.night]
        x, y = self._x(point.night), self._at(point.mean)
        low, high = (self._at(end) for end in _interval(point))
        shape = _SHAPES.get(night.verdict, "circle")
        radius = _LARGEST_POINT
        if shape in ("hollow", "circle"):  # signals stay large where points lie closely together
            slot = (EDGES.right - EDGES.left) / max(len(self._history), _FEWEST_SLOTS)
            radius = round(min(_LARGEST_POINT, max(_SMALLEST_POINT, slot / 3)), 1)
        return Dot(
            verdict=night.verdict,
            shape=shape,
            path=_outline(shape, x, y, radius),
            whisker=f"M{x} {low}V{high}",
            title=self._title(point, night),
        )

    def _title(self, point: ChartPoint, night: Night) -> str:
        parts = [
            f"{report.day(night)}: {report.points(point.mean)}{self._unit()}",
            f"± {100 * _NORMAL_95 * point.se:.1f}",
            night.verdict,
        ]
        if point.ewma is not None:
            parts.append(f"ewma {report.signed(point.ewma)}")
        return ", ".join(parts)

    def _ewma_lines(self) -> Iterator[str]:
        """A line for the nights up to each reset."""
        line: list[str] = []
        for point in self._chart.points:
            if point.ewma is None:
                continue
            line.append(f"{self._x(point.night)},{self._ewma_y.at(point.ewma)}")
            if point.reset:
                yield " ".join(line)
                line = [f"{self._x(point.night)},{self._ewma_y.at(0)}"]
        if line:
            yield " ".join(line)

    def _signals(self) -> Iterator[SignalDot]:
        for point in self._chart.points:
            if point.ewma is not None and point.ewma < self._chart.limit:
                night = self._history[point.night]
                has_fresh = getattr(night.confirmed, self._chart.name, None) is not None
                outcome = "confirmed" if has_fresh else "no fresh answers"
                outcome = "not confirmed, starts again" if point.reset else outcome
                yield SignalDot(
                    x=self._x(point.night),
                    y=self._ewma_y.at(point.ewma),
                    title=f"{report.day(night)}: signal, {outcome}",
                    is_confirmed=not point.reset,
                )

    def _dates(self) -> Iterator[Tick]:
        """Some dates, the last one first; a day with several nights once."""
        every = max(1, -(-len(self._history) // _DATES_SHOWN))
        before = ""
        for index in range(len(self._history) - 1, -1, -every):
            date = report.day(self._history[index])[5:]
            if date != before:
                yield Tick(at=self._x(index), text=date)
            before = date

    def _gaps(self) -> Iterator[tuple[float, str]]:
        """Nights without a point."""
        for index, night in enumerate(self._history):
            if night.verdict in ("incomplete", "accepted"):
                reason = f": {visible(night.reason)}" if night.reason else ""
                yield self._x(index), f"{report.day(night)}: {night.verdict}{reason}"

    def _summary(self) -> str:
        """The picture in words."""
        last = self._chart.points[-1]
        level = f", {report.baseline(self._chart)} learned" if self._chart.baseline else ""
        count = len(self._chart.points)
        return f"{count} nights; the last one {report.points(last.mean)}{self._unit()}{level}"

    def _unit(self) -> str:
        return " points" if self._chart.name == "score" else "% of answers keep all contracts"


def _interval(point: ChartPoint) -> tuple[float, float]:
    around = _NORMAL_95 * point.se
    return max(0.0, point.mean - around), min(1.0, point.mean + around)


# The shapes of nights, as SVG paths

Shape = Literal["hollow", "circle", "triangle", "square"]

_SHAPES: dict[NightVerdict, Shape] = {
    "learning": "hollow",
    "suspect": "triangle",
    "drifted": "square",
}


def _outline(shape: Shape, x: float, y: float, radius: float) -> str:
    """The path of a shape around a point."""
    if shape == "triangle":
        side, above = 1.4 * radius, y - radius
        return _polygon([(x, y + 1.5 * radius), (x - side, above), (x + side, above)])
    if shape == "square":
        left, right = x - 1.15 * radius, x + 1.15 * radius
        above, below = y - 1.15 * radius, y + 1.15 * radius
        return _polygon([(left, above), (right, above), (right, below), (left, below)])
    half = f"a{radius} {radius} 0 1 0"
    return f"M{x - radius:.1f} {y}{half} {2 * radius:.1f} 0{half} {-2 * radius:.1f} 0z"


def _polygon(corners: Sequence[tuple[float, float]]) -> str:
    return f"M{'L'.join(f'{x:.1f} {y:.1f}' for x, y in corners)}z"


# What else the chart marks: where a release begins, and where the model or the judge changed

_MARK_LETTERS = "ABCDEFGH"
_CHARACTER_WIDTH = 7.4
_LONGEST_LABEL = 16
_LABEL_GAP = 8.0


@record(frozen=True, slots=True, kw_only=True)
class Boundary:
    """The first night of a release.

    Attributes:
        label: Its name, or "" if there is no room for it.
        is_first: It is the first release of the picture, which gets no line.
    """

    x: float
    label: str
    title: str
    is_first: bool


@record(frozen=True, slots=True, kw_only=True)
class Mark:
    """A night at which something changed behind the same prompt.

    Attributes:
        letter: That of the list below the picture; "" for all but the latest marks.
        changes: What changed, each in words.
    """

    x: float
    letter: str
    day: str
    changes: tuple[str, ...]


def _boundaries(
    history: Sequence[Night], x: Callable[[int], float], right: float
) -> Iterator[Boundary]:
    """The first night of each release, the last one first; labels do not overlap."""
    for index in range(len(history) - 1, -1, -1):
        release = history[index].release
        if index and history[index - 1].release == release:
            continue
        name = short(release)
        shown = name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…"
        at = x(index)
        fits = at + len(shown) * _CHARACTER_WIDTH < right
        yield Boundary(
            x=at,
            label=shown if fits else "",
            title=f"{name} since {report.day(history[index])}",
            is_first=index == 0,
        )
        right = at - _LABEL_GAP if fits else right


def _marks_of(prompt: PromptDrift, x: Callable[[int], float]) -> tuple[Mark, ...]:
    """Where model, fingerprint or judge changed; the latest ones have letters."""
    found: dict[int, list[str]] = {}
    for index, kind, change in changes(prompt):
        if kind != RELEASE:
            found.setdefault(index, []).append(change)
    unnamed = len(found) - len(_MARK_LETTERS)
    return tuple(
        Mark(
            x=x(index),
            letter=_MARK_LETTERS[number - max(unnamed, 0)] if number >= unnamed else "",
            day=report.day(prompt.history[index]),
            changes=tuple(own),
        )
        for number, (index, own) in enumerate(found.items())
    )
