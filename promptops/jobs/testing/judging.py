"""Answers judged, with the answers of judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.evals.answered import judge_answer, questions, record_of_answer
from promptops.evals.functions import Functions
from promptops.evals.judged import Judged
from promptops.evals.judging import Judge, built_in_judge, opinion_of
from promptops.evals.questions import BUILT_IN, NoReply, Question, Reply
from promptops.evals.record import Beside, Record
from promptops.jobs.testing.answering import Answering, Got, Want
from promptops.jobs.testing.plan import Planned
from promptops.model.answer import Answer
from promptops.model.config import ModelProfile
from promptops.model.request import Request
from promptops.runtime.canonical import request_digest


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges answers of one catalog; what judges have to be asked goes through `answering`."""

    catalog: Catalog
    answering: Answering

    def judge(self, answered: Sequence[tuple[Planned, Answer]]) -> list[tuple[Judged, ...]]:
        """What is asserted of each answer."""
        records = [self._record(planned, answer, answered) for planned, answer in answered]
        asked = [
            (record, planned, question)
            for record, (planned, _) in zip(records, answered, strict=True)
            for question in questions(record, planned.case, planned.prompt)
        ]
        replies = self._replies([(planned, question) for _, planned, question in asked])
        return [
            judge_answer(_with(record, replies), planned.case, planned.prompt)
            for record, (planned, _) in zip(records, answered, strict=True)
        ]

    def _record(
        self, planned: Planned, answer: Answer, answered: Sequence[tuple[Planned, Answer]]
    ) -> Record:
        assert planned.request is not None
        others = {
            other.case.name: said
            for other, said in answered
            if other.prompt.id == planned.prompt.id and other.repeat == planned.repeat
        }
        profile = profile_of(self.catalog, planned)
        beside = Beside(
            price=profile.price if profile is not None else {},
            others=others,
            functions=Functions(lambda _path, _base: None, allowed=False),
        )
        return record_of_answer(answer, planned.request, planned.case, planned.prompt, beside)

    def _replies(self, asked: Sequence[tuple[Planned, Question]]) -> dict[str, Reply]:
        replies: dict[str, Reply] = {}
        wants: dict[str, Want] = {}
        for planned, question in asked:
            want = self._want(planned, question)
            if isinstance(want, NoReply):
                replies[question.key] = want
            else:
                wants[question.key] = want
        got = self.answering.get(list(wants.values())) if wants else {}
        return replies | {key: _reply(got[want.key]) for key, want in wants.items()}

    def _want(self, planned: Planned, question: Question) -> Want | NoReply:
        if question.kind != "judge":
            return NoReply(reason=f"nobody was asked for the {question.kind}")
        try:
            request = self._judge(question.judge).request(question)
        except InputError as error:  # a RenderError is one
            return NoReply(reason=f"the judge can't be asked: {error.message}")
        profile, request = self._model(request)
        if profile is None:
            return NoReply(reason="no model judges: name one by `evaluation.judge`")
        return Want(
            path=planned.prompt.path,
            case=planned.case.name,
            repeat=planned.repeat,
            digest=request_digest(request),
            request=request,
            profile=profile,
            judge=question.judge,
        )

    def _judge(self, name: str) -> Judge:
        if name.startswith(BUILT_IN):
            return built_in_judge(name)
        path = self.catalog.paths.get(name)
        prompt = self.catalog.loaded(path).prompt if path is not None else None
        if prompt is None:
            raise InputError(f"there is no prompt `{name}` that can be read")
        return Judge(prompt, self.catalog.load)

    def _model(self, request: Request) -> tuple[ModelProfile | None, Request]:
        """Who is asked, and the request with the model's own name."""
        named = request.model.get("profile")
        if isinstance(named, str):
            profile = self.catalog.config.models.get(named)
            if profile is None:
                return None, request
            model = {"provider": profile.provider, "id": profile.id}
            params = {**profile.params, **request.params}
            return profile, replace(request, model=model, params=params)
        return _profile(self.catalog, None, request.model), request


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer to a case, and what is asserted of it."""

    planned: Planned
    answer: Answer
    said: tuple[Judged, ...]


def heard(
    catalog: Catalog, plan: Sequence[Planned], answering: Answering
) -> tuple[list[Heard], dict[tuple[str, int, str], Got]]:
    """The answers that could be had, judged; and what came of each want, by its key."""
    got = answering.get(list(wants(catalog, plan)))
    found = [
        (each, got[each.digest, each.repeat, ""].answer)
        for each in plan
        if each.asks and (each.digest, each.repeat, "") in got
    ]
    known = [(each, answer) for each, answer in found if answer is not None]
    judged = Judging(catalog, answering).judge(known)
    rows = zip(known, judged, strict=True)
    return [Heard(each, answer, said) for (each, answer), said in rows], got


def profile_of(catalog: Catalog, planned: Planned) -> ModelProfile | None:
    """Who is asked for a prompt; None where it names no model."""
    model = planned.prompt.model
    return _profile(catalog, model.profile, {"provider": model.provider, "id": model.id})


def _profile(
    catalog: Catalog, name: str | None, model: Mapping[str, str | None]
) -> ModelProfile | None:
    if name is not None and name in catalog.config.models:
        return catalog.config.models[name]
    provider, identity = model.get("provider"), model.get("id")
    if not provider or not identity:
        return None
    return ModelProfile(name=f"{provider}/{identity}", provider=provider, id=identity)


def _reply(got: Got) -> Reply:
    return opinion_of(got.answer.text) if got.answer is not None else NoReply(reason=got.reason)


def _with(record: Record, replies: Mapping[str, Reply]) -> Record:
    return replace(record, beside=replace(record.beside, replies=replies))


def wants(catalog: Catalog, planned: Sequence[Planned]) -> Iterator[Want]:
    """The answers that cases ask for."""
    for each in planned:
        if each.request is not None and each.asks and not each.error:
            yield Want(
                path=each.prompt.path,
                case=each.case.name,
                repeat=each.repeat,
                digest=each.digest,
                request=each.request,
                profile=profile_of(catalog, each),
            )
