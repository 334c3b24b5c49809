"""What is told twice, by lint and by the cases, is told once."""

from __future__ import annotations

from dataclasses import replace

from promptops.model.check import CheckReport
from promptops.model.place import Place
from promptops.model.test_run import CaseRun, TestRun


def untold(report: CheckReport) -> TestRun:
    """The run without the cases whose error a finding tells at the same place.

    For showing what is wrong, not for counting.
    """
    places = {_start(each.place) for each in report.lint.findings if each.severity.name == "ERROR"}
    cases = tuple(case for case in report.test.cases if not _is_told(case, places))
    return replace(report.test, cases=cases)


def _is_told(case: CaseRun, places: set[tuple[str, int, int]]) -> bool:
    own = case.status == "error" and case.reason and not case.infrastructure
    return bool(own) and _start(case.place) in places


def _start(place: Place) -> tuple[str, int, int]:
    return place.path, place.line, place.column
