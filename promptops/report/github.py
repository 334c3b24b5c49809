"""For GitHub Actions: workflow commands that become annotations of the pull request."""

from __future__ import annotations

from promptops.model.finding import Finding, Severity
from promptops.model.report import LintReport
from promptops.report.parts.github_command import annotation
from promptops.report.parts.sentence import advice, heading, notes

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def write(report: LintReport, **_: object) -> str:
    """One command a line for each finding."""
    return "".join(map(_command, report.findings))


def _command(finding: Finding) -> str:
    kind = _COMMANDS[finding.severity]
    return annotation(kind, finding.place, heading(finding), _message(finding))


def _message(finding: Finding) -> str:
    """The lines of the annotation; line breaks of the message remain."""
    return "\n".join(line for line in (finding.message, advice(finding), *notes(finding)) if line)
