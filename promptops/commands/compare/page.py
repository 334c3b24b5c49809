"""For a browser: one page without any external resources, with a picture of cost and score."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from math import dist
from statistics import fmean
from typing import Any, Literal

from promptops.commands.compare import report
from promptops.evals.deciding.recommending import CostAndScore, points_of
from promptops.model.arm import (
    ArmAnswer,
    ArmComparison,
    ArmResult,
    ComparedCase,
    PromptComparison,
)
from promptops.plurals import counted
from promptops.records import record
from promptops.report.page.document import PICTURE, Cut, Room, document
from promptops.report.page.scale import Tick, cost_scale, marks, score_scale
from promptops.report.test import facts as scores
from promptops.report.test.facts import call, cost_1000, problem_lines, short
from promptops.report.test.page import FILTERS, PARTS, WorseView, worse_view


def write_html(comparison: ArmComparison, **_: object) -> str:
    """The whole page."""
    return document(
        "commands/compare",
        _FILTERS,
        parts=(PARTS, PICTURE),
        head=report.document(comparison),
        comparison=comparison,
        prompts=prompt_views(comparison, Room()),
        facts=report,
        scores=scores,
    )


def _points(share: float) -> str:
    return f"{100 * share:.0f}"


_FILTERS: dict[str, Callable[..., Any]] = {**FILTERS, "points": _points}


Shown = Literal["passed", "failed", "missed", "stale"]


@record(frozen=True, slots=True, kw_only=True)
class ArmAnswerView:
    """Equal answers to one case, with their texts, cut to the room on the page.

    Attributes:
        found: The first of them.
        title: Which of the answers these are, such as `#1, #3`; "" if there is only one.
        latency: In seconds, from the shortest to the longest; "" if it is unknown.
    """

    found: ArmAnswer
    title: str
    latency: str
    output: Cut | None
    calls: tuple[Cut, ...]


@record(frozen=True, slots=True, kw_only=True)
class ArmColumn:
    """The answers of an arm to one case.

    Attributes:
        number: 1-based, in the order of the arms.
        shown: `missed`: its score is lower than that of the reference. `failed`: it violates a
            contract. None without an answer that the case needs.
        sign: The mean score in points; else a sign.
        label: The same in words.
        is_scored: The sign is a score.
        is_without: The arm does not accept the inputs.
    """

    number: int
    arm: str
    shown: Shown | None
    sign: str
    label: str
    is_scored: bool
    answers: tuple[ArmAnswerView, ...]
    is_without: bool


@record(frozen=True, slots=True, kw_only=True)
class ComparedCaseView:
    """A case, with a column for each arm.

    Attributes:
        quiet: No arm differs from the reference in its score or in a contract.
    """

    anchor: str
    case: ComparedCase
    messages: tuple[tuple[str, Cut], ...]
    columns: tuple[ArmColumn, ...]
    quiet: bool


@record(frozen=True, slots=True, kw_only=True)
class WorstOfArm:
    """The worst cases of an arm, each with the anchor of the case, or ""."""

    arm: str
    cases: tuple[tuple[WorseView, str], ...]


@record(frozen=True, slots=True, kw_only=True)
class PromptComparisonView:
    """A prompt as a section of the page.

    Attributes:
        remarks: What is to know of an arm besides its row: the name of the arm, and a sentence.
        problems: The same for cases that were not judged.
        left_out: The number of cases that are not shown because of the limit.
    """

    anchor: str
    prompt: PromptComparison
    picture: Picture | None
    remarks: tuple[tuple[str, str], ...]
    problems: tuple[tuple[str, str], ...]
    worst: tuple[WorstOfArm, ...]
    cases: tuple[ComparedCaseView, ...]
    left_out: int


def prompt_views(comparison: ArmComparison, room: Room) -> tuple[PromptComparisonView, ...]:
    """The sections in the order of the comparison."""
    cases = [(case, prompt.arms) for prompt in comparison.prompts for case in prompt.cases]
    # If not all fit, those without differences are left out first.
    cases.sort(key=lambda each: _is_quiet([_shown(each[0], arm, each[1]) for arm in each[1]]))
    fitting = frozenset(id(case) for case, _ in cases[: room.cases])
    return tuple(
        _prompt_view(prompt, f"prompt-{number}", room, fitting)
        for number, prompt in enumerate(comparison.prompts, 1)
    )


def _prompt_view(
    prompt: PromptComparison, anchor: str, room: Room, fitting: Collection[int]
) -> PromptComparisonView:
    anchors = {
        case.name: f"{anchor}-case-{number}"
        for number, case in enumerate(prompt.cases, 1)
        if id(case) in fitting
    }
    worst = tuple(_worst_of_arms(prompt.arms, anchors, room))
    cases = tuple(
        _case_view(case, prompt.arms, anchors[case.name], room)
        for case in prompt.cases
        if case.name in anchors
    )
    return PromptComparisonView(
        anchor=anchor,
        prompt=prompt,
        picture=picture(prompt),
        remarks=tuple(
            (arm.name, remark)
            for arm in prompt.arms
            for remark in (*report.remarks(arm), *map(report.other, arm.others))
        ),
        problems=tuple(
            (arm.name, problem) for arm in prompt.arms for problem in problem_lines(arm.problems)
        ),
        worst=worst,
        cases=cases,
        left_out=len(prompt.cases) - len(cases),
    )


def _worst_of_arms(
    arms: Iterable[ArmResult], anchors: Mapping[str, str], room: Room
) -> Iterator[WorstOfArm]:
    for arm in arms:
        worst = report.shows_worst(arm)
        if worst:
            views = ((worse_view(each, room), anchors.get(each.name, "")) for each in worst)
            yield WorstOfArm(arm=arm.name, cases=tuple(views))


def _case_view(
    case: ComparedCase, arms: Sequence[ArmResult], anchor: str, room: Room
) -> ComparedCaseView:
    room.take_case()
    messages = tuple((each.role, room.show(each.text)) for each in case.messages)
    columns = tuple(_column(case, number, arms, room) for number in range(1, len(arms) + 1))
    return ComparedCaseView(
        anchor=anchor,
        case=case,
        messages=messages,
        columns=columns,
        quiet=_is_quiet([column.shown for column in columns]),
    )


def _is_quiet(found: Iterable[Shown | None]) -> bool:
    return all(shown == "passed" for shown in found)


def _column(case: ComparedCase, number: int, arms: Sequence[ArmResult], room: Room) -> ArmColumn:
    arm = arms[number - 1]
    shown = _shown(case, arm, arms)
    own = _mean_score(case, arm.name)
    is_scored = own is not None and shown not in (None, "stale")
    points = "" if own is None else f"{100 * own:.0f}"
    return ArmColumn(
        number=number,
        arm=arm.name,
        shown=shown,
        sign=points if is_scored else _SIGNS[shown],
        label=f"{_LABELS[shown]}, {points} points" if points else _LABELS[shown],
        is_scored=is_scored,
        answers=tuple(_answer_views(_answers_of(case, arm.name), room)),
        is_without=arm.name in case.without,
    )


def _answers_of(case: ComparedCase, arm: str) -> list[ArmAnswer]:
    return [each for each in case.answers if each.arm == arm]


def _mean_score(case: ComparedCase, arm: str) -> float | None:
    """The mean over the repeats with a score."""
    found = [each.score for each in _answers_of(case, arm) if each.score is not None]
    return fmean(found) if found else None


def _shown(case: ComparedCase, arm: ArmResult, arms: Sequence[ArmResult]) -> Shown | None:
    answers = _answers_of(case, arm.name)
    if not answers:
        return None
    if any(each.answer is None for each in answers):
        return "stale"
    if any(each.violated for each in answers):
        return "failed"
    own, theirs = _mean_score(case, arm.name), _mean_score(case, arms[0].name)
    is_lower = own is not None and theirs is not None and own < theirs
    return "missed" if is_lower else "passed"


_SIGNS: dict[Shown | None, str] = {
    "passed": "✓",
    "failed": "✕",
    "missed": "≈",
    "stale": "○",
    None: "",
}
_LABELS: dict[Shown | None, str] = {
    "passed": "keeps its contracts",
    "failed": "violates a contract",
    "missed": "lower than the reference",
    "stale": "an answer is missing",
    None: "not compared",
}


def _answer_views(answers: Sequence[ArmAnswer], room: Room) -> Iterator[ArmAnswerView]:
    """Each different answer once."""
    same: dict[object, list[ArmAnswer]] = {}
    for found in answers:
        answer = found.answer
        calls = tuple(map(call, answer.tool_calls)) if answer else ()
        ended = (answer.text, answer.finish_reason, answer.usage) if answer else None
        content = ended, calls, found.score, found.violated, found.reason
        same.setdefault(content, []).append(found)
    for equal in same.values():
        yield _answer_view(equal, len(answers), room)


def _answer_view(equal: Sequence[ArmAnswer], number: int, room: Room) -> ArmAnswerView:
    found = equal[0]
    answer = found.answer
    calls = answer.tool_calls if answer else ()
    known = (each.answer.latency_s for each in equal if each.answer)
    latency = sorted({f"{each:.2f}" for each in known if each is not None}, key=float)
    return ArmAnswerView(
        found=found,
        title=_repeats(equal, number),
        latency=f"{'–'.join(dict.fromkeys((latency[0], latency[-1])))} s" if latency else "",
        output=room.show(answer.text) if answer else None,
        calls=tuple(room.show(call(each)) for each in calls),
    )


def _repeats(equal: Sequence[ArmAnswer], number: int) -> str:
    if number == 1:
        return ""
    if len(equal) == number:
        return f"{counted(number, 'answer')}, all the same"
    return ", ".join(f"#{found.repeat + 1}" for found in equal)


# The picture: cost and score of each arm, as positions in an SVG

PICTURE_WIDTH, PICTURE_HEIGHT = 460, 350
_LEFT, _RIGHT, _TOP, _BOTTOM = 54, 10, 12, 52
_HALF_WHISKER = 3.0


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

    width: int = PICTURE_WIDTH
    height: int = PICTURE_HEIGHT
    left: float = _LEFT
    top: float = _TOP
    right: float = PICTURE_WIDTH - _RIGHT
    bottom: float = PICTURE_HEIGHT - _BOTTOM
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
        self._x = cost_scale([each.cost for each in found], _LEFT, PICTURE_WIDTH - _RIGHT)
        ends = [end for each in found for end in self._interval(each) or ()]
        every = [100 * score for score in (*(each.score for each in found), *ends)]
        self._y = score_scale(every, PICTURE_HEIGHT - _BOTTOM, _TOP)

    def picture(self) -> Picture:
        margin = self._margin()
        name = self._prompt.arms[0].name
        reference = next((each for each in self._found if each.name == name), None)
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
        frame = Box(
            left=_LEFT, top=_TOP, right=PICTURE_WIDTH - _RIGHT, bottom=PICTURE_HEIGHT - _BOTTOM
        )
        labels = placed(anchors, list(self._whiskers()), list(self._lines()), frame)
        return tuple(
            self._point(each, label) for each, label in zip(self._found, labels, strict=True)
        )

    def _whiskers(self) -> Iterator[Box]:
        for each in self._found:
            x, ends = self._x.at(each.cost), self._interval(each)
            if ends is not None:
                low, high = map(self._at, ends)
                yield Box(left=x - _HALF_WHISKER, right=x + _HALF_WHISKER, top=high, bottom=low)

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
        difference = f", {report.difference(arm)} points" if arm.difference else ""
        return (
            f"{short(arm.name)}: {arm.verdict}, {100 * point.score:.1f}{difference},"
            f" ${cost_1000(point.cost)} per 1,000 requests"
        )

    def _missing(self) -> Iterator[tuple[str, str]]:
        """The arms without a point."""
        points = {each.name for each in self._found}
        for arm in self._prompt.arms:
            if arm.name not in points:
                yield arm.name, "no price" if arm.cost_usd_1000 is None else "no score"


# Places labels beside points so that none covers another or a point.

HEIGHT = 16.0
WIDTH_OF_A_CHARACTER = 7.9  # of the monospaced font at 13 px, as wide as browsers' fonts are

_LONGEST, _LONGEST_OF_MANY, _FEW = 22, 14, 5  # characters; arms
_GAP = 10.0
_CLEAR = 6.0  # around a point
_STEP = 8.0
_SPACE = 3.0  # between labels in a row


@record(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        is_beside = self.right <= other.left or other.right <= self.left
        return not (is_beside or self.bottom <= other.top or other.bottom <= self.top)

    def contains(self, other: Box) -> bool:
        is_across = self.left <= other.left and other.right <= self.right
        return is_across and self.top <= other.top and other.bottom <= self.bottom


@record(frozen=True, slots=True, kw_only=True)
class Label:
    """A text beside a point.

    Attributes:
        x, y: Of its left end, at half of its height.
        is_away: It is so far from its point that a line should connect them.
        anchor_x: Of the end that is nearer to the point.
    """

    text: str
    x: float
    y: float
    is_away: bool
    anchor_x: float


def placed(
    anchors: Sequence[tuple[float, float, str]],
    whiskers: Sequence[Box],
    lines: Sequence[Box],
    frame: Box,
) -> tuple[Label, ...]:
    """A label for each point, given as x, y and text, in this order.

    Each is at the nearest free place. It covers a line only if there is no other place, and a
    whisker only if that is not enough, but never a point or another label as long as there is room.
    """
    longest = _LONGEST if len(anchors) <= _FEW else _LONGEST_OF_MANY
    taken = [_around(x, y) for x, y, _ in anchors]
    labels: list[Label] = []
    for x, y, text in anchors:
        shown = shortened(text, longest)
        avoided: tuple[list[Box], ...] = [*taken, *whiskers, *lines], [*taken, *whiskers], taken, []
        found = (
            each
            for boxes in avoided
            for each in _candidates(x, y, shown, frame)
            if _is_free(each, boxes, frame)
        )
        label = next(found, None) or next(_candidates(x, y, shown, frame))
        taken.append(_box(label))
        labels.append(label)
    return tuple(labels)


def along(start: tuple[float, float], end: tuple[float, float]) -> Iterator[Box]:
    """Small boxes along a line."""
    count = max(1, int(dist(start, end) / _STEP))
    for step in range(count + 1):
        x, y = (a + (b - a) * step / count for a, b in zip(start, end, strict=True))
        yield Box(left=x - 2, top=y - 2, right=x + 2, bottom=y + 2)


def shortened(text: str, longest: int) -> str:
    """The text, cut in the middle: names often differ at the end."""
    if len(text) <= longest:
        return text
    end = longest // 2
    return f"{text[: longest - end - 1]}…{text[-end:]}"


def _around(x: float, y: float) -> Box:
    return Box(left=x - _CLEAR, top=y - _CLEAR, right=x + _CLEAR, bottom=y + _CLEAR)


def _candidates(x: float, y: float, text: str, frame: Box) -> Iterator[Label]:
    """Further and further from the point: right and left, above and below."""
    width = len(text) * WIDTH_OF_A_CHARACTER
    inside = min(max(x - width / 2, frame.left + _SPACE), frame.right - width - _SPACE)
    for step in range(round((frame.bottom - frame.top) / _STEP)):
        for down in (step * _STEP, -step * _STEP) if step else (0.0,):
            for left in (x + _GAP, x - _GAP - width, inside):
                yield Label(
                    text=text,
                    x=round(left, 1),
                    y=round(y + down, 1),
                    is_away=step > 1,
                    anchor_x=round(min(max(x, left), left + width), 1),
                )


def _is_free(label: Label, taken: Sequence[Box], frame: Box) -> bool:
    box = _box(label)
    return frame.contains(box) and not any(box.overlaps(other) for other in taken)


def _box(label: Label) -> Box:
    width = len(label.text) * WIDTH_OF_A_CHARACTER
    top = label.y - HEIGHT / 2
    return Box(left=label.x - _SPACE, top=top, right=label.x + width + _SPACE, bottom=top + HEIGHT)
