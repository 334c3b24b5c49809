"""One survivor with the answers of a model, and what they prove."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

from promptops.evals.contracts import violations
from promptops.evals.deciding.decision import CaseScore, plain_sentence
from promptops.evals.deciding.mutant_rule import proves_mutant
from promptops.evals.deciding.noninferiority import decide, margin_of
from promptops.evals.judge_answer import primary, scores
from promptops.jobs.mutating.options import LIVE_CASES
from promptops.jobs.mutating.rows import TriedMutant
from promptops.jobs.testing.judging import JudgedAnswer
from promptops.jobs.testing.paired_decision import SOURCE
from promptops.jobs.testing.plan import CaseKey, PlannedCase
from promptops.jobs.testing.rechecks import fresh_cases
from promptops.jobs.testing.wanted_answers import AnswerResult
from promptops.model.mutant import Kill, LiveTrial, Mutant
from promptops.records import field, record, replace

NOT_ASSERTED = "no case whose request it changes has an assertion on the answer"

Result = Callable[[PlannedCase], AnswerResult]
"""The answer to a case, or the reason why it is missing."""


@record(frozen=True, slots=True)
class CasePair:
    """The same case, for the original prompt and for the mutant."""

    original: PlannedCase
    mutant: PlannedCase

    @property
    def fresh(self) -> Iterator[CasePair]:
        """The pairs for two more answers of each."""
        both = zip(fresh_cases(self.original), fresh_cases(self.mutant), strict=True)
        return (CasePair(*pair) for pair in both)


@record(slots=True, kw_only=True)
class LiveMutant:
    """A survivor, with the judged answers to it and to the original.

    Attributes:
        index: Its index in the row.
        pairs: At most ten cases whose requests it changes.
        originals, mutants: By case and repeat.
    """

    tried: TriedMutant
    index: int
    pairs: tuple[CasePair, ...]
    originals: Mapping[CaseKey, JudgedAnswer]
    mutants: dict[CaseKey, JudgedAnswer] = field(default_factory=dict)

    @property
    def suspected(self) -> Iterator[CasePair]:
        """The cases that only the original passes, so far."""
        for pair in self.pairs:
            kept = _keeps(self.originals, pair.original), _keeps(self.mutants, pair.mutant)
            if kept == (True, False):
                yield pair

    def concluded(self, result: Result) -> Mutant:
        """The mutant with what the answers prove."""
        trial = self._trial(result)
        kill = self._violated() or self._worse()
        if kill is None:
            return replace(self.tried.mutant, live=trial)
        return replace(self.tried.mutant, status="killed", by=kill, suggestion="", live=trial)

    def _trial(self, result: Result) -> LiveTrial:
        if not self.pairs:
            return LiveTrial(note=NOT_ASSERTED)
        answered = list(self._answered())
        found = [result(planned) for planned in self._needed()]
        note = next((each.reason for each in found if each.answer is None), "")
        return LiveTrial(
            cases=len({pair.mutant.case_key for pair in self.pairs}),
            answers=len(answered),
            changed=sum(was is not None and was != now for was, now in answered),
            note=note,
        )

    def _needed(self) -> Iterator[PlannedCase]:
        """The cases of the first round, then those of the second."""
        second = (fresh for pair in self.suspected for fresh in pair.fresh)
        for pair in (*self.pairs, *second):
            yield pair.mutant
            yield pair.original

    def _answered(self) -> Iterator[tuple[object, object]]:
        """The first answer to the original, and each answer to the mutant."""
        for pair in self.pairs:
            was = self.originals.get(pair.original.case_key)
            for same in (pair, *pair.fresh):
                now = self.mutants.get(same.mutant.case_key)
                if now is not None:
                    yield _said(was), _said(now)

    def _violated(self) -> Kill | None:
        for pair in self.suspected:
            same = (pair, *pair.fresh)
            original = [_keeps(self.originals, each.original) for each in same]
            mutant = [_keeps(self.mutants, each.mutant) for each in same]
            known = [kept for kept in (*original, *mutant) if kept is not None]
            if len(known) == 2 * len(same) and proves_mutant(known[:3], known[3:]):
                return self._kill(pair)
        return None

    def _kill(self, pair: CasePair) -> Kill:
        violated = violations(self.mutants[pair.mutant.case_key].judgements)[0]
        return Kill(
            kind="contract",
            prompt=pair.mutant.prompt.id,
            case=pair.mutant.case.name,
            assertion=violated.type,
            reason=violated.reason,
            place=violated.place,
        )

    def _worse(self) -> Kill | None:
        """The prompt whose primary score fell, if any."""
        for prompt, group in groupby(self.pairs, lambda pair: pair.mutant.prompt.id):
            pairs = list(group)
            score = primary(pairs[0].original.prompt.evaluation, self._names(pairs))
            cases = list(self._scores(pairs, score)) if score is not None else []
            if score is None or not cases:
                continue
            decision = decide(cases, 1, margin_of(pairs[0].original.prompt.evaluation))
            if decision.verdict == "fail":
                return Kill(
                    kind="score",
                    prompt=prompt,
                    case="",
                    assertion=score,
                    reason=plain_sentence(decision, "the original"),
                    place=self.tried.mutant.place,
                )
        return None

    def _names(self, pairs: Iterable[CasePair]) -> set[str]:
        judged = (self.mutants.get(pair.mutant.case_key) for pair in pairs)
        return {name for each in judged if each is not None for name in scores(each.judgements)}

    def _scores(self, pairs: Iterable[CasePair], score: str) -> Iterator[CaseScore]:
        for pair in pairs:
            was = self.originals.get(pair.original.case_key)
            now = self.mutants.get(pair.mutant.case_key)
            before = scores(was.judgements).get(score) if was is not None else None
            after = scores(now.judgements).get(score) if now is not None else None
            if before is not None and after is not None:
                tags = pair.mutant.case.tags
                source = next((tag for tag in tags if tag.startswith(SOURCE)), None)
                yield CaseScore(
                    name=pair.mutant.case.name,
                    baseline=(before,),
                    candidate=(after,),
                    source=source,
                )


def _keeps(known: Mapping[CaseKey, JudgedAnswer], planned: PlannedCase) -> bool | None:
    """Whether the answer to a case keeps all contracts; None without an answer."""
    judged = known.get(planned.case_key)
    return None if judged is None else not violations(judged.judgements)


def _said(judged: JudgedAnswer | None) -> object:
    """What a model answered, without facts about the call."""
    return None if judged is None else (judged.answer.text, judged.answer.tool_calls)


def case_pairs(tried: TriedMutant) -> tuple[CasePair, ...]:
    """Up to ten of the cases whose requests a mutant changes, chosen by hash, by prompt."""
    found = [
        CasePair(original, mutant)
        for tested, variant in tried.variants
        for original, mutant in tested.changed_cases(variant)
        if original.needs_answer
    ]
    key = mutant_key(tried.mutant)
    chosen = sorted(found, key=lambda pair: _hash(key, *map(str, pair.mutant.case_key)))
    return tuple(sorted(chosen[:LIVE_CASES], key=lambda pair: pair.mutant.case_key))


def mutant_key(mutant: Mutant) -> str:
    """The same as long as the mutant itself does not change, wherever its line is."""
    return _hash(mutant.operator, mutant.place.path, mutant.before, mutant.after, mutant.change)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
