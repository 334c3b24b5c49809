"""The result of the gate as problems and warnings of a release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.jobs.gate.check import failures
from promptops.jobs.release.preflight import shortened_list
from promptops.jobs.testing.runner import RECORD
from promptops.model.check import CheckReport
from promptops.model.release import ReleaseProblem
from promptops.model.test_run import Decided, TestRun
from promptops.plurals import counted


def gate_problems(report: CheckReport) -> list[ReleaseProblem]:
    """Why the gate prevents the release: one problem for each kind, with its details."""
    problems = [not_checked("promptops lint")] if report.lint.failed else []
    findings = report.failing_findings
    if findings:
        details = [f"{finding.place}: {finding.message} [{finding.code}]" for finding in findings]
        message = f"lint has {counted(len(findings), 'finding')}"
        problems.append(_problem(message, "promptops lint", details))
    problems += _case_problems(report.test)
    if report.test.undercovered:
        message = f"the cases cover less than {report.test.fail_under:g}% of the branches"
        problems.append(_problem(message, "promptops test --coverage"))
    if report.strict and report.inconclusive:
        message = f"{counted(len(report.inconclusive), 'score')} inconclusive"
        hint = "promptops test --live requests the answers that decide it"
        problems.append(_problem(message, hint, _score_lines(report.inconclusive)))
    if report.refused_risks:
        message = f"{counted(len(report.refused_risks), 'risk')} refused by `check.fail-on`"
        problems.append(_problem(message, "promptops check", [*map(str, report.refused_risks)]))
    return problems


def gate_warnings(report: CheckReport) -> list[str]:
    """What the gate reports but accepts: inconclusive scores and risks."""
    inconclusive = () if report.strict else report.inconclusive
    risks = [risk for risk in report.risks if risk not in report.refused_risks]
    return [
        *(f"inconclusive: {line}" for line in _score_lines(inconclusive)),
        *(f"risk: {risk}" for risk in risks),
    ]


def not_checked(command: str) -> ReleaseProblem:
    """The problem that an internal error prevented a check; `command` shows the error."""
    return _problem("an internal error of promptops: not everything was checked", command)


def _problem(message: str, hint: str, details: Sequence[str] = ()) -> ReleaseProblem:
    return ReleaseProblem(message=message, hint=hint, details=shortened_list(details))


def _case_problems(run: TestRun) -> Iterator[ReleaseProblem]:
    stale = [f"{c.place}: {c.prompt}: {c.name}" for c in run.cases if c.status == "stale"]
    if stale:
        yield _problem(f"{counted(len(stale), 'case')} without a recording", RECORD, stale)
    failed = [
        ": ".join(filter(None, (str(place), case.prompt, case.name, reason)))
        for place, reason, case in failures(run)
        if case.status in ("failed", "error")
    ]
    number = run.count("failed") + run.count("error")
    if number:
        message = f"{counted(number, 'case')} of {len(run.cases)} failed"
        yield _problem(message, "promptops test", failed)
    worse = run.gated("fail")
    if worse:
        message = f"{counted(len(worse), 'score')} worse than before"
        yield _problem(message, "promptops test", _score_lines(worse))


def _score_lines(decisions: Sequence[Decided]) -> list[str]:
    return [f"{score.prompt}: {score.score}: {score.plain}" for score in decisions]
