"""For code scanning: SARIF 2.1.0."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.model.check import CheckReport
from promptops.model.report import RuleInfo
from promptops.report.check.facts import as_findings, rule_infos
from promptops.report.sarif import write as write_lint


def write(
    report: CheckReport,
    *,
    rules: Mapping[str, RuleInfo] | None = None,
    version: str = "",
    home: str = "",
    **_: object,
) -> str:
    """One run: findings, refused changes, and cases that don't pass."""
    found = as_findings(report)
    known = {**rule_infos(found), **(rules or {})}
    return write_lint(found, rules=known, version=version, home=home, category="promptops/check/")
