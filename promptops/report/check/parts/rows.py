"""The checks of the gate, and their results."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.change import Change, DiffReport, PromptDiff
from promptops.model.check import OVER_BUDGET, CheckName, CheckReport, GateRow
from promptops.model.config import Waiver
from promptops.plurals import counted
from promptops.records import replace
from promptops.report.mutate.parts import facts as mutants
from promptops.report.parts.bumps import before_1
from promptops.report.parts.summary import by_severity
from promptops.report.parts.visible import visible
from promptops.report.probe.parts import facts as probe_facts
from promptops.report.test.parts import facts


def rows(report: CheckReport) -> tuple[GateRow, ...]:
    """The checks that ran, in order; the gate passes if all of them pass."""
    makers = (_lint, _cases, _coverage, _mutation, _probes, _budgets, _release)
    return tuple(row for row in (make(report) for make in makers) if row is not None)


BREAK_FIX = (
    "to accept an intended break, add its fingerprint to `[[diff.waivers]]` on the base branch"
)
RISK_FIX = (
    "`check.fail-on` of the base refuses risks: undo the change, or remove `risk` from it there"
    " first"
)


def reason(change: Change) -> str:
    """Why a change is refused, and its place; `fixes` explains how to accept an intended one."""
    where = f" ({visible(change.place.path)}:{change.place.line})" if change.place else ""
    message = f"{change.code} {visible(change.message)}{where}"
    if change.breaking:
        return f"{message}  [fingerprint {change.fingerprint}]"
    return message


def fixes(report: CheckReport) -> Iterator[str]:
    """How to accept intended breaking changes and risks."""
    refused = [change for _, change in report.refused_changes]
    if any(change.breaking for change in refused):
        yield BREAK_FIX
    by_policy = any(not risk.refused for risk in report.refused_risks)
    if by_policy or any(not change.breaking for change in refused):
        yield RISK_FIX


def waived(report: CheckReport) -> Iterator[tuple[PromptDiff, Change, Waiver]]:
    """Breaking changes that the gate accepted."""
    for prompt in report.diff.prompts if report.diff is not None else ():
        for change in prompt.changes:
            if change.waiver is not None:
                yield prompt, change, change.waiver


def _row(report: CheckReport, name: CheckName, result: str) -> GateRow:
    return GateRow(name, name not in report.failing_checks, result)


def _lint(report: CheckReport) -> GateRow:
    return _row(report, "lint", by_severity(report.lint.findings) or "no findings")


def _cases(report: CheckReport) -> GateRow:
    # Coverage has its own row, and the gate makes no API calls: answers are replayed.
    result = facts.counts(replace(report.test, fail_under=None)).removesuffix(" (replayed)")
    return _row(report, "cases", result)


def _coverage(report: CheckReport) -> GateRow | None:
    run = report.test
    if not run.coverage:
        return None
    limit = f", at least {run.fail_under:g}% required" if run.fail_under is not None else ""
    return _row(report, "coverage", f"{facts.covered(run.branches)}{limit}")


def _mutation(report: CheckReport) -> GateRow | None:
    found = noticed(report)
    return _row(report, "mutation", found) if found else None


def noticed(report: CheckReport) -> str:
    """Such as `tests notice 71% of 35 mutants; 3 survivors in changed lines`; "" if it is off."""
    if report.mutation is None or (not report.mutation.rows and not report.unmutated):
        return ""
    found = mutants.noticed(report.mutation)
    number = counted(report.unmutated, "larger prompt") if report.unmutated else ""
    left_out = f"{number} left out (`promptops mutate`)" if number else ""
    return "; ".join(filter(None, [found, left_out]))


def _probes(report: CheckReport) -> GateRow | None:
    if report.probes is None:
        return None
    return _row(report, "probes", probe_facts.gate_result(report.probes))


def _budgets(report: CheckReport) -> GateRow | None:
    if not report.budgeted:
        return None
    over = {finding.prompt for finding in report.lint.findings if finding.code == OVER_BUDGET}
    prompts = counted(report.budgeted, "prompt")
    whose = "its budget" if report.budgeted == 1 else "their budgets"
    result = f"{len(over)} of {prompts} over budget" if over else f"{prompts} within {whose}"
    return _row(report, "budgets", result)


def _release(report: CheckReport) -> GateRow | None:
    if report.diff is None:
        return None
    return _row(report, "release", "; ".join(_of_release(report, report.diff)))


def _of_release(report: CheckReport, diff: DiffReport) -> Iterator[str]:
    yield required(diff)
    refused = report.refused_changes
    if report.refused_risks:
        number = counted(len(report.refused_risks), "risk")
        by_policy = "risk" in report.refused
        why = "by `check.fail-on`" if by_policy else "since the change is untrusted"
        yield f"{number} refused {why}"
    if refused:
        kinds = " and ".join(report.refused)
        yield f"{counted(len(refused), 'change')} refused by `check.fail-on` ({kinds})"
    inconclusive = len(report.inconclusive)
    if inconclusive and report.strict:
        yield f"a release is refused while {counted(inconclusive, 'score')} is inconclusive"


def required(diff: DiffReport) -> str:
    """The required version bump, such as `required version bump: major, 1.4.2 -> 2.0.0`.

    With the reason where the numbers seem not to fit the bump, before 1.0.0.
    """
    if not diff.bump:
        return "no version bump required"
    numbers = f", {diff.before_version} -> {diff.after_version}" if diff.after_version else ""
    why = before_1(diff.bump, diff.after_version or "")
    return f"required version bump: {diff.bump}{numbers}{f' ({why})' if why else ''}"
