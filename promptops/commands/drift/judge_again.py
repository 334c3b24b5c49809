"""A judge judges recorded answers again: a changed judge gives them other scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from promptops.commands.drift.asking import NightAnswers, PromptAnswers, recorded_answers
from promptops.evals.case_assertions import assertions_of
from promptops.evals.deciding.drift import JudgeChange, judge_change
from promptops.evals.parse import parse
from promptops.model.answer import Answer
from promptops.testing.answering import Answering
from promptops.testing.judging import AnswerJudge, JudgedAnswer
from promptops.testing.plan import CaseKey, PlannedCase, plan_cases
from promptops.testing.recordings.store import Store
from promptops.workspace.workspace import Workspace


class RecordedVerdicts:
    """The recorded answers of the release whose nights were learned, as its judges judged them."""

    def __init__(self, release: Workspace) -> None:
        self._catalog = release.catalog
        self._store = Store(release.catalog)
        self._judging = AnswerJudge(
            release.catalog, Answering(release.catalog, self._store), self._recorded
        )

    def of(self, prompt: PromptAnswers) -> list[JudgedAnswer]:
        """The judged answers to the cases whose requests are those of tonight."""
        path = self._catalog.paths.get(prompt.prompt.id)
        if path is None:
            return []
        digests = {planned.digest for planned in prompt.cases}
        plan = plan_cases(self._catalog, [self._catalog.loaded(path)], 1)
        same = [each for each in plan if each.digest in digests and not each.error]
        return self._judging.judged(recorded_answers(self._store, same))

    def _recorded(self, planned: PlannedCase) -> Answer | None:
        found = self._store.find(planned.prompt.path, planned.digest, 0)
        return found.answer if found is not None else None


def changed_judge(
    judge: str, answers: NightAnswers, before: RecordedVerdicts
) -> JudgeChange | None:
    """The change of a judge, over all prompts that it judges; None if it can't be compared."""
    differences: list[list[float]] = []
    for prompt in answers.by_prompt:
        if judge in answers.judges(prompt):
            recorded = before.of(prompt)
            again = answers.judged_again(prompt, recorded)
            differences += _differences(recorded, again).values()
    return judge_change(differences)


def _differences(
    recorded: Sequence[JudgedAnswer], again: Sequence[JudgedAnswer]
) -> Mapping[str, list[float]]:
    """New minus old score of each answer that both judged, by case."""
    new = {judged.planned.case_key: judged for judged in again}
    found: dict[str, list[float]] = {}
    for old in recorded:
        key: CaseKey = old.planned.case_key
        was, now = _degrees(old), _degrees(new[key]) if key in new else {}
        both = was.keys() & now.keys()
        if both:
            change = sum(now[at] - was[at] for at in both) / len(both)
            found.setdefault(old.planned.case.name, []).append(change)
    return found


def _degrees(judged: JudgedAnswer) -> dict[int, float]:
    """The degrees of the assertions that a model decided, by their position."""
    written = assertions_of(judged.planned.case, judged.planned.prompt)
    rows = zip(written, judged.judgements, strict=False)  # the last may be the output contract
    return {
        at: judgement.degree
        for at, (assertion, judgement) in enumerate(rows)
        if judgement.degree is not None and judgement.lack is None and _is_judged(assertion.written)
    }


def _is_judged(written: Mapping[str, object]) -> bool:
    assertion, _ = parse(written, "answer")
    return assertion is not None and assertion.judged
