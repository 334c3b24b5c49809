"""Call the model about mutants that no check noticed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.jobs.mutating.live_mutant import CasePair, LiveMutant, case_pairs, mutant_key
from promptops.jobs.mutating.options import MutateOptions
from promptops.jobs.mutating.rows import RowTrials
from promptops.jobs.recordings.store import AnswerCache, Store
from promptops.jobs.testing.answering import UNRECORDED, Answering
from promptops.jobs.testing.judging import AnswerJudge, JudgedAnswer, judged_answers
from promptops.jobs.testing.options import model_calls
from promptops.jobs.testing.plan import CaseKey, PlannedCase
from promptops.jobs.testing.requests import wanted_answers
from promptops.jobs.testing.wanted_answers import AnswerResult
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.answer import Answer
from promptops.records import replace


class LiveTrials:
    """Calls the model about the survivors of all rows; `run` is called once.

    Attributes:
        untried: The number of survivors that have no answer.
    """

    def __init__(self, workspace: Workspace, options: MutateOptions) -> None:
        self._catalog = catalog = workspace.catalog
        self._most = options.max_mutants
        self.calls = model_calls(workspace.repository, options.run)
        self._answering = Answering(
            catalog,
            Store(catalog, AnswerCache(workspace.repository.common_dir)),
            UNRECORDED,
            repository=workspace.repository,
            calls=self.calls,
        )
        self._originals: dict[CaseKey, JudgedAnswer] = {}
        self.untried = 0

    def run(self, rows: Sequence[RowTrials]) -> None:
        """Replace the survivors that a model was called about in their rows."""
        chosen = [(row, live) for row in rows for live in self._chosen(row)]
        try:
            self._answer([(live, list(live.pairs)) for _, live in chosen])
            suspected = [(live, list(live.suspected)) for _, live in chosen]
            fresh = [
                (live, [new for pair in pairs for new in pair.fresh]) for live, pairs in suspected
            ]
            self._answer(fresh)
        finally:
            self._answering.end(prune=False)
        for row, live in chosen:
            mutant = live.concluded(self._result)
            row.mutants[live.index] = replace(live.tried, mutant=mutant)
        mutants = [tried.mutant for row in rows for tried in row.mutants]
        left = (mutant for mutant in mutants if mutant.status == "survived")
        self.untried = sum(mutant.live is None or not mutant.live.answers for mutant in left)

    def _chosen(self, row: RowTrials) -> list[LiveMutant]:
        survivors = [
            (index, tried)
            for index, tried in enumerate(row.mutants)
            if tried.mutant.status == "survived"
        ]
        by_hash = sorted(survivors, key=lambda each: mutant_key(each[1].mutant))
        return [
            LiveMutant(tried=tried, index=index, pairs=case_pairs(tried), originals=self._originals)
            for index, tried in sorted(by_hash[: self._most], key=lambda each: each[0])
        ]

    def _answer(self, wanted: Sequence[tuple[LiveMutant, Sequence[CasePair]]]) -> None:
        """Get and judge the answers to all pairs; those that are known are not requested again."""
        pairs = [pair for _, own in wanted for pair in own]
        plan = [planned for pair in pairs for planned in (pair.original, pair.mutant)]
        self._answering.get(list(wanted_answers(self._catalog, plan)))
        original = AnswerJudge(self._catalog, self._answering)
        new = {pair.original.case_key: pair.original for pair in pairs}
        left = [planned for key, planned in new.items() if key not in self._originals]
        self._originals |= _judged(original, left)
        for live, own in wanted:
            judging = AnswerJudge(self._catalog, self._answering, self._original_answer)
            live.mutants |= _judged(judging, [pair.mutant for pair in own])

    def _original_answer(self, planned: PlannedCase) -> Answer | None:
        found = self._originals.get(planned.case_key)
        return found.answer if found is not None else None

    def _result(self, planned: PlannedCase) -> AnswerResult:
        return self._answering.known.get(planned.key, AnswerResult(reason="it was not requested"))


def _judged(judging: AnswerJudge, plan: Iterable[PlannedCase]) -> dict[CaseKey, JudgedAnswer]:
    judged, _ = judged_answers(judging, list(plan))
    return {each.planned.case_key: each for each in judged}
