"""What all reports of the gate say: its verdict, its rows, and the findings of all checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

from promptops.commands.diff.facts import before_1, risks
from promptops.commands.mutate import report as mutants
from promptops.commands.probe import report as probe_facts
from promptops.model.change import Change, DiffReport, PromptDiff
from promptops.model.check import OVER_BUDGET, CheckName, CheckReport, GateRow
from promptops.model.config import Waiver
from promptops.model.finding import Finding, Severity
from promptops.model.place import Place
from promptops.model.probe import ProbeRun
from promptops.model.report import LintReport, Risk, RuleInfo
from promptops.model.test_run import CaseRun, TestRun
from promptops.plurals import counted, plural
from promptops.records import replace
from promptops.report.findings.full import by_severity
from promptops.report.test import facts
from promptops.report.test.facts import stale, troubles
from promptops.report.visible import visible


def rows(report: CheckReport) -> tuple[GateRow, ...]:
    """The checks that ran, in order; the gate passes if all of them pass."""
    # Coverage has its own row, and the gate makes no API calls: answers are replayed.
    cases = facts.counts(replace(report.test, fail_under=None)).removesuffix(" (replayed)")
    results: dict[CheckName, str] = {
        "lint": by_severity(report.lint.findings) or "no findings",
        "cases": cases,
        "coverage": _coverage(report.test) if report.test.coverage else "",
        "mutation": noticed(report),
        "probes": "" if report.probes is None else probe_facts.gate_result(report.probes),
        "budgets": _budgets(report) if report.budgeted else "",
        "release": "" if report.diff is None else "; ".join(_of_release(report, report.diff)),
    }
    return tuple(
        GateRow(name, name not in report.failing_checks, result)
        for name, result in results.items()
        if result
    )


def _coverage(run: TestRun) -> str:
    limit = f", at least {run.fail_under:g}% required" if run.fail_under is not None else ""
    return f"{facts.covered(run.branches)}{limit}"


MOST_ALIKE = 10
"""More risks with the same sentence are one line."""

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


def noticed(report: CheckReport) -> str:
    """Such as `tests notice 71% of 35 mutants; 3 survivors in changed lines`; "" if it is off."""
    if report.mutation is None or (not report.mutation.rows and not report.unmutated):
        return ""
    found = mutants.noticed(report.mutation)
    number = counted(report.unmutated, "larger prompt") if report.unmutated else ""
    left_out = f"{number} left out (`promptops mutate`)" if number else ""
    return "; ".join(filter(None, [found, left_out]))


def _budgets(report: CheckReport) -> str:
    over = {finding.prompt for finding in report.lint.findings if finding.code == OVER_BUDGET}
    prompts = counted(report.budgeted, "prompt")
    whose = "its budget" if report.budgeted == 1 else "their budgets"
    return f"{len(over)} of {prompts} over budget" if over else f"{prompts} within {whose}"


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


# Converts all reasons why the gate fails to findings, for formats without other results.

_CONFIGURATION = "promptops.toml"
"""The place of a risk that has none, because these formats require one."""

SUMMARIES = {
    "case-failed": "Every assertion of a case holds",
    "case-error": "Every case can be rendered and scored",
    "case-stale": "Every answer of a model is recorded",
    "coverage": "The cases cover enough branches of the templates",
    "score-worse": "No score is worse than before",
    "probes": "Attacks fail as often as before",
    "risk": "No change weakens the gate",
}


def as_findings(report: CheckReport) -> LintReport:
    """Findings of lint, then risks, refused changes, and cases that don't pass."""
    refused = [_change(prompt, change) for prompt, change in report.refused_changes]
    more = [*_risks(report), *refused, *failing_cases(report)]
    found = (*report.lint.findings, *_with_unique_fingerprints(more))
    return replace(report.lint, findings=found)


def _with_unique_fingerprints(findings: list[Finding]) -> Iterator[Finding]:
    """Findings with unique fingerprints, even for equal assertions of one case."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.fingerprint] += 1
        number = counts[finding.fingerprint]
        again = bool(finding.fingerprint) and number > 1
        mark = f"{finding.fingerprint}-{number}" if again else finding.fingerprint
        yield replace(finding, fingerprint=mark)


def rule_infos(report: LintReport) -> dict[str, RuleInfo]:
    """Descriptions of the codes that are not lint rules."""
    return {
        finding.code: RuleInfo(
            code=finding.code,
            name=finding.name,
            severity=finding.severity,
            summary=SUMMARIES.get(finding.code, finding.name),
        )
        for finding in report.findings
    }


def _risks(report: CheckReport) -> Iterator[Finding]:
    """Risks as warnings; refused ones as errors."""
    refused = set(report.refused_risks)
    for risk in report.risks:
        place = risk.place or Place(_CONFIGURATION)
        found = _finding("risk", risk.sentence, place, risk.prompt, f"{risk.case}:{risk.message}")
        severity = Severity.ERROR if risk in refused else Severity.WARNING
        yield replace(found, severity=severity, case=risk.case or None)


def _change(prompt: PromptDiff, change: Change) -> Finding:
    """The place of a change: its prompt's file, even if it was removed."""
    return Finding(
        code=change.code,
        name=change.name,
        severity=Severity.ERROR,
        message=f"{prompt.id}: {change.message}",
        place=Place(prompt.path, 1, 1, 1, 1),
        prompt=prompt.id,
        fingerprint=change.fingerprint,
    )


def failing_cases(report: CheckReport) -> Iterator[Finding]:
    """Failing cases, too little coverage, worse scores and stale recordings."""
    run = without_lint_errors(report)
    repeated = facts.repeated(run)
    for trouble in troubles(run.cases):
        who = facts.affected_runs(trouble, repeated)
        text = ": ".join(filter(None, [who, facts.problem(trouble), facts.reason(trouble)]))
        case = trouble.case
        judged = trouble.assertion.type if trouble.assertion else ""
        what = f"{case.name}:{judged}"
        found = _finding(f"case-{trouble.status}", text, trouble.place, case.prompt, what)
        yield replace(found, case=case.name or None)
    yield from _worse(report)
    yield from probe_findings(report)
    for prompt, cases in stale(run).items():
        message = f"{prompt}: {facts.names(cases)}: no recording, run {facts.next_command(run)}"
        yield _finding("case-stale", message, cases[0].place, prompt, facts.names(cases))


def _worse(report: CheckReport) -> Iterator[Finding]:
    """Too little coverage and worse scores, each at the most helpful place."""
    run = report.test
    first = next((row for row in run.coverage if row.uncovered), None)
    if run.undercovered and first is not None:
        place = first.uncovered[0].place
        yield _finding("coverage", facts.undercovered(run), place, first.prompt, "")
    for each in run.gated("fail"):
        case = next((case for case in run.cases if case.prompt == each.prompt), None)
        if case is not None:
            message = f"{each.prompt}: {each.score}: {each.plain}"
            yield _finding("score-worse", message, case.place, each.prompt, each.score)


def probe_findings(report: CheckReport) -> Iterator[Finding]:
    """Why the attacks fail the gate, each at its prompt."""
    run = probes_without_repeats(report)
    if run is None or run.verdict != "fail":
        return
    for problem in run.problems:
        message = f"{problem.prompt}: {problem.reason}"
        yield _finding("probes", message, problem.place, problem.prompt, problem.reason)
    for prompt in run.prompts:
        places = (case.run.place for case in run.cases if case.run.prompt == prompt.prompt)
        place = next(places, Place(_CONFIGURATION))
        command = f", run {probe_facts.next_command(run)}" if run.next else ""
        missing = f"{counted(prompt.stale, 'answer')} to probes missing{command}"
        for reason in (*prompt.failures, *([missing] if prompt.stale else [])):
            message = f"{prompt.prompt}: {reason}"
            yield _finding("probes", message, place, prompt.prompt, reason)
    for reason, cases in probe_facts.errors(run).items():
        first = cases[0].run
        message = f"{first.prompt}: {counted(len(cases), 'answer')} to probes not judged: {reason}"
        yield _finding("probes", message, first.place, first.prompt, f"{first.name}: {reason}")


def _finding(code: str, message: str, place: Place, prompt: str, what: str) -> Finding:
    """The fingerprint of a finding; `what` identifies it within the prompt, not its place."""
    text = "\0".join((code, prompt, what)).encode("utf-8", "surrogatepass")
    return Finding(
        code=code,
        name=code,
        severity=Severity.ERROR,
        message=message,
        place=place,
        prompt=prompt,
        fingerprint=sha256(text).hexdigest()[:16],
    )


def without_lint_errors(report: CheckReport) -> TestRun:
    """The run without cases whose error a finding reports on the same line.

    Use it to show errors, not to count them.
    """
    return replace(report.test, cases=_not_in_lint(report, report.test.cases))


def probes_without_repeats(report: CheckReport) -> ProbeRun | None:
    """The attacks without problems that a finding or a case reports on the same line."""
    run = report.probes
    if run is None:
        return None
    cases = {_line(case.place) for case in report.test.cases if _is_error(case)}
    problems = _not_in_lint(report, run.problems)
    new = tuple(problem for problem in problems if _line(problem.place) not in cases)
    return replace(run, problems=new)


def _not_in_lint(report: CheckReport, cases: Sequence[CaseRun]) -> tuple[CaseRun, ...]:
    errors = (each for each in report.lint.findings if each.severity is Severity.ERROR)
    lines = {_line(each.place) for each in errors}
    return tuple(case for case in cases if not (_is_error(case) and _line(case.place) in lines))


def _is_error(case: CaseRun) -> bool:
    return case.status == "error" and bool(case.reason) and not case.infrastructure


def _line(place: Place) -> tuple[str, int]:
    return place.path, place.line


# The summary of all checks.


def headline(report: CheckReport) -> str:
    """The verdict with the number of risks, such as `pass · 3 risks`."""
    return " · ".join(filter(None, [report.verdict, counted_risks(report)]))


def counted_risks(report: CheckReport) -> str:
    """The number of risks of the gate and of changes, such as `3 risks`; "" for none."""
    of_changes = risks(report.diff) if report.diff is not None else []
    number = len(alike_risks(report.risks)) + len(of_changes)
    return counted(number, "risk") if number else ""


def alike_risks(risks: Sequence[Risk]) -> list[tuple[Risk, int]]:
    """Each risk once, and the number of others with the same sentence.

    Those of different prompts and cases have the same sentence, such as recorded answers of another
    model. A few are listed one by one.
    """
    alike = Counter((risk.message, risk.refused) for risk in risks)
    shown = Counter[tuple[str, bool]]()
    found = []
    for risk in risks:
        key = (risk.message, risk.refused)
        others = alike[key] - 1 if alike[key] > MOST_ALIKE else 0
        if not (others and shown[key]):
            found.append((risk, others))
        shown[key] += 1
    return found


def counts(report: CheckReport) -> str:
    """Counts, such as `2 prompts, 3 findings (2 errors, 1 warning), 1 failed of 3 cases`."""
    if not report.looked:
        return f"nothing to check, {report.nothing}"
    lint = report.lint.findings
    findings = _counted(len(lint), "finding") + (f" ({by_severity(lint)})" if lint else "")
    # The gate makes no API calls, so the source of answers is not shown.
    cases = facts.counts(report.test).removesuffix(" (replayed)")
    is_gone = not report.why and not report.test.cases and not lint
    found = ", ".join(filter(None, [_prompts(report), findings, "" if is_gone else cases]))
    refused = len(report.refused_changes)
    more = [f"{counted(refused, 'change')} refused"] if refused else []
    risks = len(report.refused_risks)
    more += [f"{counted(risks, 'risk')} refused"] if risks else []
    if "probes" in report.failing_checks:
        more.append("probes fail")
    if report.diff is not None and report.diff.bump:
        more.append(required(report.diff))
    return " · ".join(filter(None, [found, noticed(report), *more]))


def _prompts(report: CheckReport) -> str:
    diff = report.diff
    gone = sum(each.state == "removed" for each in diff.prompts) if diff is not None else 0
    removed = f"{counted(gone, 'prompt')} removed" if gone else ""
    if gone and not report.why:
        return removed
    return ", ".join(filter(None, [_counted(len(report.why), "prompt"), removed]))


def _counted(number: int, noun: str) -> str:
    return counted(number, noun) if number else f"no {plural(0, noun)}"


def diff_command(diff: DiffReport) -> str:
    """The command that shows all details."""
    base, head = diff.base, diff.head
    given = "--root" if diff.base == "nothing" else base
    here = {"the work tree": f"{given} --worktree", "the index": f"{given} --staged"}
    between = f"--root ..{head}" if diff.base == "nothing" else f"{base}..{head}"
    return f"promptops diff {here.get(diff.head, between)}"


def next_command(report: CheckReport) -> str:
    """The command that the report advises: to record answers, fix findings, or see changes."""
    for run in (report.test, report.probes):
        if run is not None and run.next:
            return run.next
    if any(finding.fix and finding.fix.safe for finding in report.lint.findings):
        return "promptops lint --fix"
    return diff_command(report.diff) if report.diff is not None and report.diff.prompts else ""
