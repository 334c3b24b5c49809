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
from promptops.jobs.testing.answering import Answering, Got
from promptops.jobs.testing.judge_requests import Questioning
from promptops.jobs.testing.plan import Key, Planned
from promptops.jobs.testing.requests import profile_of, want_of, wants
from promptops.model.answer import Answer
from promptops.model.prompt import Case
from promptops.model.test_run import JudgeAgreement
from promptops.records import field, record, replace

__all__ = ["Heard", "Judging", "cost_usd", "heard", "profile_of", "want_of", "wants"]

_ByCase = Mapping[tuple[str, int], Mapping[str, Answer]]
"""Answers of one prompt and repeat, by the name of the case."""


@record(slots=True)
class Judging:
    """Judges answers of one catalog; requests to judges go through `answering`.

    Attributes:
        baseline: The baseline's answer to the same case and repeat, if known.
        runs_code: `python` assertions may run code of the catalog; see `Functions`.
    """

    catalog: Catalog
    answering: Answering
    baseline: Callable[[Planned], Answer | None] = lambda _: None
    runs_code: bool = True
    _functions: Functions = field(init=False)
    _questioning: Questioning = field(init=False)
    _first: dict[tuple[str, str], Answer] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._functions = functions_of(
            self.catalog, allowed=self.runs_code, refused=self.answering.refused_code
        )
        self._questioning = Questioning(self.catalog, self.answering)

    def judge(self, answered: Sequence[tuple[Planned, Answer]]) -> list[tuple[Judgement, ...]]:
        """The verdicts on each answer."""
        for planned, answer in answered:
            self._first.setdefault((planned.prompt.id, planned.case.name), answer)
        others = _by_case(answered)
        records = [self._record(planned, answer, others) for planned, answer in answered]
        replies = self._replies(
            [(p, record) for (p, _), record in zip(answered, records, strict=True)]
        )
        gating = (gating_judge(planned.case, planned.prompt) for planned, _ in answered)
        agreements = self._questioning.agreements(dict.fromkeys(each for each in gating if each))
        return [
            judge_answer(_with(record, said, agreements), planned.case, planned.prompt)
            for (planned, _), record, said in zip(answered, records, replies, strict=True)
        ]

    def heard(self, answered: Sequence[tuple[Planned, Answer]]) -> list[Heard]:
        """The verdicts with the answers."""
        rows = zip(answered, self.judge(answered), strict=True)
        return [Heard(planned, answer, said) for (planned, answer), said in rows]

    def _record(self, planned: Planned, answer: Answer, others: _ByCase) -> Record:
        assert planned.request is not None
        profile = profile_of(self.catalog, planned)
        beside = Beside(
            price=profile.price if profile is not None else {},
            baseline=self.baseline(planned),
            others=self._others(planned, others),
            functions=self._functions,
        )
        return record_of_answer(answer, planned.request, planned.case, planned.prompt, beside)

    def _others(self, planned: Planned, others: _ByCase) -> Mapping[str, Answer]:
        """The answers to other cases in the same repeat, or else in the first one."""
        same = others[planned.prompt.id, planned.repeat]
        named = counterparts(planned.case, planned.prompt)
        first = {name: self._first.get((planned.prompt.id, name)) for name in named}
        more = {name: said for name, said in first.items() if said and name not in same}
        # Without a copy for each case: their number would grow with the square.
        return {**more, **same} if more else same

    def _replies(self, records: Sequence[tuple[Planned, Record]]) -> list[dict[str, Reply]]:
        """The replies to each record's questions, by `Question.key`."""
        asked = [
            (number, planned, question)
            for number, (planned, record) in enumerate(records)
            for question in questions(record, planned.case, planned.prompt)
        ]
        heard = self._questioning.replies([(planned, question) for _, planned, question in asked])
        replies: list[dict[str, Reply]] = [{} for _ in records]
        for (number, _, question), reply in zip(asked, heard, strict=True):
            replies[number][question.key] = reply
        return replies


@record(frozen=True, slots=True)
class Heard:
    """An answer to a case, with its verdicts."""

    planned: Planned
    answer: Answer
    said: tuple[Judgement, ...]


def heard(judging: Judging, plan: Sequence[Planned]) -> tuple[list[Heard], dict[Key, Got]]:
    """The available answers, judged; and the result of each need, by key."""
    got = judging.answering.get(list(wants(judging.catalog, plan)))
    found = [(each, got[each.key].answer) for each in plan if each.asks and each.key in got]
    known = [(each, answer) for each, answer in found if answer is not None]
    return judging.heard(known), got


def agreements(found: Iterable[Heard]) -> Iterator[JudgeAgreement]:
    """The agreement of judge prompts with their anchors, from the answers to their own cases."""
    anchors: dict[str, list[tuple[Case, str]]] = {}
    for each in found:
        case = each.planned.case
        if not each.planned.repeat and is_anchor(case):
            anchors.setdefault(each.planned.prompt.id, []).append((case, each.answer.text))
    for judge, answered in anchors.items():
        agreed = agreement_of(answered)
        yield JudgeAgreement(
            judge=judge, anchors=agreed.anchors, kappa=agreed.kappa, may_gate=agreed.may_gate
        )


def judges_behind(
    known: Mapping[Key, Got], paths: Collection[str]
) -> dict[str, set[tuple[str, str | None]]]:
    """The models, with fingerprints, of each judge of some prompt files."""
    found: dict[str, set[tuple[str, str | None]]] = {}
    for (path, _, _, judge), got in known.items():
        if judge and path in paths and got.answer is not None:
            found.setdefault(judge, set()).add((got.answer.model, got.answer.fingerprint))
    return found


def cost_usd(catalog: Catalog, heard: Heard) -> float | None:
    """The cost of an answer; None if the price is unknown."""
    profile = profile_of(catalog, heard.planned)
    if profile is None:
        return None
    return answer_cost_usd(heard.answer.usage, profile.provider, profile.id, profile.price)


def _by_case(answered: Sequence[tuple[Planned, Answer]]) -> _ByCase:
    found: dict[tuple[str, int], dict[str, Answer]] = {}
    for planned, answer in answered:
        found.setdefault((planned.prompt.id, planned.repeat), {})[planned.case.name] = answer
    return found


def _with(
    record: Record, replies: Mapping[str, Reply], agreements: Mapping[str, Agreement | NoReply]
) -> Record:
    beside = replace(record.beside, replies=replies, agreements=agreements)
    return replace(record, beside=beside)
