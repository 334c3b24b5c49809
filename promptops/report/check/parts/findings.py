"""Converts all reasons why the gate fails to findings, for formats without other results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

from promptops.model.change import Change, PromptDiff
from promptops.model.check import CheckReport
from promptops.model.finding import Finding, Severity
from promptops.model.place import Place
from promptops.model.probe import ProbeRun, PromptProbes
from promptops.model.report import LintReport, RuleInfo
from promptops.model.test_run import CaseRun, TestRun
from promptops.plurals import counted
from promptops.records import replace
from promptops.report.probe.parts import facts as probe_facts
from promptops.report.test.parts import facts
from promptops.report.test.parts.troubles import Trouble, stale, troubles

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
    more = [*_risks(report), *_refused(report), *failing_cases(report)]
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


def _refused(report: CheckReport) -> Iterator[Finding]:
    for prompt, change in report.refused_changes:
        yield _change(prompt, change)


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
        yield _case(f"case-{trouble.status}", text, trouble.place, trouble)
    yield from _worse(report)
    yield from probe_findings(report)
    for prompt, cases in stale(run).items():
        message = f"{prompt}: {facts.names(cases)}: no recording, run {facts.advice(run)}"
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
        missing = _missing(prompt, run) if prompt.stale else ""
        for reason in filter(None, (*prompt.failures, missing)):
            message = f"{prompt.prompt}: {reason}"
            yield _finding("probes", message, place, prompt.prompt, reason)
    for reason, cases in probe_facts.errors(run).items():
        first = cases[0].run
        message = f"{first.prompt}: {counted(len(cases), 'answer')} to probes not judged: {reason}"
        yield _finding("probes", message, first.place, first.prompt, f"{first.name}: {reason}")


def _missing(prompt: PromptProbes, run: ProbeRun) -> str:
    advice = f", run {probe_facts.advice(run)}" if run.advice else ""
    return f"{counted(prompt.stale, 'answer')} to probes missing{advice}"


def _case(code: str, message: str, place: Place, trouble: Trouble) -> Finding:
    case = trouble.case
    judged = trouble.assertion.type if trouble.assertion else ""
    found = _finding(code, message, place, case.prompt, f"{case.name}:{judged}")
    return replace(found, case=case.name or None)


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
