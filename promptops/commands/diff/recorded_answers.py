"""The recorded answers on both sides of a diff, and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

from promptops.analysis.tokens import estimate
from promptops.catalog.catalog import Catalog
from promptops.evals.result import Judgement
from promptops.evals.subject import with_calls
from promptops.model.answer import Answer
from promptops.model.change import AS_IT_WAS, CaseDiff, PromptDiff, Seen, SeenPair, TurnPair
from promptops.records import record, replace
from promptops.testing.answering import Answering
from promptops.testing.judging import AnswerJudge, judged_answers
from promptops.testing.plan import AnswerResult, plan_cases
from promptops.testing.recordings.store import Store

STALE = "the new request has no recording yet: `promptops test --record`"
STALE_TURN = "the request of turn {turn} has no recording yet: `promptops test --record`"


@record(frozen=True, slots=True, kw_only=True)
class ReplayedAnswer:
    """A recorded answer, with the verdict of each assertion by its type.

    Attributes:
        text: With its tool calls; of the last turn.
        verdicts: By assertion, as shown: `` `contains` ``, or ``turn 2: `contains` ``.
        turns: The answers of all turns; empty for a case without turns.
        stale: The first turn without a recording, 1-based; None if all have one.
    """

    text: str
    verdicts: Mapping[str, str]
    turns: tuple[str, ...] = ()
    stale: int | None = None


def with_answers(diff: PromptDiff, base: Catalog, head: Catalog) -> PromptDiff:
    """A prompt with the recorded answers that differ; makes no API calls."""
    if not diff.cases:
        return diff
    old = _replayed(base, base.paths.get(diff.before_id or diff.id))
    new = _replayed(head, head.paths.get(diff.id))
    cases = tuple(_with_answer(case, old, new) for case in diff.cases)
    return replace(diff, cases=cases)


def _replayed(catalog: Catalog, path: str | None) -> dict[str, ReplayedAnswer]:
    """The answers of the first repeat, by the name of the case."""
    if path is None or not catalog.recording_files(path):
        return {}
    plan = [
        planned
        for planned in plan_cases(catalog, [catalog.loaded(path)], repeats=1)
        if planned.needs_answer
    ]
    found, results = judged_answers(
        AnswerJudge(catalog, Answering(catalog, Store(catalog)), runs_code=False), plan
    )
    begun = {
        planned.case.name: _begun(results[planned.key])
        for planned in plan
        if planned.case.turns and planned.key in results
    }
    judged = {
        judged.planned.case.name: ReplayedAnswer(
            text=_text(judged.answer),
            verdicts=_verdicts(judged.judgements),
            turns=_turns(judged.answer),
        )
        for judged in found
    }
    return {**begun, **judged}


def _begun(result: AnswerResult) -> ReplayedAnswer:
    turns = _turns(result.begun) if result.begun is not None else ()
    return ReplayedAnswer(text="", verdicts={}, turns=turns, stale=len(turns) + 1)


def _text(answer: Answer) -> str:
    return with_calls(answer.text, answer.tool_calls)


def _turns(answer: Answer) -> tuple[str, ...]:
    return tuple(_text(turn.answer) for turn in answer.turns)


def _verdicts(judged: tuple[Judgement, ...]) -> dict[str, str]:
    """Verdicts by type and turn, numbered if there are several of one type."""
    found: dict[str, str] = {}
    for judgement in judged:
        turn = f"turn {judgement.turn}: " if judgement.turn else ""
        name, number = f"{turn}`{judgement.type}`", 1
        while name in found:
            number += 1
            name = f"{turn}`{judgement.type} #{number}`"
        found[name] = judgement.status
    return found


def _with_answer(
    case: CaseDiff, old: Mapping[str, ReplayedAnswer], new: Mapping[str, ReplayedAnswer]
) -> CaseDiff:
    before = old.get(case.name.removesuffix(AS_IT_WAS))
    after = None if case.name.endswith(AS_IT_WAS) else new.get(case.name)
    if case.after_error or (before is None and after is None):
        return case  # a request that can't be rendered has no recording
    if after is None and not case.name.endswith(AS_IT_WAS):
        return replace(case, verdicts=(STALE,))
    if case.turns:
        return _with_turns(case, before, after)
    answer = SeenPair(_answer_view(before), _answer_view(after))
    return replace(case, answer=answer, verdicts=tuple(_changed(before, after)))


def _with_turns(
    case: CaseDiff, before: ReplayedAnswer | None, after: ReplayedAnswer | None
) -> CaseDiff:
    """The case with the answers of each turn after its messages."""
    sides = [list(map(_seen, each.turns)) if each else [] for each in (before, after)]
    answers = [
        TurnPair(number, SeenPair(*pair)) for number, pair in enumerate(zip_longest(*sides), 1)
    ]
    stale = after.stale if after is not None else None
    known = answers[: stale - 1] if stale else answers
    turns = sorted((*case.turns, *known), key=lambda each: each.number)
    verdicts = [STALE_TURN.format(turn=stale)] if stale else _changed(before, after)
    return replace(case, turns=tuple(turns), verdicts=tuple(verdicts))


def _answer_view(replayed: ReplayedAnswer | None) -> Seen | None:
    return None if replayed is None else _seen(replayed.text)


def _seen(text: str) -> Seen:
    return Seen(role="answer", text=text, tokens=estimate(text))


def _changed(before: ReplayedAnswer | None, after: ReplayedAnswer | None) -> list[str]:
    if before is None or after is None:
        return []
    names = [name for name in after.verdicts if name in before.verdicts]
    return [
        f"{name} {before.verdicts[name]} -> {after.verdicts[name]}"
        for name in names
        if before.verdicts[name] != after.verdicts[name]
    ]
