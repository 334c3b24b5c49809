"""Collects the reasons why cases don't pass, each once."""

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
        runs: The affected runs of the case, in order; at least one. For an error, the runs of all
            cases, also of other prompts, with the same error at the same place.
        assertion: The assertion that does not hold or can't be evaluated; None for other reasons.
    """

    status: Literal["failed", "error"]
    place: Place
    reason: str
    runs: tuple[CaseRun, ...]
    assertion: AssertionResult | None = None

    @property
    def case(self) -> CaseRun:
        """The first affected run."""
        return self.runs[0]

    @property
    def concerned(self) -> frozenset[tuple[str, str]]:
        """Prompt and name of the cases; empty for the error of a file."""
        return frozenset((case.prompt, case.name) for case in self.runs if case.name)

    @property
    def compared(self) -> tuple[str, str] | None:
        """The expected and the actual text."""
        texts = self.assertion.compared if self.assertion and self.status == "failed" else None
        return (texts.expected, texts.got) if texts else None


def troubles(cases: Iterable[CaseRun]) -> list[Trouble]:
    """The reasons of all failures and errors except outages, in the order of the cases."""
    found: dict[object, Trouble] = {}
    for case in cases:
        for trouble in _of_case(case):
            whose = (case.prompt, case.name) if trouble.status == "failed" else None
            what = trouble.assertion.type if trouble.assertion else None
            key = (whose, trouble.status, what, trouble.place, trouble.reason)
            earlier = found.get(key)
            found[key] = trouble if earlier is None else _joined(earlier, trouble)
    return list(found.values())


def shared(cases: Iterable[CaseRun]) -> list[Trouble]:
    """The errors that several cases share."""
    return [each for each in troubles(cases) if len(each.concerned) > 1]


def outages(run: TestRun) -> dict[str, list[CaseRun]]:
    """The errors of providers and the network, by reason."""
    return _by_reason(case for case in run.cases if case.status == "error" and case.infrastructure)


def notes(run: TestRun) -> dict[str, list[CaseRun]]:
    """Notes on cases that pass, each with its cases."""
    return _by_reason(case for case in run.cases if case.status == "passed" and case.reason)


def stale(run: TestRun) -> dict[str, list[CaseRun]]:
    """The cases without a recording, by prompt."""
    found: dict[str, list[CaseRun]] = {}
    for case in run.cases:
        if case.status == "stale":
            found.setdefault(case.prompt, []).append(case)
    return found


def breaks(case: CaseRun, assertion: AssertionResult) -> bool:
    """Whether the case does not pass because of it; a measure that does not hold is no reason."""
    return assertion.status == "error" or (assertion.status == "failed" and assertion.must)


def own_reason(case: CaseRun) -> str:
    """The reason of the case itself; "" if the errors are those of its assertions."""
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
        yield from (trouble for trouble in _of_assertions(case) if trouble.status == "failed")
    elif case.status == "error":
        found = list(_of_assertions(case))
        if not any(each.status == "error" for each in found):
            yield _of_itself(case, "error")
        yield from found


def _of_itself(case: CaseRun, status: Literal["failed", "error"]) -> Trouble:
    reason = case.reason or "no reason was given"
    return Trouble(status=status, place=case.place, reason=reason, runs=(case,))


def _of_assertions(case: CaseRun) -> Iterator[Trouble]:
    for assertion in case.assertions:
        if breaks(case, assertion):
            yield Trouble(
                status="error" if assertion.status == "error" else "failed",
                place=assertion.place,
                reason=assertion.reason,
                runs=(case,),
                assertion=assertion,
            )
