"""For code scanning: SARIF 2.1.0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from promptops.model.finding import Finding, Fix, Severity, edits_by_path
from promptops.model.place import Place
from promptops.model.report import LintReport, RuleInfo
from promptops.patterns import lazy_pattern
from promptops.report.data_text import json_text
from promptops.report.finding_text import advice
from promptops.report.visible import visible

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_ROOT = "%SRCROOT%"

# `[text](target)` is a link in a SARIF message; a backslash before the bracket makes it text.
_LINK = lazy_pattern(r"\[(?=[^\]]*\]\()")


def write(
    report: LintReport,
    *,
    rules: Mapping[str, RuleInfo] | None = None,
    version: str = "",
    home: str = "",
    category: str = "promptops/lint/",
    **_: object,
) -> str:
    """One run; its rules are the given ones and those of the findings, by code.

    Args:
        home: The project's address, or "": the schema does not require one.
    """
    # Rules that are known only from findings have just a name.
    found = {
        finding.code: RuleInfo(
            code=finding.code, name=finding.name, severity=finding.severity, summary=finding.name
        )
        for finding in report.findings
    }
    known = dict(sorted((found | dict(rules or {})).items()))
    indexes = {code: index for index, code in enumerate(known)}
    run = {
        "tool": {"driver": _driver(known.values(), version, home)},
        "automationDetails": {"id": category},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [_result(finding, indexes[finding.code]) for finding in report.findings],
    }
    return json_text(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        }
    )


def _driver(rules: Iterable[RuleInfo], version: str, home: str) -> dict[str, Any]:
    driver: dict[str, Any] = {"name": "promptops", "rules": [_rule(rule) for rule in rules]}
    known = {"version": version, "informationUri": home}
    return driver | {name: value for name, value in known.items() if value}


def _rule(rule: RuleInfo) -> dict[str, Any]:
    is_of_lint = rule.code.isupper()
    more = f"\n\nMore: promptops rule {rule.code}" if is_of_lint else ""
    described: dict[str, Any] = {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": _message(rule.summary),
        "help": _message(f"{rule.summary}{more}"),
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {"tags": ["prompts", rule.code.rstrip("0123456789")]},
    }
    return described | ({"helpUri": rule.help_uri} if rule.help_uri else {})


def _result(finding: Finding, rule_index: int) -> dict[str, Any]:
    # A web page needs no command line flags: only a hint on the content is added.
    sentence = f"{finding.message}; {advice(finding)}" if finding.hint else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": _LEVELS[finding.severity],
        "message": _message(sentence),
        "locations": [{"physicalLocation": _location(finding.place, finding.source_line)}],
    }
    if finding.fingerprint:
        result["partialFingerprints"] = {
            "primaryLocationLineHash": finding.fingerprint,
            "promptops/v1": finding.fingerprint,
        }
    if finding.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "physicalLocation": _location(related.place),
                "message": _message(related.message),
            }
            for number, related in enumerate(finding.related, 1)
        ]
    if finding.fix and finding.fix.edits:
        result["fixes"] = [_fix(finding, finding.fix)]
    properties = {"prompt": finding.prompt, "case": finding.case}
    return result | {"properties": {name: value for name, value in properties.items() if value}}


def _location(place: Place, source_line: str = "") -> dict[str, Any]:
    region = _region(place)
    if source_line:
        region["snippet"] = {"text": source_line}
    return {"artifactLocation": _artifact(place.path), "region": region}


def _region(place: Place) -> dict[str, Any]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _artifact(path: str) -> dict[str, str]:
    try:
        # Python decodes a name that is not UTF-8 with surrogates; encode it to git's bytes again.
        name = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        name = path.encode("utf-8", "surrogatepass")
    return {"uri": quote(name, safe="/"), "uriBaseId": _ROOT}


def _fix(finding: Finding, fix: Fix) -> dict[str, Any]:
    return {
        "description": _message(finding.hint or f"fix {finding.name}"),
        "artifactChanges": [
            {
                "artifactLocation": _artifact(path),
                "replacements": [
                    {"deletedRegion": _region(each.place), "insertedContent": {"text": each.text}}
                    for each in those
                ],
            }
            for path, those in edits_by_path(fix.edits).items()
        ],
        "properties": {"applicability": "safe" if fix.safe else "unsafe"},
    }


def _message(text: str) -> dict[str, str]:
    lines = (visible(line) for line in text.split("\n"))
    return {"text": _LINK.sub(r"\\[", "\n".join(lines))}
