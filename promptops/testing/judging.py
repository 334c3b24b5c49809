"""Judge answers, report the results of cases, and request answers again to check them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from promptops.analysis.secrets import without_secrets
from promptops.catalog.catalog import Catalog
from promptops.catalog.recordings import retrieved_name
from promptops.catalog.schema_places import UNKNOWN_PROFILE
from promptops.evals.case_assertions import counterparts
from promptops.evals.conversations import case_of_turn, conversation_record, ended_early
from promptops.evals.cost import answer_cost_usd
from promptops.evals.judge_answer import (
    gating_judge,
    judge_answer,
    questions,
    record_of_answer,
    status_of,
)
from promptops.evals.judge_prompts import agreement_of, is_anchor
from promptops.evals.python_functions import Functions, functions_of
from promptops.evals.result import Judgement
from promptops.evals.subject import Beside, On, Record, text_of, with_calls
from promptops.evals.verdict import Reply
from promptops.model.answer import Answer, AnsweredTurn
from promptops.model.internal_error import CODE
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt, Request
from promptops.model.test_run import (
    AssertionResult,
    CaseRun,
    ComparedTexts,
    JudgeAgreement,
    MessageText,
)
from promptops.records import field, record, replace
from promptops.testing.answering import (
    Answering,
    JudgeRequests,
    planned_profile,
    recording_of,
    wanted_answers,
)
from promptops.testing.model_calls import ModelCalls
from promptops.testing.plan import (
    AnswerKey,
    AnswerResult,
    CaseKey,
    PlannedCase,
    WantedAnswer,
    with_hint,
)
from promptops.testing.recordings.store import SampleSize, Store, answer_differences, sample

_AnswersByCase = Mapping[tuple[str, int], Mapping[str, Answer]]
"""Answers of one prompt and repeat, by the name of the case."""


@record(slots=True)
class AnswerJudge:
    """Judges answers of one catalog; requests to judges go through `answering`.

    Attributes:
        baseline: The baseline's answer to the same case and repeat, if known.
        runs_code: `python` assertions may run code of the catalog; see `Functions`.
    """

    catalog: Catalog
    answering: Answering
    baseline: Callable[[PlannedCase], Answer | None] = lambda _: None
    runs_code: bool = True
    _functions: Functions = field(init=False)
    _questioning: JudgeRequests = field(init=False)
    _first: dict[tuple[str, str], Answer] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._functions = functions_of(
            self.catalog, allowed=self.runs_code, refused=self.answering.refused_code
        )
        self._questioning = JudgeRequests(self.catalog, self.answering)

    def judge(self, answered: Sequence[tuple[PlannedCase, Answer]]) -> list[tuple[Judgement, ...]]:
        """The verdicts on each answer."""
        for planned, answer in answered:
            self._first.setdefault((planned.prompt.id, planned.case.name), answer)
        others = _by_case(answered)
        rows = [row for each in answered for row in self._rows(*each, others)]
        replies = self._replies([(row.planned, row.record) for row in rows])
        gating = (gating_judge(planned.case, planned.prompt) for planned, _ in answered)
        agreements = self._questioning.agreements(dict.fromkeys(judge for judge in gating if judge))
        judgements = []
        found = iter(zip(rows, replies, strict=True))
        for planned, answer in answered:
            own: list[Judgement] = []
            for row, its_replies in islice(found, len(answer.turns) + 1 if answer.turns else 1):
                if row.turn is None:  # before the assertions on the whole: it may be their cause
                    own += ended_early(answer, planned.case)
                beside = replace(row.record.beside, replies=its_replies, agreements=agreements)
                judged = judge_answer(
                    replace(row.record, beside=beside), row.planned.case, planned.prompt
                )
                own += (replace(each, turn=row.turn) for each in judged) if row.turn else judged
            judgements.append(tuple(own))
        return judgements

    def _rows(
        self, planned: PlannedCase, answer: Answer, others: _AnswersByCase
    ) -> Iterator[_JudgedRow]:
        """What is judged of an answer: with turns, the answer of each one, and the whole."""
        whole = self._record(planned, answer, others)
        if not answer.turns:
            yield _JudgedRow(planned, whole)
            return
        before = whole.beside.baseline
        for index, turn in enumerate(answer.turns):
            case = case_of_turn(planned.case, turn)
            was = before.turns[index : index + 1] if before is not None else ()
            beside = replace(
                whole.beside,
                baseline=was[0].answer if was else None,
                others=_same_turn(whole.beside.others, case, planned.prompt, index),
            )
            of_turn = record_of_answer(turn.answer, turn.request, case, planned.prompt, beside)
            row = _JudgedRow(replace(planned, case=case), of_turn, turn.number)
            yield replace(row, record=replace(of_turn, judge=whole.judge))
        record = conversation_record(
            answer, whole.request, planned.case, planned.prompt, whole.beside
        )
        yield _JudgedRow(planned, replace(record, judge=whole.judge))

    def judged(self, answered: Sequence[tuple[PlannedCase, Answer]]) -> list[JudgedAnswer]:
        """The verdicts with the answers."""
        rows = zip(answered, self.judge(answered), strict=True)
        return [JudgedAnswer(planned, answer, judgements) for (planned, answer), judgements in rows]

    def _record(self, planned: PlannedCase, answer: Answer, others: _AnswersByCase) -> Record:
        assert planned.request is not None
        profile = planned_profile(self.catalog, planned)
        beside = Beside(
            price=profile.price if profile is not None else {},
            baseline=self.baseline(planned),
            others=self._others(planned, others),
            functions=self._functions,
        )
        found = record_of_answer(answer, planned.request, planned.case, planned.prompt, beside)
        if planned.judge_model is None or found.judge is not None:
            return found
        named = {"provider": planned.judge_model.provider, "id": planned.judge_model.id}
        return replace(found, judge={key: value for key, value in named.items() if value})

    def _others(self, planned: PlannedCase, others: _AnswersByCase) -> Mapping[str, Answer]:
        """The answers to other cases in the same repeat, or else in the first one."""
        same = others[planned.prompt.id, planned.repeat]
        named = counterparts(planned.case, planned.prompt)
        first = {name: self._first.get((planned.prompt.id, name)) for name in named}
        more = {name: answer for name, answer in first.items() if answer and name not in same}
        # Without a copy for each case: their number would grow with the square.
        return {**more, **same} if more else same

    def _replies(self, records: Sequence[tuple[PlannedCase, Record]]) -> list[dict[str, Reply]]:
        """The replies to each record's questions, by `Question.key`."""
        questions_asked = [
            (number, planned, question)
            for number, (planned, record) in enumerate(records)
            for question in questions(record, planned.case, planned.prompt)
        ]
        found = self._questioning.replies(
            [(planned, question) for _, planned, question in questions_asked]
        )
        replies: list[dict[str, Reply]] = [{} for _ in records]
        for (number, _, question), reply in zip(questions_asked, found, strict=True):
            replies[number][question.key] = reply
        return replies


def _same_turn(
    others: Mapping[str, Answer], case: Case, prompt: Prompt, index: int
) -> Mapping[str, Answer]:
    """The answers of the same turn of the cases that this turn is compared with."""
    found = {name: others[name] for name in counterparts(case, prompt) if name in others}
    return {
        name: answer.turns[index].answer if answer.turns else answer
        for name, answer in found.items()
        if index < len(answer.turns) or not answer.turns
    }


@record(frozen=True, slots=True)
class _JudgedRow:
    """One record to judge.

    Attributes:
        turn: 1-based; None for a whole conversation, or a case without turns.
    """

    planned: PlannedCase
    record: Record
    turn: int | None = None


def _by_case(answered: Sequence[tuple[PlannedCase, Answer]]) -> _AnswersByCase:
    found: dict[tuple[str, int], dict[str, Answer]] = {}
    for planned, answer in answered:
        found.setdefault((planned.prompt.id, planned.repeat), {})[planned.case.name] = answer
    return found


@record(frozen=True, slots=True)
class JudgedAnswer:
    """An answer to a case, with its verdicts."""

    planned: PlannedCase
    answer: Answer
    judgements: tuple[Judgement, ...]


def judged_answers(
    judging: AnswerJudge, plan: Sequence[PlannedCase]
) -> tuple[list[JudgedAnswer], dict[AnswerKey, AnswerResult]]:
    """The available answers, judged; and the result of each need, by key."""
    got = judging.answering.get(list(wanted_answers(judging.catalog, plan)))
    found = [
        (planned, got[planned.key].answer)
        for planned in plan
        if planned.needs_answer and planned.key in got
    ]
    known = [(planned, answer) for planned, answer in found if answer is not None]
    return judging.judged(known), got


def judged_turns(
    judging: AnswerJudge, plan: Sequence[PlannedCase], results: Mapping[AnswerKey, AnswerResult]
) -> Iterator[JudgedAnswer]:
    """The turns before the first one without an answer, judged; they count in no score.

    Nothing is asked about a conversation that has not ended.
    """
    begun = [
        (replace(planned, case=replace(planned.case, conversation=())), answer)
        for planned in plan
        if planned.key in results and (answer := results[planned.key].begun) is not None
    ]
    for judged in judging.judged(begun):
        of_turns = tuple(each for each in judged.judgements if each.turn is not None)
        yield replace(judged, judgements=of_turns)


def judge_agreements(found: Iterable[JudgedAnswer]) -> Iterator[JudgeAgreement]:
    """The agreement of judge prompts with their anchors, from the answers to their own cases."""
    anchors: dict[str, list[tuple[Case, str]]] = {}
    for judged in found:
        case = judged.planned.case
        if not judged.planned.repeat and is_anchor(case):
            anchors.setdefault(judged.planned.prompt.id, []).append((case, judged.answer.text))
    for judge, answered in anchors.items():
        agreed = agreement_of(answered)
        yield JudgeAgreement(
            judge=judge,
            anchors=agreed.anchors,
            kappa=agreed.kappa,
            kappa_low=agreed.low,
            may_gate=agreed.may_gate,
        )


def judges_behind(
    known: Mapping[AnswerKey, AnswerResult], paths: Collection[str]
) -> dict[str, set[tuple[str, str | None]]]:
    """The models, with fingerprints, of each judge of some prompt files."""
    found: dict[str, set[tuple[str, str | None]]] = {}
    for (path, _, _, judge), got in known.items():
        if judge and path in paths and got.answer is not None:
            found.setdefault(judge, set()).add((got.answer.model, got.answer.fingerprint))
    return found


def cost_usd(catalog: Catalog, judged: JudgedAnswer) -> float | None:
    """The cost of an answer; None if the price is unknown."""
    profile = planned_profile(catalog, judged.planned)
    if profile is None:
        return None
    return answer_cost_usd(judged.answer.usage, profile.provider, profile.id, profile.price)


# The results of cases, for reports.


def case_runs(
    plan: Sequence[PlannedCase],
    results: Mapping[AnswerKey, AnswerResult],
    answers: Sequence[JudgedAnswer],
    notes: Mapping[CaseKey, str],
) -> Iterator[CaseRun]:
    """The results of all planned cases, in order; `notes` explains replaced answers."""
    judged = {answer.planned.case_key: answer for answer in answers}
    for planned in plan:
        run = _case_run(
            planned, results.get(planned.key, AnswerResult()), judged.get(planned.case_key)
        )
        run = replace(run, reason=run.reason or notes.get(planned.case_key, ""))
        yield _as_draft(run, planned) if planned.case.is_draft else run


_FAILING_DRAFT = "a draft that fails, `promptops cases --refresh` drafts it again"


def _as_draft(run: CaseRun, planned: PlannedCase) -> CaseRun:
    """The result of a draft: what would fail is a warning, unless its prompt is broken."""
    own = not (run.infrastructure or run.internal or planned.of_prompt)
    broken = run.status == "error" and own
    if run.status != "failed" and not broken:
        return replace(run, draft=True)
    reasons = [
        f"`{each.type}` does not hold: {each.reason}"
        for each in run.assertions
        if each.must and each.status in ("failed", "error")
    ]
    reason = reasons[0] if reasons else run.reason
    return replace(run, draft=True, status="warning", reason=f"{_FAILING_DRAFT}: {reason}")


def _case_run(planned: PlannedCase, result: AnswerResult, judged: JudgedAnswer | None) -> CaseRun:
    run = CaseRun(
        prompt=planned.prompt.id,
        name=planned.case.name,
        repeat=planned.repeat,
        status="error",
        place=planned.place,
        reason=without_secrets(planned.error),
        messages=sent_messages(planned.request) if planned.request is not None else (),
        assertions=tuple(assertion_result(judgement, "request") for judgement in planned.rendered),
        internal=planned.internal or any(judgement.internal for judgement in planned.rendered),
    )
    if planned.error:
        return replace(run, status="stale") if planned.unrecorded else run
    return _judged_case_run(run, planned, result, judged)


def sent_messages(request: Request) -> tuple[MessageText, ...]:
    """The messages of a request, as texts; tool calls follow the text of a message."""
    return tuple(
        MessageText(str(message["role"]), with_calls(text_of(message.get("content")), calls))
        for message in request.messages
        for calls in (message.get("tool_calls") or (),)
    )


def _conversation_run(
    run: CaseRun, planned: PlannedCase, result: AnswerResult, answer: Answer | None
) -> CaseRun:
    """The messages of all turns, and for a turn without an answer its place."""
    spoken = answer or result.begun
    if spoken is None or not spoken.turns:
        return run if answer is not None or result.unsendable else replace(run, turn=1)
    messages = tuple(_conversation_messages(spoken.turns))
    if answer is not None:
        return replace(run, messages=messages[:-1])
    last, turns = spoken.turns[-1], planned.case.turns
    place = planned.case.locate(turns[min(last.number, len(turns) - 1)].at, False)
    return replace(run, messages=messages, place=place, turn=last.number + 1)


def _conversation_messages(turns: Sequence[AnsweredTurn]) -> Iterator[MessageText]:
    """The messages of the prompt, then those of each turn and its answer."""
    first = turns[0].request
    before = len(first.messages) - turns[0].said
    yield from sent_messages(replace(first, messages=first.messages[:before]))
    for turn in turns:
        new = turn.request.messages[len(turn.request.messages) - turn.said :]
        for text in sent_messages(replace(first, messages=new)):
            yield replace(text, turn=turn.number)
        said = with_calls(turn.answer.text, turn.answer.tool_calls)
        yield MessageText("assistant", said, turn.number)


def _judged_case_run(
    run: CaseRun, planned: PlannedCase, result: AnswerResult, judged: JudgedAnswer | None
) -> CaseRun:
    if not planned.needs_answer:
        return replace(run, status=status_of(planned.rendered))
    if planned.case.turns:
        answer = judged.answer if judged is not None and result.begun is None else None
        run = _conversation_run(run, planned, result, answer)
    if judged is not None:
        own = (_assertion_of_answer(each, judged.answer) for each in judged.judgements)
        run = replace(run, assertions=(*run.assertions, *own))
    judgements = (*planned.rendered, *(judged.judgements if judged is not None else ()))
    if judged is None or result.begun is not None:
        return _unanswered_case_run(run, result, judgements)
    status, missing = status_of(judgements), _missing_reply(judgements)
    return replace(
        run,
        status=status,
        reason=missing or ("its assertions can't be checked" if status == "error" else ""),
        infrastructure=bool(missing),
        internal=any(judgement.internal for judgement in judgements),
        answer=judged.answer,
        source=result.source,
    )


def _unanswered_case_run(
    run: CaseRun, result: AnswerResult, judgements: Sequence[Judgement]
) -> CaseRun:
    """A case without its answer, or without that of a later turn."""
    if result.infrastructure:
        return replace(run, status="error", reason=result.reason, infrastructure=True)
    if result.unsendable:
        return replace(run, status="error", reason=result.reason)
    failed = any(each.must and each.status == "failed" for each in judgements)
    return replace(run, status="failed" if failed else "stale", reason=result.reason)


def _assertion_of_answer(judgement: Judgement, answer: Answer) -> AssertionResult:
    is_whole = bool(answer.turns) and judgement.turn is None
    return assertion_result(judgement, "conversation" if is_whole else "answer")


def _missing_reply(judged: Sequence[Judgement]) -> str:
    """Why a judge gave no reply, if there is no other error to fix; else ""."""
    errors = [
        judgement
        for judgement in judged
        if judgement.status == "error" and judgement.lack != "recording"
    ]
    only_outages = errors and all(error.lack == "connection" for error in errors)
    return errors[0].reason if only_outages else ""


def assertion_result(judged: Judgement, on: On) -> AssertionResult:
    """One assertion of a case, as reports show it."""
    return AssertionResult(
        type=judged.type,
        status=judged.status,
        must=judged.must,
        reason=judged.reason,
        place=judged.place,
        on=on,
        score=judged.score,
        compared=ComparedTexts(*judged.compared) if judged.compared else None,
        at=judged.occurrences,
        turn=judged.turn,
    )


def unreadable_prompts(loaded: Sequence[LoadedPrompt]) -> Iterator[CaseRun]:
    """Errors for prompts and files that can't be read, so that they are not skipped silently."""
    for prompt_file in loaded:
        if prompt_file.prompt is None:
            problem = next(iter(prompt_file.problems), None)
            place = (
                problem.at if problem and isinstance(problem.at, Place) else Place(prompt_file.path)
            )
            run = error_run(
                prompt_file.id, problem.message if problem else "it can't be read", place
            )
            yield replace(run, internal=problem is not None and problem.code == CODE)
        else:
            yield from (
                error_run(prompt_file.id, message, place)
                for message, place in _missing_parts(prompt_file)
            )


_HARMLESS_PROBLEMS = ("SCH010", UNKNOWN_PROFILE)
"""Problems that hide no test case: YAML aliases, and missing profiles, which fail each case."""

_NEEDED_REFERENCES = {"cases": "case file", "tool": "tool"}
"""References that a prompt can do without, but its tests can't."""


def _missing_parts(loaded: LoadedPrompt) -> Iterator[tuple[str, Place]]:
    """Why cases are missing or requests differ from the files."""
    for problem in loaded.problems:
        if problem.code not in _HARMLESS_PROBLEMS and isinstance(problem.at, Place):
            yield problem.message, problem.at
    for reference in loaded.references:
        if reference.kind in _NEEDED_REFERENCES and not reference.found:
            message = f"there is no {_NEEDED_REFERENCES[reference.kind]} `{reference.written}`"
            yield message, reference.place


def recording_errors(
    catalog: Catalog, plan: Sequence[PlannedCase], store: Store
) -> Iterator[CaseRun]:
    """Errors for lines of recordings that can't be read."""
    for path in dict.fromkeys(planned.prompt.path for planned in plan):
        for problem in store.problems(path):
            if isinstance(problem.at, Place):
                reason = with_hint(problem.message, problem.hint)
                yield error_run(catalog.ids.get(path, path), reason, problem.at)


def error_run(prompt: str, reason: str, place: Place) -> CaseRun:
    """An error that prevents the tests of a prompt; secrets in its reason are masked."""
    text = without_secrets(reason)
    return CaseRun(prompt=prompt, name="", status="error", reason=text, place=place)


# Request answers again to audit recordings.


def audit_recordings(
    catalog: Catalog,
    plan: Sequence[PlannedCase],
    replayed: Answering,
    *,
    sampled: tuple[SampleSize, str],
    calls: ModelCalls,
) -> Iterator[CaseRun | None]:
    """For each recording of a sample, None if the model or the judge gives the same answer today.

    Else its case, with what differs or why no answer came. `sampled` is the size of the sample, and
    the seed that chooses it.
    """
    places = {(case.prompt.path, case.case.name): case.place for case in plan}
    known = {
        want.key: (want, answer)
        for want, answer in replayed.answered()
        if retrieved_name(want.judge) is None  # only answers of models are requested again
    }
    chosen = sample([recording_of(*pair) for pair in known.values()], *sampled)
    keys = {(recording.request, recording.repeat, recording.judge) for recording in chosen}
    requested = [want for want, _ in known.values() if want.key[1:] in keys]
    results = Answering(catalog, Store(catalog), "live", calls=calls).get(requested)
    for want in requested:
        fresh, was = results[want.key], known[want.key][1]
        prompt = catalog.ids.get(want.path, want.path)
        place = places.get((want.path, want.case), Place(want.path))
        whose = f"the judge `{want.judge}`" if want.judge else "the model"
        if fresh.answer is None:
            reason = f"it could not be requested again: {fresh.reason}"
            yield _differing_case_run(prompt, want, place, reason, outage=True)
        elif found := answer_differences(was, fresh.answer):
            what = ", ".join(f"`{name}`" for name in found)
            reason = f"requested again, {whose} gives another answer: {what}"
            yield _differing_case_run(prompt, want, place, reason, outage=False)
        else:
            yield None


def _differing_case_run(
    prompt: str, want: WantedAnswer, place: Place, reason: str, *, outage: bool
) -> CaseRun:
    return CaseRun(
        prompt=prompt,
        name=want.case,
        repeat=want.repeat,
        status="error" if outage else "failed",
        place=place,
        reason=reason,
        infrastructure=outage,
    )


# The repeats of answers that are requested again because one violates a contract.

CONFIRMING_ANSWERS = 2
FIRST_CONFIRMING_REPEAT = 2_000
"""The repeat of the first such answer; far above any that a prompt has."""


def fresh_cases(planned: PlannedCase) -> tuple[PlannedCase, ...]:
    """The same case for the answers that confirm a violated contract."""
    first = FIRST_CONFIRMING_REPEAT + CONFIRMING_ANSWERS * planned.repeat
    return tuple(replace(planned, repeat=first + number) for number in range(CONFIRMING_ANSWERS))
