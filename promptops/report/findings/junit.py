"""For CI servers that show test results: JUnit XML that is valid for Jenkins' schema.

    testsuites  name tests failures errors
      testsuite  name tests failures errors skipped
        testcase  classname name
          failure?  message type     the findings that fail the run
          system-out?                the others

Each file with findings is one test case with at most one failure, because readers treat several
failures differently. A clean run is one passed test case, because some reject an empty report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from promptops.model.finding import Finding, Severity
from promptops.model.report import LintReport
from promptops.report.finding_text import advice, notes
from promptops.report.findings.full import by_severity, first_line
from promptops.report.visible import visible

_NAME = "promptops lint"


def write(report: LintReport, *, fail_on: Severity = Severity.ERROR, **_: object) -> str:
    """One XML document; only findings at or above `fail_on` are failures."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{attributes(name=_NAME, **totals(counts(report, fail_on)))}>",
        *suite(report, fail_on),
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def totals(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts that Jenkins' schema allows on `testsuites`, which has no `skipped`."""
    return {name: counts[name] for name in ("tests", "failures", "errors")}


def counts(report: LintReport, fail_on: Severity) -> dict[str, int]:
    """The attributes of the suite: counts."""
    files = _by_file(report)
    failures = sum(
        any(each.severity >= fail_on for each in findings) for findings in files.values()
    )
    return {"tests": max(1, len(files)), "failures": failures, "errors": 0, "skipped": 0}


def suite(report: LintReport, fail_on: Severity) -> Iterator[str]:
    """The lines of the suite."""
    files = _by_file(report)
    yield f"  <testsuite{attributes(name=_NAME, **counts(report, fail_on))}>"
    for path, findings in files.items():
        yield from _of_file(path, findings, fail_on)
    if not files:
        yield f"    <testcase{attributes(classname=_NAME, name='no findings')}/>"
    yield "  </testsuite>"


def _by_file(report: LintReport) -> dict[str, list[Finding]]:
    files: dict[str, list[Finding]] = {}
    for finding in report.findings:
        files.setdefault(finding.place.path, []).append(finding)
    return files


def _of_file(path: str, findings: list[Finding], fail_on: Severity) -> Iterator[str]:
    failing = [each for each in findings if each.severity >= fail_on]
    others = [each for each in findings if each.severity < fail_on]
    yield f"    <testcase{attributes(classname=_NAME, name=visible(path))}>"
    if failing:
        worst = max(finding.severity for finding in failing)
        failure = attributes(message=by_severity(failing), type=str(worst))
        yield f"      <failure{failure}>{_body(failing)}</failure>"
    if others:
        yield f"      <system-out>{_body(others)}</system-out>"
    yield "    </testcase>"


def _body(findings: list[Finding]) -> str:
    return xml_text("\n".join(line for finding in findings for line in _lines(finding)))


def _lines(finding: Finding) -> Iterator[str]:
    yield first_line(finding)
    if advice(finding):
        yield f"  hint: {advice(finding)}"
    yield from (f"  note: {note}" for note in notes(finding))


# Escapes text for XML.


def attributes(**values: str | int) -> str:
    """The attributes of a tag, each after a space."""
    return "".join(f' {name}="{xml_text(str(value))}"' for name, value in values.items())


def xml_text(shown: str) -> str:
    """Escape visible text, which contains no character that XML forbids."""
    return escape(shown)
