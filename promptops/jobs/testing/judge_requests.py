"""Requests to judges about answers, and their replies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from promptops.evals.questions import BUILT_IN, Lack, NoReply, Question, Reply
from promptops.jobs.testing.answering import Answering, Got, Want
from promptops.jobs.testing.plan import Planned, planned
from promptops.jobs.testing.requests import profile_for, profile_of, unnamed_profile, wants
from promptops.model.config import ModelProfile
from promptops.model.prompt import Prompt
from promptops.model.request import Request
from promptops.records import field, record, replace
from promptops.runtime.request.canonical import request_digest


@record(slots=True)
class Questioning:
    """Sends requests to judges and services through `answering`."""

    catalog: Catalog
    answering: Answering
    _judges: dict[str, tuple[Judge, ModelProfile | None]] = field(default_factory=dict, init=False)
    _agreements: dict[str, Agreement | NoReply | None] = field(default_factory=dict, init=False)

    def replies(self, asked: Sequence[tuple[Planned, Question]]) -> list[Reply]:
        """The reply to each question about the answer to a case, in order."""
        wanted = [self._want(about, question) for about, question in asked]
        got = self.answering.get([want for want in wanted if isinstance(want, Want)])
        return [
            want if isinstance(want, NoReply) else _reply(question, got[want.key])
            for (_, question), want in zip(asked, wanted, strict=True)
        ]

    def agreements(self, judges: Iterable[str]) -> dict[str, Agreement | NoReply]:
        """The agreement of judges with people, by prompt id; only prompts with anchors."""
        found = {judge: self._agreement(judge) for judge in judges}
        return {judge: agreement for judge, agreement in found.items() if agreement is not None}

    def _want(self, about: Planned, question: Question) -> Want | NoReply:
        """The need for a judge's reply, recorded with the answer that it is about."""
        is_judge = question.kind == "judge"
        try:
            to = self._to_judge(about, question) if is_judge else self._to_service(question)
        except InputError as error:  # a RenderError is one
            return NoReply(reason=f"it can't be called: {error.message}")
        request, profile = to
        if profile is None:
            return NoReply(reason="it can't be called: it has no model")
        return Want(
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

    def _to_judge(self, about: Planned, question: Question) -> tuple[Request, ModelProfile | None]:
        if question.judge.startswith(BUILT_IN):
            return self._of_model(built_in_judge(question.judge).request(question), about)
        if question.judge not in self._judges:
            prompt = self._prompt(question.judge)
            judge = Judge(prompt, self.catalog.load)
            self._judges[question.judge] = judge, profile_for(self.catalog, prompt.model)
        judge, profile = self._judges[question.judge]
        return judge.request(question), profile

    def _prompt(self, judge: str) -> Prompt:
        path = self.catalog.paths.get(judge)
        prompt = self.catalog.loaded(path).prompt if path is not None else None
        if prompt is None:
            raise InputError(f"there is no readable prompt `{judge}`")
        return prompt

    def _of_model(self, request: Request, about: Planned) -> tuple[Request, ModelProfile | None]:
        """The request with the model's own name, and the profile to call."""
        named = request.model.get("profile")
        if isinstance(named, str):
            profile = self.catalog.config.models.get(named)
            if profile is None:
                return request, None
            model = {"provider": profile.provider, "id": profile.id}
            params = {**profile.params, **request.params}
            return replace(request, model=model, params=params), profile
        own = profile_of(self.catalog, about)
        if own is not None and request.model == {"provider": own.provider, "id": own.id}:
            return request, own
        return request, unnamed_profile(request.model)

    def _agreement(self, judge: str) -> Agreement | NoReply | None:
        if judge not in self._agreements:
            path = self.catalog.paths.get(judge)
            loaded = [self.catalog.loaded(path)] if path is not None else []
            anchors = [each for each in planned(self.catalog, loaded, 1) if is_anchor(each.case)]
            self._agreements[judge] = self._agreed(judge, anchors) if anchors else None
        return self._agreements[judge]

    def _agreed(self, judge: str, anchors: Sequence[Planned]) -> Agreement | NoReply:
        """The agreement on anchors, from the recorded answers to the judge's own cases."""
        got = self.answering.get(list(wants(self.catalog, anchors)))
        answered: list[tuple[Planned, str]] = []
        for each in anchors:
            found = got.get(
                each.key, Got(reason=each.error or "it has no assertion about the answer")
            )
            if found.answer is None:
                return _untold(each, found, judge)
            answered.append((each, found.answer.text))
        return agreement_of((each.case, text) for each, text in answered)


def _untold(anchor: Planned, got: Got, judge: str) -> NoReply:
    reason = f"its anchor `{anchor.case.name}` has no answer: {got.reason}"
    lack = None if anchor.error or not anchor.asks else _lack(got)
    if lack == "recording":
        reason = f"{reason}; promptops test {judge} --record"
    return NoReply(reason=reason, lack=lack)


def _reply(question: Question, got: Got) -> Reply:
    if got.answer is None:
        return NoReply(reason=got.reason, lack=_lack(got))
    if question.kind == "judge":
        return opinion_of(got.answer.text)
    return endpoint_reply(question, got.answer.text)


def _lack(got: Got) -> Lack:
    return "connection" if got.infrastructure else "recording"
