"""Request more answers before a violated contract fails a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from promptops.evals.deciding.broken_contracts import (
    FEWEST_VIOLATIONS,
    FRESH_ANSWERS,
    MOST_CASES,
    FreshAnswers,
    are_broken,
)
from promptops.evals.judge_answer import status_of
from promptops.records import record, replace
from promptops.testing.judging import (
    CONFIRMING_ANSWERS,
    AnswerJudge,
    JudgedAnswer,
    fresh_cases,
    judged_answers,
)
from promptops.testing.paired import Arms
from promptops.testing.plan import CaseKey

Rule = Callable[[Sequence[FreshAnswers]], tuple[bool, ...]]
"""Which cases are broken, by the fresh answers to all cases in doubt."""

_Case = tuple[str, str]
"""A prompt's id and the name of a case."""

_FIRST_REPEAT = 5_000
"""The repeat of the first fresh answer to a case in doubt; far above those of other answers."""


@record(frozen=True, slots=True)
class _Doubt:
    """What decided about a case in doubt.

    Attributes:
        note: For its runs; "" if answers are missing.
    """

    is_broken: bool
    note: str = ""
    fresh: tuple[JudgedAnswer, ...] = ()


class Confirming:
    """The violated contracts of a run, and the answers that show whether they are violated again.

    1. For each answer that violates a contract, two more are requested; if both keep all contracts,
       the case passes. So it does if one further answer violates a contract that was requested to
       decide a score; with two it is in doubt.
    2. Of the cases in doubt the five with most violations get eight fresh answers, on both sides if
       there is a baseline. They fail if `rule` says so, or if answers are missing.
    3. Any other case in doubt fails if none of its answers keeps all contracts.
    """

    def __init__(self, judging: AnswerJudge, found: Sequence[JudgedAnswer]) -> None:
        """Requests the two further answers at once."""
        self._judging = judging
        self._found = found
        self._violating = [judged.planned for judged in found if _violates(judged)]
        wanted = [again for planned in self._violating for again in fresh_cases(planned)]
        self._more = {
            judged.planned.case_key: judged
            for judged in (judged_answers(judging, wanted)[0] if wanted else ())
        }
        self._found_by_case = _by_case(found)
        self._more_by_case = _by_case(self._more.values())

    def settled(
        self,
        arms: Arms | None = None,
        rule: Rule = are_broken,
    ) -> tuple[list[JudgedAnswer], dict[CaseKey, str]]:
        """The answers that count, in the same order, and notes on them; requests fresh answers.

        A case that is not broken has an answer that keeps all contracts in place of one that
        violates them. A broken one has an answer that shows the violation.
        """
        doubts = self._doubts(arms, rule)
        final: list[JudgedAnswer] = []
        notes: dict[CaseKey, str] = {}
        for judged in self._found:
            key = judged.planned.case_key
            doubt = doubts.get(key[:2])
            shown = self._shown(judged, doubt)
            final.append(replace(shown, planned=judged.planned))
            if doubt is not None and doubt.note:
                notes[key] = doubt.note
            elif shown is not judged:
                notes[key] = _KEPT_TWICE
        return final, notes

    def _doubts(
        self,
        arms: Arms | None,
        rule: Rule,
    ) -> dict[_Case, _Doubt]:
        # The number of answers to each case that violate a contract.
        keys = {planned.case_key for planned in self._violating}
        keys |= {key for key, judged in self._more.items() if not _keeps(judged)}
        keys |= arms.violated if arms is not None else set()
        violations = Counter(key[:2] for key in keys)
        cases = sorted(self._in_doubt(arms), key=lambda case: -violations[case])
        tried, others = cases[:MOST_CASES], cases[MOST_CASES:]
        doubts = self._tried_again(tried, arms, rule)
        return doubts | {case: self._not_tried(case, violations[case]) for case in others}

    def _in_doubt(self, arms: Arms | None) -> list[_Case]:
        """In the order of the run."""
        additional = Counter(key[:2] for key in arms.violated) if arms is not None else Counter()
        kept = {key for key, judged in self._more.items() if _keeps(judged)}
        unconfirmed = {
            planned.case_key[:2]
            for planned in self._violating
            if any(again.case_key not in kept for again in fresh_cases(planned))
        }
        every = self._found_by_case
        return [case for case in every if case in unconfirmed or additional[case] > 1]

    def _tried_again(
        self,
        cases: Sequence[_Case],
        arms: Arms | None,
        rule: Rule,
    ) -> dict[_Case, _Doubt]:
        plan = [
            replace(self._found_by_case[case][0].planned, repeat=_FIRST_REPEAT + number)
            for case in cases
            for number in range(FRESH_ANSWERS)
        ]
        ours: Sequence[JudgedAnswer] = ()
        theirs: Sequence[JudgedAnswer] = ()
        if plan and arms is not None:
            ours, theirs = arms.requested(plan)
        elif plan:
            ours, _ = judged_answers(self._judging, plan)
        known, before = _by_case(ours), _by_case(theirs)
        compared = {
            case: FreshAnswers(
                candidate=_complete(known[case]), baseline=_complete(before.get(case, ()))
            )
            for case in cases
            if _complete(known.get(case, ()))
        }
        rows = zip(compared.items(), rule(list(compared.values())), strict=True)
        title = arms.baseline.title if arms is not None else ""
        return {case: _Doubt(is_broken=True) for case in cases} | {
            case: _Doubt(is_broken, _fresh_note(fresh, title), tuple(known[case]))
            for (case, fresh), is_broken in rows
        }

    def _not_tried(self, case: _Case, violations: int) -> _Doubt:
        if not any(map(_keeps, self._answers(case))):
            return _Doubt(is_broken=True, note=f"all {violations} answers violate a contract")
        answers = "1 answer violates" if violations == 1 else f"{violations} answers violate"
        return _Doubt(is_broken=False, note=f"{answers} a contract; {_NOT_TRIED}")

    def _shown(self, judged: JudgedAnswer, doubt: _Doubt | None) -> JudgedAnswer:
        case = judged.planned.case_key[:2]
        if doubt is not None and doubt.is_broken:
            found = self._found_by_case[case]
            if any(map(_violates, found)) or judged is not found[0]:
                return judged
            return next(filter(_violates, doubt.fresh), judged)
        if not _violates(judged):
            return judged
        own = [self._more.get(again.case_key) for again in fresh_cases(judged.planned)]
        others = [*self._answers(case), *(doubt.fresh if doubt is not None else ())]
        kept = (each for each in (*own, *others) if each is not None and _keeps(each))
        return next(kept, judged)

    def _answers(self, case: _Case) -> list[JudgedAnswer]:
        return [*self._found_by_case[case], *self._more_by_case.get(case, ())]


_KEPT_TWICE = f"one of {CONFIRMING_ANSWERS + 1} answers violates a contract that the others meet"
_NOT_TRIED = f"only the {MOST_CASES} cases with most violations were tried again"


def _violates(judged: JudgedAnswer) -> bool:
    return status_of(judged.judgements) == "failed"


def _keeps(judged: JudgedAnswer) -> bool:
    return status_of(judged.judgements) == "passed"


def _by_case(answers: Iterable[JudgedAnswer]) -> dict[_Case, list[JudgedAnswer]]:
    found: dict[_Case, list[JudgedAnswer]] = {}
    for judged in answers:
        found.setdefault(judged.planned.case_key[:2], []).append(judged)
    return found


def _complete(answers: Sequence[JudgedAnswer]) -> tuple[bool, ...]:
    """Whether each answer keeps all contracts; empty if one is missing."""
    return tuple(map(_keeps, answers)) if len(answers) == FRESH_ANSWERS else ()


def _fresh_note(fresh: FreshAnswers, title: str) -> str:
    """Such as `2 of 8 fresh answers violate a contract, 1 of 8 at main`."""
    ours = f"{fresh.candidate.count(False)} of {FRESH_ANSWERS} fresh answers violate a contract"
    if fresh.baseline:
        return f"{ours}, {fresh.baseline.count(False)} of {FRESH_ANSWERS} at {title}"
    if title:
        return f"{ours}; it can't be compared with {title}, and fails from {FEWEST_VIOLATIONS} on"
    return (
        f"{ours}; without a baseline (`--baseline REV`) the case fails from {FEWEST_VIOLATIONS} on"
    )
