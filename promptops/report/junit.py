"""For CI servers that show test results: JUnit's XML.

    testsuites  name tests failures errors skipped
      testsuite  name tests failures errors skipped
        testcase  classname name file?
          failure?  message type

One test case for each file with findings, and in it one failure with all of them, since readers
disagree about several. A clean run is one test case that passed: some readers refuse none.
"""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.finding import Finding
from promptops.model.report import LintReport
from promptops.report.full import first_line
from promptops.report.parts.sentence import advice, notes
from promptops.report.parts.summary import by_severity
from promptops.report.parts.visible import visible
from promptops.report.parts.xml_text import attributes, xml_text

_NAME = "promptops lint"


def write(report: LintReport, **_: object) -> str:
    """One XML document."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{attributes(name=_NAME, **counts(report))}>",
        *suite(report),
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def counts(report: LintReport) -> dict[str, int]:
    """Of the suite, as its attributes say."""
    files = len(_by_file(report))
    return {"tests": max(1, files), "failures": files, "errors": 0, "skipped": 0}


def suite(report: LintReport) -> Iterator[str]:
    """The suite's lines."""
    files = _by_file(report)
    yield f"  <testsuite{attributes(name=_NAME, **counts(report))}>"
    yield from (_failed(path, findings) for path, findings in files.items())
    if not files:
        yield f"    <testcase{attributes(classname=_NAME, name='no findings')}/>"
    yield "  </testsuite>"


def _by_file(report: LintReport) -> dict[str, list[Finding]]:
    files: dict[str, list[Finding]] = {}
    for finding in report.findings:
        files.setdefault(finding.place.path, []).append(finding)
    return files


def _failed(path: str, findings: list[Finding]) -> str:
    worst = max(finding.severity for finding in findings)
    case = attributes(classname=_NAME, name=visible(path), file=visible(path))
    failure = attributes(message=by_severity(findings), type=str(worst))
    body = "\n".join(line for finding in findings for line in _lines(finding))
    return (
        f"    <testcase{case}>\n      <failure{failure}>{xml_text(body)}</failure>\n    </testcase>"
    )


def _lines(finding: Finding) -> Iterator[str]:
    yield first_line(finding)
    if advice(finding):
        yield f"  hint: {advice(finding)}"
    yield from (f"  note: {note}" for note in notes(finding))
