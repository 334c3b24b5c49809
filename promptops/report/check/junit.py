"""For CI servers that show test results: JUnit XML that is valid for Jenkins' schema.

    testsuites  name tests failures errors time
      testsuite   of lint: a test case for each file with findings
      testsuite   of each prompt: its cases and scores
      testsuite   of the gate: a test case for each of its checks

So a failing gate always has a failed test case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from promptops.model.check import CheckReport, GateRow
from promptops.report import junit as lint
from promptops.report.check.facts import reason, rows
from promptops.report.parts.visible import visible
from promptops.report.parts.xml_text import attributes, xml_text
from promptops.report.test import junit as test

_NAME = "promptops check"


def write(report: CheckReport, **_: object) -> str:
    """One XML document."""
    every: Counter[str] = Counter()
    of_lint = lint.counts(report.lint, report.fail_on)
    for counts in (of_lint, test.counts(report.test), _counts(report)):
        every.update(counts)
    time = f"{report.test.duration_s:.3f}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{attributes(name=_NAME, **lint.totals(every), time=time)}>",
        *lint.suite(report.lint, report.fail_on),
        *test.suites(report.test),
        *_gate(report),
        "</testsuites>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _counts(report: CheckReport) -> dict[str, int]:
    gate_rows = rows(report)
    failures = sum(not row.passed for row in gate_rows)
    return {"tests": len(gate_rows), "failures": failures, "errors": 0, "skipped": 0}


def _gate(report: CheckReport) -> Iterator[str]:
    yield f"  <testsuite{attributes(name=_NAME, **_counts(report))}>"
    yield from (_asked(report, row) for row in rows(report))
    yield "  </testsuite>"


def _asked(report: CheckReport, row: GateRow) -> str:
    case = f"    <testcase{attributes(classname=_NAME, name=row.name)}"
    if row.passed:
        return f"{case}/>"
    body = "\n".join(_refused(report)) if row.name == "release" else ""
    failure = f"failure{attributes(message=row.result, type='gate')}"
    inner = f"<{failure}>{xml_text(body)}</failure>" if body else f"<{failure}/>"
    return f"{case}>\n      {inner}\n    </testcase>"


def _refused(report: CheckReport) -> Iterator[str]:
    for risk in report.refused_risks:
        yield visible(str(risk))
    for prompt, change in report.refused_changes:
        yield f"{visible(prompt.id)}: {reason(change)}"
