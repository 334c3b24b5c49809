"""The requests of a run: for the answers of cases, and to judges about those answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.evals.agreement import Agreement
from promptops.evals.endpoint_questions import (
    SETTINGS,
    answers_without_tokens,
    endpoint_reply,
    endpoint_request,
    recorded_as,
)
from promptops.evals.judge_prompts import Judge, agreement_of, built_in_judge, is_anchor, opinion_of
from promptops.evals.questions import BUILT_IN, Lack, NoReply, Opinion, Question, Reply
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.plan import PlannedCase, plan_cases
from promptops.jobs.testing.wanted_answers import AnswerResult, WantedAnswer
from promptops.jobs.workspace.model_profiles import model_profile, unnamed_profile
from promptops.model.config import ModelProfile
from promptops.model.prompt import Prompt
from promptops.model.request import Request
from promptops.records import field, record, replace
from promptops.runtime.request.canonical import request_digest


@record(slots=True)
class JudgeRequests:
    """Sends requests to judges and services through `answering`."""

    catalog: Catalog
    answering: Answering
    _judges: dict[str, tuple[Judge, ModelProfile | None]] = field(default_factory=dict, init=False)
    _agreements: dict[str, Agreement | NoReply | None] = field(default_factory=dict, init=False)

    def replies(self, questions: Sequence[tuple[PlannedCase, Question]]) -> list[Reply]:
        """The reply to each question about the answer to a case, in order."""
        wanted = [self._want(about, question) for about, question in questions]
        results = self.answering.get([want for want in wanted if isinstance(want, WantedAnswer)])
        return [
            want if isinstance(want, NoReply) else _reply(question, results[want.key])
            for (_, question), want in zip(questions, wanted, strict=True)
        ]

    def agreements(self, judges: Iterable[str]) -> dict[str, Agreement | NoReply]:
        """The agreement of judges with people, by prompt id; only prompts with anchors."""
        found = {judge: self._agreement(judge) for judge in judges}
        return {judge: agreement for judge, agreement in found.items() if agreement is not None}

    def _want(self, about: PlannedCase, question: Question) -> WantedAnswer | NoReply:
        """The need for a judge's reply, recorded with the answer that it is about."""
        is_judge = question.kind == "judge"
        try:
            to = self._to_judge(about, question) if is_judge else self._to_service(question)
        except InputError as error:  # a RenderError is one
            return NoReply(reason=f"it can't be called: {error.message}")
        request, profile = to
        if profile is None:
            return NoReply(reason="it can't be called: it has no model")
        return WantedAnswer(
            prompt=about.prompt,
            case=about.case.name,
            repeat=about.repeat,
            digest=request_digest(request),
            request=request,
            profile=profile,
            judge=recorded_as(question),
        )

    def _to_service(self, question: Question) -> tuple[Request, ModelProfile | None]:
        key = SETTINGS[question.kind]
        name = getattr(self.catalog.config.test, key)
        if name is None:
            raise InputError(f'write `{key} = "MODEL"` below `[test]`')
        profile = self.catalog.config.models.get(name)
        if profile is None:
            raise InputError(f"there is no model `{name}`")
        return endpoint_request(question, profile), answers_without_tokens(profile)

    def _to_judge(
        self, about: PlannedCase, question: Question
    ) -> tuple[Request, ModelProfile | None]:
        if question.judge.startswith(BUILT_IN):
            return self._with_model(built_in_judge(question.judge).request(question), about)
        if question.judge not in self._judges:
            prompt = self._prompt(question.judge)
            judge = Judge(prompt, self.catalog.load)
            self._judges[question.judge] = judge, model_profile(self.catalog, prompt.model)
        judge, profile = self._judges[question.judge]
        return judge.request(question), profile

    def _prompt(self, judge: str) -> Prompt:
        path = self.catalog.paths.get(judge)
        prompt = self.catalog.loaded(path).prompt if path is not None else None
        if prompt is None:
            raise InputError(f"there is no readable prompt `{judge}`")
        return prompt

    def _with_model(
        self, request: Request, about: PlannedCase
    ) -> tuple[Request, ModelProfile | None]:
        """The request with the model's own name, and the profile to call."""
        named = request.model.get("profile")
        if isinstance(named, str):
            profile = self.catalog.config.models.get(named)
            if profile is None:
                return request, None
            model = {"provider": profile.provider, "id": profile.id}
            params = {**profile.params, **request.params}
            return replace(request, model=model, params=params), profile
        own = model_profile(self.catalog, about.judge_model or about.prompt.model)
        if own is not None and request.model == {"provider": own.provider, "id": own.id}:
            return request, own
        return request, unnamed_profile(request.model)

    def _agreement(self, judge: str) -> Agreement | NoReply | None:
        if judge not in self._agreements:
            path = self.catalog.paths.get(judge)
            loaded = [self.catalog.loaded(path)] if path is not None else []
            anchors = [
                planned
                for planned in plan_cases(self.catalog, loaded, 1)
                if is_anchor(planned.case)
            ]
            self._agreements[judge] = self._agreed(judge, anchors) if anchors else None
        return self._agreements[judge]

    def _agreed(self, judge: str, anchors: Sequence[PlannedCase]) -> Agreement | NoReply:
        """The agreement on anchors, from the recorded answers to the judge's own cases."""
        results = self.answering.get(list(wanted_answers(self.catalog, anchors)))
        answered: list[tuple[PlannedCase, str]] = []
        for anchor in anchors:
            found = results.get(
                anchor.key,
                AnswerResult(reason=anchor.error or "it has no assertion about the answer"),
            )
            if found.answer is None:
                return _missing_anchor(anchor, found, judge)
            answered.append((anchor, found.answer.text))
        return agreement_of((anchor.case, text) for anchor, text in answered)


def _missing_anchor(anchor: PlannedCase, result: AnswerResult, judge: str) -> NoReply:
    reason = f"its anchor `{anchor.case.name}` has no answer: {result.reason}"
    lack = None if anchor.error or not anchor.needs_answer else _lack(result)
    if lack == "recording":
        reason = f"{reason}; promptops test {judge} --record"
    return NoReply(reason=reason, lack=lack)


def _reply(question: Question, result: AnswerResult) -> Reply:
    if result.answer is None:
        return NoReply(reason=result.reason, lack=_lack(result))
    if question.kind == "judge":
        found = opinion_of(result.answer.text)
        if isinstance(found, Opinion):
            return replace(found, model=result.answer.model)
        return found
    return endpoint_reply(question, result.answer.text)


def _lack(result: AnswerResult) -> Lack:
    return "connection" if result.infrastructure else "recording"


def wanted_answers(catalog: Catalog, planned: Sequence[PlannedCase]) -> Iterator[WantedAnswer]:
    """The answers that cases need."""
    for case in planned:
        if case.request is not None and case.needs_answer and not case.error:
            yield wanted_answer(case.request, case, planned_profile(catalog, case))


def wanted_answer(
    request: Request, planned: PlannedCase, profile: ModelProfile | None
) -> WantedAnswer:
    """The answer that a case needs."""
    return WantedAnswer(
        prompt=planned.prompt,
        case=planned.case.name,
        repeat=planned.repeat,
        digest=planned.digest,
        request=request,
        profile=profile,
    )


def planned_profile(catalog: Catalog, planned: PlannedCase) -> ModelProfile | None:
    """The profile of a prompt; None if it has no model."""
    return model_profile(catalog, planned.prompt.model)
