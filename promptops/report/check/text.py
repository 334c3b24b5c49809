"""For a person at a terminal: what is wrong and why, then one line that sums up."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.check import CheckReport
from promptops.model.report import Style, plain
from promptops.report.check.parts.verdict import counts, verdict
from promptops.report.full import write as write_lint
from promptops.report.parts.visible import visible
from promptops.report.test.text import told


def write(report: CheckReport, *, style: Style = plain, **_: object) -> str:
    """Risks, findings, what does not pass, scores, the sum."""
    return "".join(f"{line}\n" for line in _lines(report, style))


def _lines(report: CheckReport, style: Style) -> Iterator[str]:
    for risk in report.risks:
        yield f"{style('warning', 'risk')}: {visible(risk)}"
    lint = write_lint(report.lint, style=style)
    if lint:
        yield lint.removesuffix("\n")
    yield from told(report.test, style)
    yield style("summary", f"{verdict(report)}: {counts(report)}")
