"""The checks of a release: lint, and the test cases, replayed from recordings."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.counting import counted
from promptops.jobs.gate.repeats import failures, without_repeats
from promptops.jobs.lint.lint import LintOptions, lint_selected
from promptops.jobs.release.preflight import more
from promptops.jobs.testing.runner import RECORD, RunOptions, run_selected
from promptops.jobs.workspace.selection import SelectionOptions, select
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.release import ReleaseProblem
from promptops.model.test_run import TestRun, Verdict


def gate(
    workspace: Workspace, base: str | None, *, untrusted: bool
) -> tuple[list[ReleaseProblem], list[str]]:
    """The problems that prevent the release, and the warnings.

    Args:
        base: The release whose recorded answers are the baseline of measures.
        untrusted: As `LintOptions` has it.
    """
    wanted = SelectionOptions()
    selected = select(workspace, wanted)
    report = lint_selected(workspace, selected, wanted, LintOptions(untrusted=untrusted))
    baseline = f"tags/{base}" if base is not None else None
    run = run_selected(workspace, selected, RunOptions(baseline=baseline))
    limit = workspace.config.lint.fail_on
    findings = [each for each in without_repeats(report, run).findings if each.severity >= limit]
    problems = []
    if report.failed:
        problems.append(not_checked("promptops lint"))
    if findings:
        details = [f"{each.place}: {each.message} [{each.code}]" for each in findings]
        message = f"lint has {counted(len(findings), 'finding')}"
        problems.append(
            ReleaseProblem(message=message, hint="promptops lint", details=more(details))
        )
    problems += _failing(run)
    undecided = _decided(run, "inconclusive")
    if undecided and workspace.config.release.on_inconclusive == "fail":
        message = f"{counted(len(undecided), 'score')} can't be decided"
        hint = "promptops test --live requests the answers that decide it"
        problems.append(ReleaseProblem(message=message, hint=hint, details=more(undecided)))
        undecided = []
    return problems, [f"can't be decided: {line}" for line in undecided]


def not_checked(command: str) -> ReleaseProblem:
    """The problem that an internal error prevented a check; `command` shows the error."""
    return ReleaseProblem(
        message="an internal error of promptops: not everything was checked", hint=command
    )


def _failing(run: TestRun) -> Iterator[ReleaseProblem]:
    stale = [f"{c.place}: {c.prompt}: {c.name}" for c in run.cases if c.status == "stale"]
    if stale:
        message = f"{counted(len(stale), 'case')} without a recording"
        yield ReleaseProblem(message=message, hint=RECORD, details=more(stale))
    failed = [
        ": ".join(filter(None, (str(place), case.prompt, case.name, reason)))
        for place, reason, case in failures(run)
        if case.status in ("failed", "error")
    ]
    number = run.count("failed") + run.count("error")
    if number:
        message = f"{counted(number, 'case')} of {len(run.cases)} failed"
        yield ReleaseProblem(message=message, hint="promptops test", details=more(failed))
    worse = _decided(run, "fail")
    if worse:
        message = f"{counted(len(worse), 'score')} worse than before"
        yield ReleaseProblem(message=message, hint="promptops test", details=more(worse))


def _decided(run: TestRun, verdict: Verdict) -> list[str]:
    """The scores with a verdict, each with its prompt and its name."""
    return [
        f"{each.prompt}: {each.score}: {each.line}"
        for each in run.decided
        if each.gates and each.verdict == verdict
    ]
