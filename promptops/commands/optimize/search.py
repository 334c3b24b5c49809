"""The search of the best wording by one half of the cases, with gepa."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from promptops.commands.optimize.answers import CandidateAnswers, problems_of
from promptops.commands.optimize.candidates import Candidate, Candidates, Refused, texts_of_case
from promptops.errors import UsageError
from promptops.evals.conversations import transcript
from promptops.evals.json_values import parsed
from promptops.evals.judge_replies import within_tags
from promptops.evals.packaged_prompts import packaged_prompt
from promptops.model.config import ModelProfile
from promptops.model.distribution import install_command
from promptops.model.editable_text import EditableText
from promptops.model.optimization import Goal, TriedProposal
from promptops.model.prompt import Case, Request
from promptops.records import field, record, replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer
from promptops.testing.answering import Answering
from promptops.testing.plan import WantedAnswer

if TYPE_CHECKING:
    from gepa.core.adapter import EvaluationBatch

FIRST_CASES = 3
"""A proposal is asked about so many cases first; one that is not better there is dropped."""

_SHORTER = 0.01
"""What the whole length of a text is worth as a score, for the goal `cheaper`: decides ties."""


class _Ended(Exception):
    """No more answers come: the budget is spent, a provider failed, or the user interrupted."""


@record(slots=True, kw_only=True)
class Search:
    """One search; `run` is called once.

    Attributes:
        cases: The names of the cases that it may see, in the order of the prompt.
        rounds: The number of proposals to ask for.
        tried: All proposals, in their order.
        refused: From a kind of reason to the number of refused proposals.
        problem: Why an answer did not come, or "".
    """

    candidates: Candidates
    answers: CandidateAnswers
    proposer: Proposer
    cases: Sequence[str]
    rounds: int
    goal: Goal
    tried: list[TriedProposal] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    problem: str = ""
    _known: dict[tuple[str, ...], Candidate] = field(default_factory=dict)
    _numbers: dict[tuple[str, ...], int] = field(default_factory=dict)
    _iterations: int = 0
    _failure: BaseException | None = None

    def run(self) -> Candidate | None:
        """The best proposal by all cases of the search; None if none is better than the prompt.

        If the run ends early, the best of those that were tried completely.
        """
        original = self.candidates.original
        self._known[_key(original.texts)] = original
        try:
            self._optimize(dict(original.texts))
        except _Ended as end:
            self.problem = str(end)
        return self._best()

    def score(self, candidate: Candidate) -> float | None:
        """The mean score of a candidate, 0 to 1; None if not all cases were answered."""
        return self._mean(candidate, self._score)

    def _mean(
        self, candidate: Candidate, value: Callable[[Candidate, str], float | None]
    ) -> float | None:
        known = [each for name in self.cases if (each := value(candidate, name)) is not None]
        return fmean(known) if len(known) == len(self.cases) else None

    def _optimize(self, texts: dict[str, str]) -> None:
        try:
            from gepa.api import optimize
        except ImportError as error:
            raise UsageError(
                f"the search needs the package `gepa`: {error}", hint=install_command("optimize")
            ) from None
        adapter: Any = _Adapter(self)  # its protocol declares more than is used
        optimize(
            seed_candidate=texts,
            trainset=list(self.cases),
            valset=list(self.cases),
            adapter=adapter,
            reflection_minibatch_size=min(FIRST_CASES, len(self.cases)),
            skip_perfect_score=self.goal == "better",
            stop_callbacks=[self._stops],
            logger=_Silent(),
        )
        if self._failure is not None:  # gepa goes on after an error of a proposer
            raise self._failure

    def _stops(self, gepa_state: object) -> bool:
        """Also after many rounds without a proposal, because the drawn cases have no problem."""
        self._iterations += 1
        ends = self.proposer.asked >= self.rounds or self._iterations > 4 * self.rounds
        return ends or self._failure is not None

    def _best(self) -> Candidate | None:
        original = self.candidates.original
        least = self._mean(original, self._value)
        known = [
            (value, -candidate.tokens, index)
            for index, candidate in enumerate(self._known.values())
            if (value := self._mean(candidate, self._value)) is not None
            and candidate is not original
        ]
        if least is None or not known:
            return None
        value, _, index = max(known)
        return list(self._known.values())[index] if value > least else None

    def evaluate(self, items: Sequence[tuple[Mapping[str, str], Sequence[str]]]) -> None:
        """Request the answers of candidates to cases; raises _Ended if one does not come."""
        wanted = [(self._known[_key(texts)], name, 0) for texts, names in items for name in names]
        self.answers.get(wanted)
        for candidate in {id(each): each for each, _, _ in wanted}.values():
            self._note_score(candidate)
        missing = [each for each in wanted if self.answers.of(*each) is None]
        if missing:
            raise _Ended(self.answers.reason(*missing[0]))

    def value(self, texts: Mapping[str, str], name: str) -> float:
        found = self._value(self._known[_key(texts)], name)
        assert found is not None, "it was evaluated"
        return found

    def _value(self, candidate: Candidate, name: str) -> float | None:
        """The score of a case, for the goal `cheaper` with a little for a shorter request."""
        score = self._score(candidate, name)
        if score is None or self.goal == "better":
            return score
        return score - _SHORTER * candidate.tokens / max(self.candidates.original.tokens, 1)

    def _score(self, candidate: Candidate, name: str) -> float | None:
        """The score of a case; 0 if a contract is violated or the answer can't be scored.

        Without a measure, 1 if it keeps its contracts. None without an answer.
        """
        if self.answers.of(candidate, name) is None:
            return None
        if self.answers.kept(candidate, name) is False:
            return 0.0
        if name not in self.answers.measured:
            return 1.0
        return self.answers.value(candidate, name) or 0.0

    def _note_score(self, candidate: Candidate) -> None:
        number = self._numbers.get(_key(candidate.texts))
        if number is not None:
            self.tried[number] = replace(
                self.tried[number],
                cases=sum(self.answers.of(candidate, name) is not None for name in self.cases),
                score=self.score(candidate),
                cost_usd_1000=self.answers.cost_usd_1000(candidate),
            )

    def proposed(
        self, texts: Mapping[str, str], names: Sequence[str], components: Sequence[str]
    ) -> dict[str, str]:
        """Another wording of some texts, by what went wrong in some cases; raises Refused."""
        if self.proposer.asked >= self.rounds:  # gepa asks once more after a refusal
            raise _Ended
        parent = self._known[_key(texts)]
        new, reason, shown = dict(texts), "", list[str]()
        try:
            for at in components:
                examples = [self._example(parent, name) for name in names]
                shown += (text for each in examples for text in (each.answer, *each.problems))
                proposal = self.proposer.propose(parent, self.candidates.texts[at], examples)
                new[at], reason = proposal.text, proposal.reason
            for name in self.cases:
                shown += texts_of_case(self.candidates.original.plan[name].case)
            candidate = self.candidates.admitted(new, shown)
            if _key(candidate.texts) in self._known:
                raise Refused("same", "it was proposed before")
        except Refused as refusal:
            self._refuse(refusal, reason)
            raise
        self._numbers[_key(candidate.texts)] = len(self.tried)
        self._known[_key(candidate.texts)] = candidate
        self.tried.append(TriedProposal(reason=reason, tokens=candidate.tokens))
        return {at: candidate.texts[at] for at in components}

    def proposed_or_failed(
        self, texts: Mapping[str, str], names: Sequence[str], components: Sequence[str]
    ) -> dict[str, str]:
        """As `proposed`; any other error ends the search, and `run` raises it."""
        try:
            return self.proposed(texts, names, components)
        except Refused:
            raise
        except Exception as error:
            self._failure = error
            raise

    def _refuse(self, refusal: Refused, reason: str) -> None:
        self.refused[refusal.why] += 1
        self.proposer.refused.append(refusal.for_proposer)
        self.tried.append(
            TriedProposal(reason=reason, refused=refusal.message, tokens=refusal.tokens)
        )

    def _example(self, candidate: Candidate, name: str) -> Example:
        judged = self.answers.of(candidate, name)
        assert judged is not None, "it was evaluated"
        answer = judged.answer
        said = transcript(answer.turns) if answer.turns else answer.text
        return Example(case=judged.planned.case, answer=said, problems=problems_of(judged))


def _key(texts: Mapping[str, str]) -> tuple[str, ...]:
    """Candidates with equal texts are one; the order of the texts is always the same."""
    return tuple(texts.values())


class _Adapter:
    """What gepa asks for; its data are names of cases."""

    def __init__(self, search: Search) -> None:
        self._search = search

    def evaluate(
        self, batch: list[str], candidate: dict[str, str], capture_traces: bool = False
    ) -> EvaluationBatch[str, None]:
        return self.batch_evaluate([(candidate, batch)])[0]

    def batch_evaluate(
        self, items: list[tuple[dict[str, str], list[str]]]
    ) -> list[EvaluationBatch[str, None]]:
        from gepa.core.adapter import EvaluationBatch

        self._search.evaluate(items)
        return [
            EvaluationBatch(
                outputs=[None] * len(batch),
                scores=[self._search.value(candidate, name) for name in batch],
                trajectories=list(batch),
            )
            for candidate, batch in items
        ]

    def make_reflective_dataset(
        self,
        candidate: dict[str, str],
        eval_batch: EvaluationBatch[str, None],
        components_to_update: list[str],
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        names = eval_batch.trajectories or []
        return {at: [{"case": name} for name in names] for at in components_to_update}

    def propose_new_texts(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        rows = next(iter(reflective_dataset.values()))
        names = [str(row["case"]) for row in rows]
        return self._search.proposed_or_failed(candidate, names, components_to_update)


class _Silent:
    """gepa's log is not shown: it has answers and texts of cases."""

    def log(self, message: str) -> None: ...


# The request for another wording of one text, and the proposal in its answer.

_SHOWN_REFUSALS = 3


@record(frozen=True, slots=True, kw_only=True)
class Example:
    """A case of the search half, as the proposer sees it; the answer is the whole conversation."""

    case: Case
    answer: str
    problems: Sequence[str]


@record(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Another text, and why."""

    text: str
    reason: str


@record(slots=True, kw_only=True)
class Proposer:
    """Asks a model for other wordings.

    Attributes:
        texts: The texts of the prompt by JSON pointer.
        refused: Why proposals were refused so far; the last ones are part of the next request.
        asked: The number of requests.
    """

    answering: Answering
    profile: ModelProfile
    goal: Goal
    texts: Mapping[str, EditableText]
    refused: list[str] = field(default_factory=list)
    asked: int = 0

    def propose(
        self, candidate: Candidate, text: EditableText, examples: Sequence[Example]
    ) -> Proposal:
        """Another wording of one text of a candidate.

        Raises Refused for an answer without a text, _Ended without an answer.
        """
        request = self._request(candidate, text, examples)
        wanted = WantedAnswer(
            prompt=candidate.prompt,
            case="",
            repeat=self.asked,
            digest=request_digest(request),
            request=request,
            profile=self.profile,
        )
        self.asked += 1
        found = self.answering.get([wanted])[wanted.key]
        if found.answer is None:
            raise _Ended(found.reason)
        return _proposal_in(found.answer.text)

    def _request(
        self, candidate: Candidate, text: EditableText, examples: Sequence[Example]
    ) -> Request:
        prompt = packaged_prompt("proposers", "rewrite")
        inputs = {
            "goal": self.goal,
            "role": text.role,
            "text": candidate.texts[text.at],
            "others": [
                {"role": self.texts[at].role, "text": written}
                for at, written in candidate.texts.items()
                if at != text.at
            ],
            "examples": [
                {
                    "inputs": within_tags(
                        json.dumps(each.case.inputs, ensure_ascii=False, default=str)
                    ),
                    "answer": within_tags(each.answer),
                    "problems": list(map(within_tags, each.problems)),
                }
                for each in examples
            ],
            "refused": list(map(within_tags, self.refused[-_SHOWN_REFUSALS:])),
        }
        request = Renderer(prompt, lambda _origin, _name: None).request(inputs)
        model = {"provider": self.profile.provider, "id": self.profile.id}
        return replace(request, model=model, params={**self.profile.params, **request.params})


def _proposal_in(answer: str) -> Proposal:
    value: Any = parsed(answer)
    text = value.get("text") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise Refused("no text", "the proposer's answer has no `text`")
    reason = value.get("reason")
    return Proposal(text=text, reason=reason if isinstance(reason, str) else "")
