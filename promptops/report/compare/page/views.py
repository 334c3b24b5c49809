"""The views that the page of a comparison shows, in the order of its template."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Literal

from promptops.model.arm import (
    ArmAnswer,
    ArmComparison,
    ArmResult,
    ComparedCase,
    PromptComparison,
)
from promptops.plurals import counted
from promptops.records import record
from promptops.report.compare.page.picture import Picture, picture
from promptops.report.compare.parts import facts
from promptops.report.test.page.regressions import WorseView, worse_view
from promptops.report.test.page.size_budget import Cut, Room
from promptops.report.test.parts.facts import call

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
    fitting = _fitting(comparison, room)
    return tuple(
        _prompt(prompt, f"prompt-{number}", room, fitting)
        for number, prompt in enumerate(comparison.prompts, 1)
    )


def _fitting(comparison: ArmComparison, room: Room) -> frozenset[int]:
    """The ids (as of `id`) of cases that fit; those without differences come last."""
    cases = [(case, prompt.arms) for prompt in comparison.prompts for case in prompt.cases]
    cases.sort(key=lambda each: _is_quiet([_shown(each[0], arm, each[1]) for arm in each[1]]))
    return frozenset(id(case) for case, _ in cases[: room.cases])


def _prompt(
    prompt: PromptComparison, anchor: str, room: Room, fitting: Collection[int]
) -> PromptComparisonView:
    anchors = {
        case.name: f"{anchor}-case-{number}"
        for number, case in enumerate(prompt.cases, 1)
        if id(case) in fitting
    }
    worst = tuple(_worst(prompt.arms, anchors, room))
    cases = tuple(
        _case(case, prompt.arms, anchors[case.name], room)
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
            for remark in (*facts.remarks(arm), *map(facts.other, arm.others))
        ),
        problems=tuple(
            (arm.name, problem) for arm in prompt.arms for problem in facts.problems(arm)
        ),
        worst=worst,
        cases=cases,
        left_out=len(prompt.cases) - len(cases),
    )


def _worst(
    arms: Iterable[ArmResult], anchors: Mapping[str, str], room: Room
) -> Iterator[WorstOfArm]:
    for arm in arms:
        worst = facts.shows_worst(arm)
        if worst:
            views = ((worse_view(each, room), anchors.get(each.name, "")) for each in worst)
            yield WorstOfArm(arm=arm.name, cases=tuple(views))


def _case(
    case: ComparedCase, arms: Sequence[ArmResult], anchor: str, room: Room
) -> ComparedCaseView:
    room.take_case()
    messages = tuple((role, room.show(text)) for role, text in case.messages)
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
    own = _score(case, arm.name)
    return ArmColumn(
        number=number,
        arm=arm.name,
        shown=shown,
        sign=_sign(shown, own),
        label=_label(shown, own),
        is_scored=_is_scored(shown, own),
        answers=tuple(_answer_views(_answers(case, arm.name), room)),
        is_without=arm.name in case.without,
    )


def _answers(case: ComparedCase, arm: str) -> list[ArmAnswer]:
    return [each for each in case.answers if each.arm == arm]


def _score(case: ComparedCase, arm: str) -> float | None:
    """The mean over the repeats with a score."""
    found = [each.score for each in _answers(case, arm) if each.score is not None]
    return fmean(found) if found else None


def _shown(case: ComparedCase, arm: ArmResult, arms: Sequence[ArmResult]) -> Shown | None:
    answers = _answers(case, arm.name)
    if not answers:
        return None
    if any(each.answer is None for each in answers):
        return "stale"
    if any(each.violated for each in answers):
        return "failed"
    own, theirs = _score(case, arm.name), _score(case, arms[0].name)
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


def _sign(shown: Shown | None, score: float | None) -> str:
    return f"{100 * score:.0f}" if score is not None and _is_scored(shown, score) else _SIGNS[shown]


def _is_scored(shown: Shown | None, score: float | None) -> bool:
    return score is not None and shown not in (None, "stale")


def _label(shown: Shown | None, score: float | None) -> str:
    points = "" if score is None else f", {100 * score:.0f} points"
    return f"{_LABELS[shown]}{points}"


def _answer_views(answers: Sequence[ArmAnswer], room: Room) -> Iterator[ArmAnswerView]:
    """Each different answer once."""
    same: dict[object, list[ArmAnswer]] = {}
    for found in answers:
        same.setdefault(_content(found), []).append(found)
    for equal in same.values():
        yield _answer(equal, len(answers), room)


def _content(found: ArmAnswer) -> object:
    answer = found.answer
    calls = tuple(map(call, answer.tool_calls)) if answer else ()
    ended = (answer.text, answer.finish_reason, answer.usage) if answer else None
    return ended, calls, found.score, found.violated, found.reason


def _answer(equal: Sequence[ArmAnswer], number: int, room: Room) -> ArmAnswerView:
    found = equal[0]
    answer = found.answer
    calls = answer.tool_calls if answer else ()
    return ArmAnswerView(
        found=found,
        title=_title(equal, number),
        latency=_latency(equal),
        output=room.show(answer.text) if answer else None,
        calls=tuple(room.show(call(each)) for each in calls),
    )


def _title(equal: Sequence[ArmAnswer], number: int) -> str:
    if number == 1:
        return ""
    if len(equal) == number:
        return f"{counted(number, 'answer')}, all the same"
    return ", ".join(f"#{found.repeat + 1}" for found in equal)


def _latency(equal: Iterable[ArmAnswer]) -> str:
    known = (found.answer.latency_s for found in equal if found.answer)
    found = sorted({f"{each:.2f}" for each in known if each is not None}, key=float)
    return f"{'–'.join(dict.fromkeys((found[0], found[-1])))} s" if found else ""
