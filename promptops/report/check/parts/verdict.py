"""The sum of all that was looked at."""

from __future__ import annotations

from promptops.model.check import CheckReport
from promptops.report.check.parts.rows import required
from promptops.report.parts.summary import counted
from promptops.report.test.parts import facts


def verdict(report: CheckReport) -> str:
    """Such as `fail`."""
    return "pass" if report.passed else "fail"


def counts(report: CheckReport) -> str:
    """Such as `2 prompts, no findings, 1 failed of 3 cases`."""
    if report.nothing and not report.lint.findings:
        return f"nothing to check, {report.nothing}"
    prompts = _counted(len(report.why), "prompt")
    findings = _counted(len(report.lint.findings), "finding")
    # The gate asks nobody, so that it goes without saying where answers came from.
    cases = facts.counts(report.test).removesuffix(" (replayed)")
    found = f"{prompts}, {findings}, {cases}"
    refused = len(report.refused_changes)
    more = [f"{counted(refused, 'change')} refused"] if refused else []
    if report.diff is not None and report.diff.bump:
        more.append(required(report.diff))
    return " · ".join([found, *more])


def _counted(number: int, noun: str) -> str:
    return counted(number, noun) if number else f"no {noun}s"
