"""Answers to requests: recorded ones, or new ones that are recorded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.evals.conversations import Conversation, SimulatedUsers, Step
from promptops.evals.engine.ask import Answered, Ask, Failed, Outcome
from promptops.evals.engine.ask import Key as AskKey
from promptops.evals.judge_prompts import (
    SETTINGS,
    Agreement,
    Judge,
    agreement_of,
    answers_without_tokens,
    built_in_judge,
    endpoint_reply,
    endpoint_request,
    is_anchor,
    opinion_of,
    recorded_as,
)
from promptops.evals.verdict import BUILT_IN, Lack, NoReply, Opinion, Question, Reply, Unjudgeable
from promptops.model.answer import Answer, Recording
from promptops.model.config import ModelProfile
from promptops.model.finding import Problem
from promptops.model.prompt import Prompt, Request
from promptops.records import field, record, replace
from promptops.repo.repository import Repository
from promptops.runtime.request.canonical import request_digest
from promptops.testing.model_calls import ModelCalls
from promptops.testing.plan import AnswerKey, AnswerResult, PlannedCase, WantedAnswer, plan_cases
from promptops.testing.recordings.store import (
    AnswerCache,
    Store,
    endpoint_digest,
    recording_roots,
)
from promptops.testing.recordings.writing import (
    SAMPLE_SIZE,
    Journal,
    NeededRecording,
    WrittenAnswers,
    needs_sample,
    refuse_overfull,
    write_journal,
)
from promptops.workspace.profiles import model_profile, unnamed_profile

Mode = Literal["replay", "record", "live", "refresh"]

UNRECORDED: Final = "cache"
"""Requests what is neither recorded nor in the local cache, and keeps it only there."""

AnyMode = Mode | Literal["cache"]

_UNRECORDED_MODES = ("live", UNRECORDED)


class Answering:
    """Finds or requests the answers of one run; a new answer is on disk before the run continues.

    Attributes:
        store: The recorded answers.
        known: The results of all wanted answers so far.
        needs: All needs so far, by the first file of their recordings.
        refused: Why answers were not recorded.
    """

    def __init__(
        self,
        catalog: Catalog,
        store: Store,
        mode: AnyMode = "replay",
        *,
        repository: Repository | None = None,
        calls: ModelCalls | None = None,
        known: Mapping[AnswerKey, AnswerResult] | None = None,
    ) -> None:
        """The repository is needed to record; with `known` answers no model is called."""
        if mode != "replay":
            from promptops.evals.providers.endpoint import refuse_untrusted

            refuse_untrusted()
        self._catalog = catalog
        self._repository = repository
        self.store = store
        self._mode = mode
        self._calls = calls or ModelCalls()
        self._may_call = mode != "replay" and known is None
        self.needs: dict[str, list[NeededRecording]] = {}
        self._conversations: dict[AnswerKey, Conversation] = {}
        self._asked: dict[AnswerKey, WantedAnswer] = {}
        self._simulating = SimulatedUsers(catalog)
        self._wants: dict[AnswerKey, WantedAnswer] = {}
        self.known: dict[AnswerKey, AnswerResult] = dict(known or {})
        self.refused: list[Problem] = []

    def unrecorded(self) -> Answering:
        """These answers, where a new one is only kept in the local cache, not recorded."""
        if not (self._may_call and self.records):
            return self
        other = Answering(
            self._catalog,
            self.store,
            "live" if self._mode == "refresh" else UNRECORDED,
            repository=self._repository,
            calls=self._calls,
        )
        other.known = self.known
        return other

    def get(self, wants: Sequence[WantedAnswer]) -> dict[AnswerKey, AnswerResult]:
        """The answers by `WantedAnswer.key`; requests missing ones if the mode allows it.

        Nothing is requested twice in a run. Conversations take their turns beside each other.
        Raises UsageError if the recordings of a prompt would be too large: before the first
        request, or after a sample of 20 if their size can't be estimated yet.
        """
        while missing := self.look_up(wants):
            self._request(self._without_sample(missing))
        return self.results(wants)

    def look_up(self, wants: Sequence[WantedAnswer]) -> list[WantedAnswer]:
        """Look for stored answers; the needs without one that may be requested, each once.

        The need of a conversation is that of its next turn: look again when it is answered.
        """
        single = [want for want in wants if not want.turns]
        missing = self._look_up(single)
        for want in wants:
            if want.turns:
                missing += self._continue(want)
        return missing

    def _look_up(self, wants: Sequence[WantedAnswer]) -> list[WantedAnswer]:
        for want in wants:
            file = self.store.first_file(want.path)
            self.needs.setdefault(file, []).append(need_of(want))
            self._wants[want.key] = want
        new = {want.key: want for want in wants if want.key not in self.known}
        self.known |= {key: self._stored(want) for key, want in new.items()}
        if not self._may_call:
            return []
        return [want for key, want in new.items() if self.known[key].answer is None]

    def results(self, wants: Iterable[WantedAnswer]) -> dict[AnswerKey, AnswerResult]:
        """The known results by `WantedAnswer.key`."""
        found = ((want.key, self.result(want.key)) for want in wants)
        return {key: result for key, result in found if result is not None}

    def _continue(self, want: WantedAnswer) -> list[WantedAnswer]:
        """Take the turns of a conversation whose answers are known; the need of the next one."""
        conversation = self._conversation(want)
        while (step := conversation.next()) is not None:
            turn = self._want_of_step(want, step)
            missing = self._look_up([turn])
            result = self.known[turn.key]
            if result.answer is None:
                return missing
            conversation.answer(result.answer, result.source)
        return []

    def _conversation(self, want: WantedAnswer) -> Conversation:
        if want.key not in self._conversations:
            self._asked[want.key] = want
            self._conversations[want.key] = Conversation(
                want.request, want.turns, self._simulating.request
            )
        return self._conversations[want.key]

    def _want_of_step(self, want: WantedAnswer, step: Step) -> WantedAnswer:
        return WantedAnswer(
            prompt=want.prompt,
            case=want.case,
            repeat=want.repeat,
            digest=step.digest,
            request=step.request,
            profile=self._simulating.profile if step.judge else want.profile,
            judge=step.judge,
        )

    def result(self, key: AnswerKey) -> AnswerResult | None:
        """The result of a wanted answer, by `WantedAnswer.key`; None if it was not wanted."""
        conversation = self._conversations.get(key)
        if conversation is None:
            return self.known.get(key)
        step, whole = conversation.next(), conversation.whole()
        if step is not None:
            result = self.known[key[0], step.digest, key[2], step.judge]
            by = "the simulated user before turn" if step.judge else "turn"
            reason = f"{by} {conversation.number}: {result.reason}"
            return replace(result, reason=reason, begun=whole)
        if whole is None:
            return AnswerResult(reason=conversation.ended, unsendable=True)
        live = any(turn.source == "live" for turn in whole.turns)
        return AnswerResult(answer=whole, source="live" if live else "recorded")

    def call(self, want: WantedAnswer, function: Callable[[], Answer]) -> AnswerResult:
        """The recorded result of a function, or if the mode allows it, a new one.

        `function` raises Unjudgeable.
        """
        if self.look_up([want]):
            try:
                result = AnswerResult(answer=function(), source="live")
            except Unjudgeable as error:
                result = AnswerResult(reason=error.message, failed=True)
            self.known[want.key] = result
            if result.answer is not None:
                self.keep(want, result.answer)
        return self.known[want.key]

    def refused_code(self, path: str, content: bytes) -> str:
        """Why a function in a file of the catalog may not judge answers in this run, or ""."""
        return self._calls.refused_code(path, content)

    def answered(self) -> Iterator[tuple[WantedAnswer, Answer]]:
        """All needs with an answer, in the order of the needs."""
        for key, want in self._wants.items():
            answer = self.known[key].answer
            if answer is not None:
                yield want, answer

    def end(self, *, prune: bool, whole: bool = False) -> WrittenAnswers:
        """Write the answers to the files of recordings.

        `whole` says that all cases of the prompts ran: then the turns of a conversation replace
        those of an earlier wording.

        Answers that are not recorded go to the cache, where a later recording run finds them.
        """
        if self._repository is None or not (self._may_call or prune):
            return WrittenAnswers()
        if self._mode in _UNRECORDED_MODES:
            AnswerCache(self._repository.common_dir).keep(self._live())
            return WrittenAnswers()
        roots = recording_roots(self._catalog.config)
        needs = self._with_conversations(self.all_files if prune else self.needs, whole=whole)
        return write_journal(self._repository, needs, prune=prune, roots=roots)

    def _with_conversations(
        self, needs: Mapping[str, Sequence[NeededRecording]], *, whole: bool
    ) -> dict[str, Sequence[NeededRecording]]:
        """The needs, with what those of conversations replace."""
        if not self._conversations:
            return dict(needs)
        state = {
            (self.store.first_file(want.path), want.case, want.repeat): conversation.next() is None
            for want in self._asked.values()
            for conversation in (self._conversation(want),)
        }

        def of(file: str, need: NeededRecording) -> NeededRecording:
            has_ended = state.get((file, need.case, need.repeat))
            if has_ended is None:
                return need
            return replace(need, replaces=whole and has_ended, begun=not has_ended)

        return {file: [of(file, need) for need in found] for file, found in needs.items()}

    @property
    def all_files(self) -> Mapping[str, Sequence[NeededRecording]]:
        """The needs, and without needs the files of prompts that look up nothing.

        These are the files next to prompts that can be read, or the files aside of prompts that no
        longer exist.
        """
        if self._repository is None:
            return self.needs
        roots, root = recording_roots(self._catalog.config), self._repository.root
        gone = (each for each in self.store.left_behind() if not roots.has_prompt(root, each))
        return {**dict.fromkeys((*self.store.beside(), *gone), ()), **self.needs}

    def _live(self) -> Iterator[tuple[str, Recording]]:
        """New answers, each with the digest of the endpoint that gave it."""
        for want, answer in self.answered():
            if self.known[want.key].source == "live":
                recording = replace(recording_of(want, answer), case="")
                yield endpoint_digest(want.profile), recording

    def _stored(self, want: WantedAnswer) -> AnswerResult:
        if self._mode in ("live", "refresh"):
            return AnswerResult(
                reason="no shard has an answer for it"
            )  # unless it will be requested
        found = self.store.find(want.path, want.digest, want.repeat, want.judge, want.profile)
        if found is None:
            return AnswerResult(reason="its request has no recording")
        if found.source == "cached":
            self._calls.from_cache[found.given_by] += 1
        if found.source == "cached" and self._mode == "record":
            self._record(want, found.answer)
        return AnswerResult(answer=found.answer, source=found.source)

    def _without_sample(self, missing: list[WantedAnswer]) -> list[WantedAnswer]:
        """The remaining requests, once it is known that the recordings will fit."""
        if self._repository is None or self._mode in _UNRECORDED_MODES:
            return missing
        by_path: dict[str, list[WantedAnswer]] = {}
        for want in missing:
            by_path.setdefault(want.path, []).append(want)
        sample = [want for wants in by_path.values() for want in self._sample(wants)]
        self._refuse_overfull(by_path, {})
        self._request(sample)
        answered = self.results(sample)
        left = {
            path: [want for want in wants if want.key not in answered]
            for path, wants in by_path.items()
        }
        self._refuse_overfull(left, answered)
        return [want for wants in left.values() for want in wants]

    def _sample(self, wants: Sequence[WantedAnswer]) -> Sequence[WantedAnswer]:
        needs = [need_of(want) for want in wants]
        crowded = needs_sample(self.store.recordings(wants[0].path), needs)
        return wants[:SAMPLE_SIZE] if crowded else ()

    def _refuse_overfull(
        self,
        missing: Mapping[str, Sequence[WantedAnswer]],
        answered: Mapping[AnswerKey, AnswerResult],
    ) -> None:
        for path, wants in missing.items():
            file = self.store.first_file(path)
            new = [
                recording_of(self._wants[key], result.answer)
                for key, result in answered.items()
                if result.answer is not None and key[0] == path
            ]
            recorded = [*self.store.recordings(path), *new]
            refuse_overfull(file, recorded, self.needs[file], [need_of(want) for want in wants])

    def _request(self, wants: Iterable[WantedAnswer]) -> None:
        request_in_turns([(self, want) for want in wants], self._calls, self._catalog)

    @property
    def records(self) -> bool:
        """Whether new answers are recorded."""
        return self._mode not in _UNRECORDED_MODES and self._repository is not None

    def keep(self, want: WantedAnswer, answer: Answer) -> None:
        """Add a new answer to the journal, in a mode that records."""
        if self.records:
            self._record(want, answer)

    def _record(self, want: WantedAnswer, answer: Answer) -> None:
        if self._repository is None:
            return
        file = self.store.first_file(want.path)
        endpoint = endpoint_digest(want.profile)
        problem = Journal(self._repository).append(file, recording_of(want, answer), endpoint)
        if problem is not None:
            self.refused.append(problem)


_NO_MODEL = "the prompt has no model: write `model: {profile: NAME}`"


def request_in_turns(
    wanted: Iterable[tuple[Answering, WantedAnswer]], calls: ModelCalls, catalog: Catalog
) -> None:
    """Request missing answers of one or several arms, in this order; fills their `known`.

    Equal requests are sent once. `catalog` is the one whose endpoints must all be approved.
    """
    asks: list[tuple[Answering, WantedAnswer, Ask]] = []
    waiting: dict[AskKey, list[tuple[Answering, WantedAnswer]]] = {}
    for answering, want in wanted:
        if want.profile is None:
            answering.known[want.key] = AnswerResult(reason=_NO_MODEL, unsendable=True)
            continue
        ask = Ask(
            digest=want.digest,
            repeat=want.repeat,
            request=want.request,
            profile=want.profile,
            payer=calls.payer(want.prompt, want.judge),
        )
        asks.append((answering, want, ask))
        waiting.setdefault(ask.key, []).append((answering, want))

    def keep(outcome: Answered) -> None:
        for answering, want in waiting[outcome.ask.key]:
            answering.keep(want, outcome.answer)

    if any(answering.records for answering, _, _ in asks):
        from promptops.testing.recordings.screening import prepare_screening

        prepare_screening()
    outcomes = calls.ask([ask for _, _, ask in asks], catalog, keep)
    for (answering, want, _), outcome in zip(asks, outcomes, strict=True):
        answering.known[want.key] = _result_of(outcome, want)


def recording_of(want: WantedAnswer, answer: Answer) -> Recording:
    """The answer as it is recorded."""
    return Recording(
        request=want.digest, repeat=want.repeat, case=want.case, answer=answer, judge=want.judge
    )


def need_of(want: WantedAnswer) -> NeededRecording:
    """The recording that a run looks up."""
    return NeededRecording(
        case=want.case, request=want.digest, repeat=want.repeat, judge=want.judge
    )


def _result_of(outcome: Outcome, want: WantedAnswer) -> AnswerResult:
    if isinstance(outcome, Answered):
        return AnswerResult(answer=outcome.answer, source="live")
    if isinstance(outcome, Failed):
        from promptops.evals.providers.endpoint import addressed
        from promptops.evals.providers.redaction import shown_profile

        # The message about a judge already reports that there is no answer.
        model = shown_profile(addressed(outcome.ask.profile, os.environ), os.environ)
        model = model if want.judge else f"{model} gave no answer"
        return AnswerResult(reason=f"{model}: {outcome.failure.message}", infrastructure=True)
    return AnswerResult(reason=not_requested(outcome.reason), infrastructure=True)


def not_requested(reason: str) -> str:
    """The reason of a missing answer whose request was not sent."""
    return f"not requested: {reason}"


# The requests to judges and services about the answers of cases.


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
                reason = f"its anchor `{anchor.case.name}` has no answer: {found.reason}"
                lack = None if anchor.error or not anchor.needs_answer else _lack(found)
                if lack == "recording":
                    reason = f"{reason}; promptops test {judge} --record"
                return NoReply(reason=reason, lack=lack)
            answered.append((anchor, found.answer.text))
        return agreement_of((anchor.case, text) for anchor, text in answered)


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


# The answers that cases need.


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
        turns=planned.case.turns,
    )


def planned_profile(catalog: Catalog, planned: PlannedCase) -> ModelProfile | None:
    """The profile of a prompt; None if it has no model."""
    return model_profile(catalog, planned.prompt.model)
