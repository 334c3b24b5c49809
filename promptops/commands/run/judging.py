"""Judge the answers of a run: by the assertions of a test case, and by the output contract."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.catalog.catalog import Catalog
from promptops.commands.run.run import CaseInputs, ModelRequest
from promptops.evals.case_assertions import assertions_of, counterparts
from promptops.evals.engine.ask import Ask
from promptops.evals.engine.budget import requested_output_tokens
from promptops.evals.judge_answer import judge_output, status_of
from promptops.model.answer import Answer
from promptops.model.prompt import Case, Prompt, Request
from promptops.model.prompt_run import ModelAnswer, PromptRun
from promptops.records import record, replace
from promptops.runtime.request.render import Renderer
from promptops.testing.answering import Answering
from promptops.testing.judging import AnswerJudge, assertion_result, case_runs, judged_answers
from promptops.testing.model_calls import ModelCalls
from promptops.testing.plan import AnswerResult, PlannedCase, needed_cases, plan_cases
from promptops.testing.recordings.store import Store
from promptops.workspace.profiles import model_profile
from promptops.workspace.workspace import Workspace

AnsweredRequests = Sequence[tuple[ModelRequest, ModelAnswer]]


@record(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """The answers with their results.

    Attributes:
        infrastructure: A judge could not be called.
    """

    answers: tuple[ModelAnswer, ...]
    infrastructure: bool = False


def judge_answers(
    workspace: Workspace, case: Case | None, requests: AnsweredRequests, calls: ModelCalls
) -> JudgedRun:
    """The answers with the results of the case, or else of the output contract only."""
    if case is None:
        return JudgedRun(answers=tuple(_by_contract(each.prompt, got) for each, got in requests))
    catalog = workspace.catalog
    # Without a repository nothing is recorded.
    judge = _CaseJudge(catalog, case, Answering(catalog, Store(catalog), "live", calls=calls))
    answers = tuple(judge.judged(each.prompt, got) for each, got in requests)
    return JudgedRun(answers=answers, infrastructure=judge.infrastructure)


def recorded_run(
    workspace: Workspace, prompt: Prompt, given: CaseInputs, digest: str
) -> PromptRun | None:
    """The recorded answer to a request, judged with recorded verdicts; None without a recording.

    Args:
        digest: Of the request, which can be rendered; of a case with turns that of its last turn.
    """
    catalog = workspace.catalog
    model = model_profile(catalog, prompt.model)
    request = Renderer(prompt, catalog.load, catalog.files.data).request(given.inputs)
    answer = _recorded_answer(catalog, prompt, given.case, request, digest)
    if answer is None or model is None:
        return None
    ask = Ask(digest=digest, repeat=0, request=request, profile=model)
    got = ModelAnswer(
        digest=digest,
        profile=model.name,
        provider=model.provider,
        model=model.id,
        text=answer.text,
        answer=answer,
        limit=requested_output_tokens(ask) or None,
    )
    if given.case is None:
        got = _by_contract(prompt, got)
    else:
        replayed = Answering(catalog, Store(catalog), "replay")
        got = _CaseJudge(catalog, given.case, replayed).judged(prompt, got)
    return PromptRun(
        prompt=prompt.id,
        path=prompt.path,
        revision=workspace.revision,
        case=given.case.name if given.case is not None else None,
        inputs=given.inputs,
        answers=(got,),
    )


def _recorded_answer(
    catalog: Catalog, prompt: Prompt, case: Case | None, request: Request, digest: str
) -> Answer | None:
    """The recorded answer; of a case with turns that of the last one, with all turns."""
    store = Store(catalog)
    if case is None or not case.turns:
        stored = store.find(prompt.path, digest, 0)
        return stored.answer if stored is not None else None
    place = case.locate(case.at, False)
    return store.answer_to(PlannedCase(prompt=prompt, case=case, place=place, request=request))


def _by_contract(prompt: Prompt, got: ModelAnswer) -> ModelAnswer:
    judgements = judge_output(got.answer, prompt) if got.answer is not None else ()
    if not judgements:
        return got
    results = tuple(assertion_result(judgement, "answer") for judgement in judgements)
    return replace(got, status=status_of(judgements), assertions=results)


class _CaseJudge:
    def __init__(self, catalog: Catalog, case: Case, answering: Answering) -> None:
        self._catalog = catalog
        self._case = case
        self._answering = answering
        self.infrastructure = False

    def judged(self, prompt: Prompt, got: ModelAnswer) -> ModelAnswer:
        """The answer with the results of the case."""
        planned = self._planned(prompt)
        if got.answer is None or planned is None:
            return _by_contract(prompt, got)
        answered = [] if planned.error else [(planned, got.answer), *self._partners(planned)]
        judged = AnswerJudge(self._catalog, self._answering).judged(answered)[:1]
        results = {planned.key: AnswerResult(answer=got.answer, source="live")}
        (run,) = case_runs([planned], results, judged, {})
        self.infrastructure |= run.infrastructure
        return replace(
            got,
            status=run.status,
            reason=run.reason,
            assertions=run.assertions,
            internal=run.internal,
        )

    def _planned(self, prompt: Prompt) -> PlannedCase | None:
        """The case of the prompt under one model; None if it has no assertions."""
        if not self._case.rendered and not any(True for _ in assertions_of(self._case, prompt)):
            return None
        planned = next(each for each in self._plan(prompt) if each.case is self._case)
        return replace(planned, prompt=prompt, needs_answer=True)

    def _plan(self, prompt: Prompt) -> list[PlannedCase]:
        """All cases if one of them is compared with another, else the case alone."""
        cases: tuple[Case, ...] = (self._case,)
        if counterparts(self._case, prompt):  # it may have new inputs from a retriever
            own = self._case
            cases = tuple(own if case.name == own.name else case for case in prompt.cases)
        loaded = self._catalog.loaded(prompt.path)
        loaded = replace(loaded, prompt=replace(prompt, cases=cases))
        return list(plan_cases(self._catalog, [loaded], 1))

    def _partners(self, planned: PlannedCase) -> list[tuple[PlannedCase, Answer]]:
        """Recorded answers to other cases that assertions compare with."""
        cases = needed_cases([planned], lambda: self._plan(planned.prompt))
        if not cases:
            return []
        replayed = Answering(self._catalog, Store(self._catalog), "replay")
        _, found = judged_answers(AnswerJudge(self._catalog, replayed), cases)
        answers = (
            (planned, found[planned.key].answer) for planned in cases if planned.key in found
        )
        return [(planned, answer) for planned, answer in answers if answer is not None]
