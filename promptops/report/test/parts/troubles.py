"""Why cases don't pass, each reason once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from promptops.model.place import Place
from promptops.model.test_run import AssertionResult, CaseRun, TestRun
from promptops.records import record, replace


@record(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One reason why a case does not pass.

    Attributes:
        runs: Those of the case that have it, in their order; at least one. Of an error, those of
            all cases for which it is the same at the same place, of whatever prompts.
        assertion: That does not hold or can't be judged; None where it is the case itself.
    """

    status: Literal["failed", "error"]
    place: Place
    reason: str
    runs: tuple[CaseRun, ...]
    assertion: AssertionResult | None = None

    @property
    def case(self) -> CaseRun:
        """The first of the runs."""
        return self.runs[0]

    @property
    def concerned(self) -> frozenset[tuple[str, str]]:
        """The cases, by prompt and name; of an error of a file none."""
        return frozenset((case.prompt, case.name) for case in self.runs if case.name)

    @property
    def compared(self) -> tuple[str, str] | None:
        """The text that was expected and the one that was got."""
        return self.assertion.compared if self.assertion and self.status == "failed" else None


def troubles(cases: Iterable[CaseRun]) -> list[Trouble]:
    """Of all cases that failed or are in error, but for outages; in the order of the cases."""
    found: dict[object, Trouble] = {}
    for case in cases:
        for each in _of_case(case):
            whose = (case.prompt, case.name) if each.status == "failed" else None
            what = each.assertion.type if each.assertion else None
            key = (whose, each.status, what, each.place, each.reason)
            earlier = found.get(key)
            found[key] = each if earlier is None else _joined(earlier, each)
    return list(found.values())


def shared(cases: Iterable[CaseRun]) -> list[Trouble]:
    """The errors that several cases have in common."""
    return [each for each in troubles(cases) if len(each.concerned) > 1]


def outages(run: TestRun) -> dict[str, list[CaseRun]]:
    """The errors that are a provider's or the network's, by their reason."""
    return _by_reason(case for case in run.cases if case.status == "error" and case.infrastructure)


def notes(run: TestRun) -> dict[str, list[CaseRun]]:
    """What is to be known of cases that pass, each with its cases."""
    return _by_reason(case for case in run.cases if case.status == "passed" and case.reason)


def stale(run: TestRun) -> dict[str, list[CaseRun]]:
    """The cases that have no recording, by their prompt."""
    found: dict[str, list[CaseRun]] = {}
    for case in run.cases:
        if case.status == "stale":
            found.setdefault(case.prompt, []).append(case)
    return found


def breaks(case: CaseRun, assertion: AssertionResult) -> bool:
    """Whether it is a reason why the case does not pass: a measure that doesn't hold is none."""
    return assertion.status == "error" or (assertion.status == "failed" and assertion.must)


def own_reason(case: CaseRun) -> str:
    """What a case says itself; "" where it is in error for assertions, which tell their own."""
    if case.status != "error" or case.infrastructure:
        return case.reason
    return "" if any(each.status == "error" for each in case.assertions) else case.reason


def _by_reason(cases: Iterable[CaseRun]) -> dict[str, list[CaseRun]]:
    found: dict[str, list[CaseRun]] = {}
    for case in cases:
        found.setdefault(case.reason, []).append(case)
    return found


def _joined(earlier: Trouble, later: Trouble) -> Trouble:
    if earlier.runs[-1] is later.case:
        return earlier
    return replace(earlier, runs=(*earlier.runs, *later.runs))


def _of_case(case: CaseRun) -> Iterator[Trouble]:
    if case.status == "failed":
        yield from list(_of_assertions(case)) or [_of_itself(case, "failed")]
    elif case.infrastructure:
        yield from (each for each in _of_assertions(case) if each.status == "failed")
    elif case.status == "error":
        found = list(_of_assertions(case))
        if not any(each.status == "error" for each in found):
            yield _of_itself(case, "error")
        yield from found


def _of_itself(case: CaseRun, status: Literal["failed", "error"]) -> Trouble:
    reason = case.reason or "no reason was given"
    return Trouble(status=status, place=case.place, reason=reason, runs=(case,))


def _of_assertions(case: CaseRun) -> Iterator[Trouble]:
    for each in case.assertions:
        if breaks(case, each):
            yield Trouble(
                status="error" if each.status == "error" else "failed",
                place=each.place,
                reason=each.reason,
                runs=(case,),
                assertion=each,
            )
