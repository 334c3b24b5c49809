"""Judge answers, with the replies of judges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.evals.agreement import Agreement
from promptops.evals.case_assertions import counterparts
from promptops.evals.cost import answer_cost_usd
from promptops.evals.judge_answer import gating_judge, judge_answer, questions, record_of_answer
from promptops.evals.judge_prompts import agreement_of, is_anchor
from promptops.evals.python_functions import Functions, functions_of
from promptops.evals.questions import NoReply, Reply
from promptops.evals.record import Beside, Record
from promptops.evals.result import Judgement
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.plan import Key, PlannedCase
from promptops.jobs.testing.requests import (
    JudgeRequests,
    planned_profile,
    wanted_answers,
)
from promptops.jobs.testing.wanted_answers import AnswerResult
from promptops.model.answer import Answer
from promptops.model.prompt import Case
from promptops.model.test_run import JudgeAgreement
from promptops.records import field, record, replace

_ByCase = Mapping[tuple[str, int], Mapping[str, Answer]]
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
        records = [self._record(planned, answer, others) for planned, answer in answered]
        replies = self._replies(
            [(p, record) for (p, _), record in zip(answered, records, strict=True)]
        )
        gating = (gating_judge(planned.case, planned.prompt) for planned, _ in answered)
        agreements = self._questioning.agreements(dict.fromkeys(judge for judge in gating if judge))
        return [
            judge_answer(
                _with_replies(record, own_replies, agreements), planned.case, planned.prompt
            )
            for (planned, _), record, own_replies in zip(answered, records, replies, strict=True)
        ]

    def judged(self, answered: Sequence[tuple[PlannedCase, Answer]]) -> list[JudgedAnswer]:
        """The verdicts with the answers."""
        rows = zip(answered, self.judge(answered), strict=True)
        return [JudgedAnswer(planned, answer, judgements) for (planned, answer), judgements in rows]

    def _record(self, planned: PlannedCase, answer: Answer, others: _ByCase) -> Record:
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

    def _others(self, planned: PlannedCase, others: _ByCase) -> Mapping[str, Answer]:
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


@record(frozen=True, slots=True)
class JudgedAnswer:
    """An answer to a case, with its verdicts."""

    planned: PlannedCase
    answer: Answer
    judgements: tuple[Judgement, ...]


def judged_answers(
    judging: AnswerJudge, plan: Sequence[PlannedCase]
) -> tuple[list[JudgedAnswer], dict[Key, AnswerResult]]:
    """The available answers, judged; and the result of each need, by key."""
    got = judging.answering.get(list(wanted_answers(judging.catalog, plan)))
    found = [
        (planned, got[planned.key].answer)
        for planned in plan
        if planned.needs_answer and planned.key in got
    ]
    known = [(planned, answer) for planned, answer in found if answer is not None]
    return judging.judged(known), got


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
            judge=judge, anchors=agreed.anchors, kappa=agreed.kappa, may_gate=agreed.may_gate
        )


def judges_behind(
    known: Mapping[Key, AnswerResult], paths: Collection[str]
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


def _by_case(answered: Sequence[tuple[PlannedCase, Answer]]) -> _ByCase:
    found: dict[tuple[str, int], dict[str, Answer]] = {}
    for planned, answer in answered:
        found.setdefault((planned.prompt.id, planned.repeat), {})[planned.case.name] = answer
    return found


def _with_replies(
    record: Record, replies: Mapping[str, Reply], agreements: Mapping[str, Agreement | NoReply]
) -> Record:
    beside = replace(record.beside, replies=replies, agreements=agreements)
    return replace(record, beside=beside)
