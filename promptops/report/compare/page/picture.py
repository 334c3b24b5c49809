"""The picture of a comparison: cost and score of each arm, as positions in an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from promptops.evals.deciding.pareto import CostAndScore, points_of
from promptops.model.arm import ArmResult, PromptComparison
from promptops.records import record
from promptops.report.compare.page.labels import Box, Label, along, placed
from promptops.report.compare.parts import facts
from promptops.report.page.scale import Scale, Tick, cost_scale, marks, score_scale
from promptops.report.test.parts.facts import short

WIDTH, HEIGHT = 460, 350
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 10, 12, 52
_WHISKER = 3.0


@record(frozen=True, slots=True, kw_only=True)
class Point:
    """An arm.

    Attributes:
        whisker: The path of its interval, without a cap where it continues beyond the scores that
            are possible; "" without an interval.
        title: What it shows, in words.
        is_beaten: Another arm costs no more and scores no less.
    """

    arm: ArmResult
    x: float
    y: float
    whisker: str
    label: Label
    title: str
    is_beaten: bool


@record(frozen=True, slots=True, kw_only=True)
class Picture:
    """All that is drawn, in positions from the top left corner.

    Attributes:
        left, top, right, bottom: Of the area between the axes.
        front: The points that join the arms that no other one beats, for `polyline`.
        reference: The height of the line at the score of the reference; None without a point.
        margin: The height of the line of the acceptable loss; None if it is outside, or without a
            score.
        missing: Names of the arms without a point, with the reason.
    """

    width: int = WIDTH
    height: int = HEIGHT
    left: float = _LEFT
    top: float = _TOP
    right: float = WIDTH - _RIGHT
    bottom: float = HEIGHT - _BOTTOM
    costs: tuple[Tick, ...]
    scores: tuple[Tick, ...]
    is_log: bool
    points: tuple[Point, ...]
    front: str
    reference: float | None
    margin: float | None
    missing: tuple[tuple[str, str], ...]

    @property
    def has_intervals(self) -> bool:
        return any(point.whisker for point in self.points)


def picture(prompt: PromptComparison) -> Picture | None:
    """None without a score, and if fewer than two arms have both a cost and a score."""
    found = points_of(prompt) if prompt.score else ()
    return _Drawing(prompt, found).picture() if found[1:] else None


class _Drawing:
    def __init__(self, prompt: PromptComparison, found: Sequence[CostAndScore]) -> None:
        self._prompt = prompt
        self._found = found
        self._arms = {arm.name: arm for arm in prompt.arms}
        self._x = cost_scale([each.cost for each in found], _LEFT, WIDTH - _RIGHT)
        self._y = self._score_scale()

    def picture(self) -> Picture:
        margin = self._margin()
        reference = self._reference()
        return Picture(
            costs=marks(self._x),
            scores=marks(self._y),
            is_log=self._x.is_log,
            points=self._points(),
            front=" ".join(map(self._position, self._front())),
            reference=None if reference is None else self._at(reference.score),
            margin=None if margin is None else self._at(margin),
            missing=tuple(self._missing()),
        )

    def _score_scale(self) -> Scale:
        ends = [end for each in self._found for end in self._interval(each) or ()]
        every = [100 * score for score in (*(each.score for each in self._found), *ends)]
        return score_scale(every, HEIGHT - _BOTTOM, _TOP)

    def _at(self, score: float) -> float:
        return self._y.at(100 * score)

    def _position(self, point: CostAndScore) -> str:
        return f"{self._x.at(point.cost)},{self._at(point.score)}"

    def _interval(self, point: CostAndScore) -> tuple[float, float] | None:
        """The bounds of the score, within 0 and 1; None of the reference."""
        found = self._arms[point.name].difference
        if found is None:
            return None
        base = point.score - found.value
        return max(0.0, base + found.low), min(1.0, base + found.high)

    def _reference(self) -> CostAndScore | None:
        name = self._prompt.arms[0].name
        return next((each for each in self._found if each.name == name), None)

    def _margin(self) -> float | None:
        reference = self._prompt.arms[0].score
        if reference is None:
            return None
        least = reference - self._prompt.margin
        return least if 100 * least >= self._y.low else None

    def _front(self) -> list[CostAndScore]:
        by_name = {each.name: each for each in self._found}
        return [by_name[name] for name in self._prompt.pareto if name in by_name]

    def _points(self) -> tuple[Point, ...]:
        anchors = [
            (self._x.at(each.cost), self._at(each.score), short(each.name)) for each in self._found
        ]
        frame = Box(left=_LEFT, top=_TOP, right=WIDTH - _RIGHT, bottom=HEIGHT - _BOTTOM)
        labels = placed(anchors, list(self._whiskers()), list(self._lines()), frame)
        return tuple(
            self._point(each, label) for each, label in zip(self._found, labels, strict=True)
        )

    def _whiskers(self) -> Iterator[Box]:
        for each in self._found:
            x, ends = self._x.at(each.cost), self._interval(each)
            if ends is not None:
                low, high = map(self._at, ends)
                yield Box(left=x - _WHISKER, right=x + _WHISKER, top=high, bottom=low)

    def _lines(self) -> Iterator[Box]:
        ends = [(self._x.at(each.cost), self._at(each.score)) for each in self._front()]
        return (box for start, end in pairwise(ends) for box in along(start, end))

    def _point(self, found: CostAndScore, label: Label) -> Point:
        arm, ends = self._arms[found.name], self._interval(found)
        return Point(
            arm=arm,
            x=self._x.at(found.cost),
            y=self._at(found.score),
            whisker=self._whisker(found, ends) if ends else "",
            label=label,
            title=self._title(arm, found),
            is_beaten=found.name not in self._prompt.pareto,
        )

    def _whisker(self, found: CostAndScore, ends: tuple[float, float]) -> str:
        x, difference = self._x.at(found.cost), self._arms[found.name].difference
        assert difference is not None
        low, high = map(self._at, ends)
        base = found.score - difference.value
        whole = f"M{x} {low}V{high}"
        lower = f"M{x - 4} {low}h8" if base + difference.low >= 0 else ""
        return whole + lower + (f"M{x - 4} {high}h8" if base + difference.high <= 1 else "")

    def _title(self, arm: ArmResult, point: CostAndScore) -> str:
        difference = f", {facts.difference(arm)} points" if arm.difference else ""
        return (
            f"{short(arm.name)}: {arm.verdict}, {100 * point.score:.1f}{difference},"
            f" ${facts.cost_1000(point.cost)} per 1,000 requests"
        )

    def _missing(self) -> Iterator[tuple[str, str]]:
        """The arms without a point."""
        points = {each.name for each in self._found}
        for arm in self._prompt.arms:
            if arm.name not in points:
                yield arm.name, "no price" if arm.cost_usd_1000 is None else "no score"
