"""Failures of test cases, and removal of lint findings that repeat them."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.place import Place
from promptops.model.report import LintReport
from promptops.model.test_run import CaseRun, TestRun
from promptops.records import replace

_STALE = "TST006"
_INVALID = "TST009"
_FAILING = "TST012"


def without_repeats(report: LintReport, run: TestRun) -> LintReport:
    """The lint report without what the test run reports: stale cases and assertions."""
    stale = {case.place.path for case in run.cases if case.status == "stale"}
    errors = {case.place for case in run.cases if case.status == "error"}
    failing = {place for place, _, _ in failures(run)}
    remaining = (
        each
        for each in report.findings
        if not (each.code == _STALE and each.place.path in stale)
        and not (each.code == _INVALID and each.place in errors)
        and not (each.code == _FAILING and each.place in failing)
    )
    return replace(report, findings=tuple(remaining))


def failures(run: TestRun) -> Iterator[tuple[Place, str, CaseRun]]:
    """The reasons why cases did not pass, with their places."""
    for case in run.cases:
        if case.reason:
            yield case.place, case.reason, case
        for each in case.assertions:
            fails = each.status == "error" or (each.status == "failed" and each.must)
            if fails:
                yield each.place, f"`{each.type}`: {each.reason}", case
