"""One assertion of a case, parsed and validated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Literal, TypeGuard, get_args

from promptops.errors import PromptopsError
from promptops.evals.case_expressions import Expression
from promptops.evals.questions import Question
from promptops.evals.record import Record
from promptops.evals.registry import Check, CheckWithQuestions
from promptops.evals.subject import Subject
from promptops.evals.verdict import Undecided, Unjudgeable, Verdict
from promptops.records import record

Flaw = Literal["empty", "incomplete"]
"""What an answer may lack; see `flawed_answers`."""

FLAWS: tuple[Flaw, ...] = get_args(Flaw)


@record(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One assertion of a case.

    Attributes:
        type: As written, with its `not-`.
        check: The check, as if there were no `not-`.
        weight: Its share in the score, or in the set that contains it.
        score: Makes it a measure, decided over all cases; None for a contract.
        must: Whether it has to hold in every case.
        judged: Whether a model decides it, itself or in a set.
        allow: What an answer that it checks may be.
    """

    type: str
    check: Check
    negated: bool = False
    path: str | None = None
    role: str | None = None
    transform: Expression | None = None
    weight: float = 1.0
    score: str | None = None
    must: bool = True
    judged: bool = False
    allow: tuple[Flaw, ...] = ()

    def judge(self, record: Record) -> Verdict:
        """The verdict; raises Unjudgeable for a missing value, and when no work is left."""
        subject = self._subject(record)
        record.work.begin(self.type.removeprefix("not-"), subject.read_chars)
        with _bounded(self.type):
            verdict = self.check.check(subject)
            if not isinstance(verdict, Verdict):
                raise TypeError("`check` returned no verdict")
        return verdict.negated() if self.negated else verdict

    def outcome(self, record: Record) -> tuple[bool, float]:
        """As `judge` without its wording: whether a built-in one holds, and its share of a score.

        For many answers: it takes half the time.
        """
        try:
            verdict = self.check.check(self._subject(record))
        except RecursionError:
            raise _too_deep() from None
        if not self.negated:
            return verdict.passed, verdict.share
        passed = not verdict.passed
        return passed, float(passed) if verdict.degree is None else 1 - verdict.degree

    def asks(self, record: Record) -> tuple[Question, ...]:
        """The questions to answer before `judge`; raises Unjudgeable as `judge` does."""
        check = self.check
        with _bounded(self.type):
            return check.asks(self._subject(record)) if _is_asking(check) else ()

    def _subject(self, record: Record) -> Subject:
        return Subject(record, path=self.path, role=self.role, transform=self.transform)


def _is_asking(check: Check) -> TypeGuard[CheckWithQuestions]:
    return _asks(type(check))


@cache
def _asks(check: type[Check]) -> bool:
    """Whether the check implements CheckWithQuestions; finding out costs more than a check."""
    return issubclass(check, CheckWithQuestions)


@contextmanager
def _bounded(kind: str) -> Iterator[None]:
    """A model may answer with JSON of any depth, and a plug-in may raise anything."""
    try:
        yield
    except RecursionError:
        raise _too_deep() from None
    except (Unjudgeable, PromptopsError):
        raise
    except (Exception, SystemExit) as error:
        if "." not in kind:  # a built-in assertion: a bug to report
            raise
        details = f"{type(error).__name__}: {error}"
        raise Undecided(f"the plug-in failed: {details}", "/type") from error


def _too_deep() -> Unjudgeable:
    return Unjudgeable("the checked value is nested too deep")
