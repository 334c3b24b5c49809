"""For GitHub Actions: workflow commands that become annotations of the pull request."""

from __future__ import annotations

from promptops.model.finding import Finding, Severity
from promptops.model.place import Place
from promptops.model.report import LintReport
from promptops.report.finding_text import advice, heading, notes
from promptops.report.visible import visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def write(report: LintReport, **_: object) -> str:
    """One command a line for each finding."""
    return "".join(map(_command, report.findings))


def _command(finding: Finding) -> str:
    lines = filter(None, (finding.message, advice(finding), *notes(finding)))
    kind = _COMMANDS[finding.severity]
    return annotation(kind, finding.place, heading(finding), "\n".join(lines))


# A workflow command of GitHub Actions that becomes an annotation of the pull request.


def annotation(kind: str, place: Place | None, title: str, message: str) -> str:
    """One line; line breaks of the message are line breaks of the annotation.

    Args:
        kind: error, warning or notice.
    """
    properties: dict[str, object] = {}
    if place is not None:
        properties = {
            "file": place.path,
            "line": place.line,
            "endLine": place.end_line,
            "col": place.column,
            "endColumn": place.end_column,
        }
    properties["title"] = title
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{kind} {written}::{_data(message)}\n"


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _data(text: str) -> str:
    """A value on one line, with percent escapes; other control characters are made visible."""
    lines = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return visible(lines)
