"""The baseline arm, and both arms called in turns, so that model changes affect both alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import assertions_of
from promptops.evals.judge_answer import status_of
from promptops.evals.parse import parse
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering, AnswerResult, WantedAnswer
from promptops.jobs.testing.judging import (
    AnswerJudge,
    JudgedAnswer,
    judged_answers,
)
from promptops.jobs.testing.plan import CaseKey, Key, PlannedCase
from promptops.jobs.testing.requests import planned_profile, wanted_answer, wanted_answers
from promptops.model.answer import Answer
from promptops.model.prompt import Prompt
from promptops.records import field, record, replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer, RenderError


def needs_baseline(plan: Iterable[PlannedCase]) -> bool:
    """Whether any assertion needs a baseline: a measure, or a judge's comparison."""
    return any(
        assertion is not None and (assertion.score is not None or assertion.judged)
        for planned in plan
        if not planned.repeat and not planned.error
        for asserted_one in assertions_of(planned.case, planned.prompt)
        for assertion in (parse(asserted_one.written, "answer")[0],)
    )


class Baseline:
    """The prompts of an earlier revision, with the cases of this one.

    Both arms run the candidate's cases and assertions.

    Attributes:
        title: The name of the revision, for reports.
        outdated: Ids of the prompts whose recorded answers are from another model and no longer
            used.
        opinions: The judges' verdicts on the baseline's answers.
    """

    def __init__(self, title: str, catalog: Catalog, head: Catalog, opinions: Answering) -> None:
        """`opinions` has the judges' verdicts on the answers recorded in `catalog`."""
        self.title = title
        self.outdated: set[str] = set()
        self._catalog = catalog
        self._store = Store(catalog)
        self.opinions = opinions
        self._judging = AnswerJudge(head, opinions, self.answer)
        self._answers: dict[tuple[str, str, int], Answer] = {}
        self._renderers: dict[str, tuple[Prompt, Renderer] | None] = {}

    def counterpart(self, planned: PlannedCase) -> PlannedCase | None:
        """The same case for the baseline's prompt; None if its inputs don't accept it.

        Also None for a case without assertions on the answer.
        """
        prompt = planned.prompt
        if planned.request is None or not planned.needs_answer:
            return None
        found = self._prompt_before(prompt)
        if found is None:
            return None
        before, renderer = found
        try:
            request = renderer.request(planned.case.inputs)
        except RenderError:
            return None
        answered = replace(prompt, path=before.path, model=before.model)
        digest = request_digest(request)
        return replace(planned, prompt=answered, request=request, digest=digest)

    def wants(self, plan: Iterable[PlannedCase]) -> Iterator[WantedAnswer]:
        """The answers that its prompts need for those cases."""
        for planned in map(self.counterpart, plan):
            if planned is not None and planned.request is not None:
                yield wanted_answer(
                    planned.request, planned, planned_profile(self._catalog, planned)
                )

    def learn(self, planned: PlannedCase, answer: Answer) -> None:
        """Add the answers of this run."""
        self._answers[_key(planned)] = answer

    def answer(self, planned: PlannedCase) -> Answer | None:
        """The known answer to a case and repeat, or None."""
        return self._answers.get(_key(planned)) or (
            None if planned.prompt.id in self.outdated else self.recorded(planned)
        )

    def recorded(self, planned: PlannedCase) -> Answer | None:
        """The committed recordings of the baseline."""
        same = self.counterpart(planned)
        if same is None:
            return None
        found = self._store.find(same.prompt.path, same.digest, same.repeat)
        return found.answer if found is not None else None

    def judged(self, plan: Iterable[PlannedCase]) -> list[JudgedAnswer]:
        """The known answers to those cases, judged."""
        same = ((self.counterpart(planned), self.answer(planned)) for planned in plan)
        return self._judging.judged(
            [(planned, answer) for planned, answer in same if planned and answer]
        )

    def evaluation_of(self, prompt: Prompt) -> Mapping[str, Any]:
        """The measures of its own version of a prompt; empty if there are none."""
        found = self._prompt_before(prompt)
        return found[0].evaluation if found is not None else {}

    def answered_by_another(self, planned: PlannedCase, answer: Answer) -> bool:
        """Whether the model behind the same name has changed since the recording."""
        same, before = self.counterpart(planned), self.recorded(planned)
        if same is None or same.request is None or before is None or planned.request is None:
            return False
        named_alike = same.request.model == planned.request.model
        return named_alike and _who(before) != _who(answer)

    def _prompt_before(self, prompt: Prompt) -> tuple[Prompt, Renderer] | None:
        if prompt.id not in self._renderers:
            self._renderers[prompt.id] = self._open_before(prompt)
        return self._renderers[prompt.id]

    def _open_before(self, prompt: Prompt) -> tuple[Prompt, Renderer] | None:
        names = (prompt.id, *prompt.aliases)
        path = next((self._catalog.paths[n] for n in names if n in self._catalog.paths), None)
        before = self._catalog.loaded(path).prompt if path is not None else None
        if before is None:
            return None
        try:
            return before, Renderer(before, self._catalog.load, self._catalog.files.data)
        except RenderError:
            return None


def _key(planned: PlannedCase) -> tuple[str, str, int]:
    return planned.prompt.id, planned.case.name, planned.repeat


def _who(answer: Answer) -> tuple[str, str | None]:
    return answer.model, answer.fingerprint


@record(slots=True)
class Arms:
    """The candidate and its baseline.

    Attributes:
        may_call: Fresh answers may be requested; else only recordings are used.
        violated: Answers that violate a contract.
    """

    judging: AnswerJudge
    baseline: Baseline
    may_call: bool
    violated: set[CaseKey] = field(default_factory=set)

    @property
    def violating(self) -> Iterator[tuple[str, str]]:
        """Cases, by prompt and name, of which more than one answer violates a contract."""
        found = Counter((prompt, case) for prompt, case, _ in self.violated)
        return (case for case, number in found.items() if number > 1)

    def begin(self, plan: Sequence[PlannedCase]) -> None:
        """Call both arms if the baseline has no answers by the current model.

        One answer of each prompt is requested first, to find out.
        """
        baseline = self.baseline
        known = {
            planned.prompt.id: planned for planned in reversed(plan) if baseline.recorded(planned)
        }
        got = self._get(wanted_answers(self.judging.catalog, list(known.values())), ())
        for planned in known.values():
            answer = got[planned.key].answer
            if answer is not None and baseline.answered_by_another(planned, answer):
                baseline.outdated.add(planned.prompt.id)
        self._request([planned for planned in plan if baseline.answer(planned) is None])

    def judged(self, plan: Sequence[PlannedCase]) -> tuple[list[JudgedAnswer], list[JudgedAnswer]]:
        """The judged answers of the candidate and of its baseline; requests missing ones."""
        if self.may_call:
            self._request(plan)
        ours = judged_answers(self.judging, plan)[0]
        self.violated |= {
            judged.planned.case_key for judged in ours if status_of(judged.judgements) == "failed"
        }
        return ours, self.baseline.judged(plan)

    def _request(self, plan: Sequence[PlannedCase]) -> None:
        missing = [planned for planned in plan if self.baseline.answer(planned) is None]
        got = self._get(wanted_answers(self.judging.catalog, plan), self.baseline.wants(missing))
        for planned in missing:
            same = self.baseline.counterpart(planned)
            answer = got[same.key].answer if same is not None else None
            if answer is not None:
                self.baseline.learn(planned, answer)

    def _get(
        self, ours: Iterable[WantedAnswer], theirs: Iterable[WantedAnswer]
    ) -> dict[Key, AnswerResult]:
        pairs = zip_longest(ours, theirs)
        return self.judging.answering.get([want for pair in pairs for want in pair if want])
