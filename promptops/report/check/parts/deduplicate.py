"""Removes errors of cases that lint reports, too."""

from __future__ import annotations

from promptops.model.check import CheckReport
from promptops.model.finding import Severity
from promptops.model.place import Place
from promptops.model.test_run import CaseRun, TestRun
from promptops.records import replace


def untold(report: CheckReport) -> TestRun:
    """The run without cases whose error a finding reports on the same line.

    Use it to show errors, not to count them.
    """
    errors = (each for each in report.lint.findings if each.severity is Severity.ERROR)
    lines = {_line(each.place) for each in errors}
    cases = tuple(case for case in report.test.cases if not _is_told(case, lines))
    return replace(report.test, cases=cases)


def _is_told(case: CaseRun, lines: set[tuple[str, int]]) -> bool:
    own = case.status == "error" and case.reason and not case.infrastructure
    return bool(own) and _line(case.place) in lines


def _line(place: Place) -> tuple[str, int]:
    return place.path, place.line
