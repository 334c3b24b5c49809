"""For GitHub Actions: workflow commands that become annotations of the pull request."""

from __future__ import annotations

from promptops.model.finding import Finding, Severity
from promptops.model.report import LintReport
from promptops.report.parts.sentence import advice, heading, notes
from promptops.report.parts.visible import visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def write(report: LintReport, **_: object) -> str:
    """One command a line for each finding."""
    return "".join(f"{_command(finding)}\n" for finding in report.findings)


def _command(finding: Finding) -> str:
    place = finding.place
    properties = {
        "file": place.path,
        "line": place.line,
        "endLine": place.end_line,
        "col": place.column,
        "endColumn": place.end_column,
        "title": heading(finding),
    }
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{_COMMANDS[finding.severity]} {written}::{_data(_message(finding))}"


def _message(finding: Finding) -> str:
    """The annotation's lines. Those of the finding's own message stay lines."""
    return "\n".join(line for line in (finding.message, advice(finding), *notes(finding)) if line)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    """A value on one line; what the percent escapes leave of control characters is shown."""
    lines = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return visible(lines)
