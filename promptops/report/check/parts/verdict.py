"""The summary of all checks."""

from __future__ import annotations

from promptops.model.check import CheckReport
from promptops.plurals import counted, plural
from promptops.report.check.parts.rows import noticed, required
from promptops.report.diff.parts.distinct import risks
from promptops.report.parts.summary import by_severity
from promptops.report.test.parts import facts


def headline(report: CheckReport) -> str:
    """The verdict with the number of risks, such as `pass · 3 risks`."""
    return " · ".join(filter(None, [report.verdict, counted_risks(report)]))


def counted_risks(report: CheckReport) -> str:
    """The number of risks of the gate and of changes, such as `3 risks`; "" for none."""
    of_changes = risks(report.diff) if report.diff is not None else []
    number = len(report.risks) + len(of_changes)
    return counted(number, "risk") if number else ""


def counts(report: CheckReport) -> str:
    """Counts, such as `2 prompts, 3 findings (2 errors, 1 warning), 1 failed of 3 cases`."""
    if not report.looked:
        return f"nothing to check, {report.nothing}"
    findings = _findings(report)
    found = ", ".join(filter(None, [_prompts(report), findings, _cases(report)]))
    refused = len(report.refused_changes)
    more = [f"{counted(refused, 'change')} refused"] if refused else []
    risks = len(report.refused_risks)
    more += [f"{counted(risks, 'risk')} refused"] if risks else []
    if "probes" in report.failing_checks:
        more.append("probes fail")
    if report.diff is not None and report.diff.bump:
        more.append(required(report.diff))
    return " · ".join(filter(None, [found, noticed(report), *more]))


def _findings(report: CheckReport) -> str:
    found = report.lint.findings
    severities = f" ({by_severity(found)})" if found else ""
    return f"{_counted(len(found), 'finding')}{severities}"


def _prompts(report: CheckReport) -> str:
    diff = report.diff
    gone = sum(each.state == "removed" for each in diff.prompts) if diff is not None else 0
    removed = f"{counted(gone, 'prompt')} removed" if gone else ""
    if gone and not report.why:
        return removed
    return ", ".join(filter(None, [_counted(len(report.why), "prompt"), removed]))


def _cases(report: CheckReport) -> str:
    """The gate makes no API calls, so the source of answers is not shown."""
    is_gone = not report.why and not report.test.cases and not report.lint.findings
    return "" if is_gone else facts.counts(report.test).removesuffix(" (replayed)")


def _counted(number: int, noun: str) -> str:
    return counted(number, noun) if number else f"no {plural(0, noun)}"
