"""The recorded answers on both sides of a diff, and their verdicts."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.analysis.tokens import estimate
from promptops.catalog.catalog import Catalog
from promptops.evals.result import Judgement
from promptops.model.change import AS_IT_WAS, CaseDiff, PromptDiff, Seen, SeenPair
from promptops.records import record, replace
from promptops.testing.answering import Answering
from promptops.testing.judging import AnswerJudge, judged_answers
from promptops.testing.plan import plan_cases
from promptops.testing.recordings.store import Store

STALE = "the new request has no recording yet: `promptops test --record`"


@record(frozen=True, slots=True)
class ReplayedAnswer:
    """A recorded answer, with the verdict of each assertion by its type."""

    text: str
    verdicts: Mapping[str, str]


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
    found, _ = judged_answers(
        AnswerJudge(catalog, Answering(catalog, Store(catalog)), runs_code=False), plan
    )
    return {
        judged.planned.case.name: ReplayedAnswer(judged.answer.text, _verdicts(judged.judgements))
        for judged in found
    }


def _verdicts(judged: tuple[Judgement, ...]) -> dict[str, str]:
    """Verdicts by type, numbered if there are several of one type."""
    found: dict[str, str] = {}
    for judgement in judged:
        name, number = judgement.type, 1
        while name in found:
            number += 1
            name = f"{judgement.type} #{number}"
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
    answer = SeenPair(_answer_view(before), _answer_view(after))
    return replace(case, answer=answer, verdicts=tuple(_changed(before, after)))


def _answer_view(replayed: ReplayedAnswer | None) -> Seen | None:
    if replayed is None:
        return None
    return Seen(role="answer", text=replayed.text, tokens=estimate(replayed.text))


def _changed(before: ReplayedAnswer | None, after: ReplayedAnswer | None) -> list[str]:
    if before is None or after is None:
        return []
    names = [name for name in after.verdicts if name in before.verdicts]
    return [
        f"`{name}` {before.verdicts[name]} -> {after.verdicts[name]}"
        for name in names
        if before.verdicts[name] != after.verdicts[name]
    ]
