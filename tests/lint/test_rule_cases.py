"""The cases of lint rules: data in `cases/`, one file a rule. CONTRIBUTING.md shows a case."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from promptops.lint.examples import PROMPT_PATH, files, findings
from promptops.lint.registry import built_in
from promptops.lint.rules.template_not_literal_block import spliced
from promptops.model.finding import Finding

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
NONE = "none"
KEYS = {"name", "prompt", "files", "findings", "fixed"}
PLACE = re.compile(r"\S.*?:\d+:\d+(?P<end>-\d+)? [A-Z]{1,4}\d{3} ", re.DOTALL)


def all_cases() -> Iterator[Any]:
    for file in CASES:
        for case in yaml.safe_load(file.read_text("utf-8")):
            yield pytest.param(file.stem, case, id=f"{file.stem}: {case.get('name')}")


ALL_CASES = list(all_cases())


@pytest.mark.parametrize(("code", "case"), ALL_CASES)
def test_a_rule_finds_what_its_case_expects(code: str, case: Mapping[str, Any]) -> None:
    found = findings(built_in()[code], given(case))

    expected = [] if case["findings"] == NONE else case["findings"]
    likes = [*expected, *[""] * len(found)]
    assert [line(each, like) for each, like in zip(found, likes, strict=False)] == expected


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_file_of_cases_has_what_is_documented(file: Path) -> None:
    cases = yaml.safe_load(file.read_text("utf-8"))

    assert file.stem in built_in()
    assert len({case["name"] for case in cases}) == len(cases) > 0
    for case in cases:
        assert case.keys() <= KEYS
        assert ("prompt" in case) != ("files" in case)
        # That a rule is silent is a claim, too; an empty list may be a mistake.
        assert case["findings"] == NONE or case["findings"]
        assert case["findings"] == NONE or all(map(PLACE.match, case["findings"]))


@pytest.mark.parametrize(
    ("code", "case"), [each for each in ALL_CASES if "fixed" in each.values[1]]
)
def test_the_fixes_of_a_rule_make_the_files_that_its_case_shows(
    code: str, case: Mapping[str, Any]
) -> None:
    before = given(case)
    found = findings(built_in()[code], before)

    after = dict(before)
    edits = [edit for each in found if each.fix for edit in each.fix.edits]
    for edit in sorted(edits, key=lambda edit: (-edit.place.line, -edit.place.column)):
        after[edit.place.path] = spliced(after[edit.place.path], edit)

    assert after == before | fixed(case, before)


def given(case: Mapping[str, Any]) -> dict[str, str]:
    """The files of a case; a `prompt` is part of a prompt file, which is completed."""
    return files(case["prompt"]) if "prompt" in case else case["files"]


def fixed(case: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, str]:
    if "prompt" not in case:
        return dict(case["fixed"])
    added = before[PROMPT_PATH].removeprefix(case["prompt"])
    return {PROMPT_PATH: case["fixed"] + added}


def line(finding: Finding, like: str) -> str:
    """As `path:line:column code message [case]`, with `-end_column` if the other line has that."""
    match = PLACE.match(like)
    end = f"-{finding.place.end_column}" if match and match["end"] else ""
    case = f" [{finding.case}]" if finding.case else ""
    return f"{finding.place}{end} {finding.code} {finding.message}{case}"
