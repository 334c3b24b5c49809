"""What the gate shows of findings, of a run and of risks, compared whole; and its limits."""

import json as standard_json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from promptops.commands.check import report as gate_report
from promptops.model.check import CheckReport
from promptops.model.finding import Severity
from promptops.model.place import Place
from promptops.model.report import LintReport, Risk
from promptops.report.data_text import record_json, write_json
from tests.golden_files import compare
from tests.output_schemas import validate
from tests.report.check.html_reports import LINT_CHANGES
from tests.report.check.html_reports import large as large_report
from tests.report.conftest import HOSTILE, hostile_finding
from tests.report.diff.reports import REPORTS
from tests.report.junit_schema import violations
from tests.report.mutate.mutations import since as mutated
from tests.report.test.hostile_runs import hostile, large
from tests.report.test.runs import failing, green, nothing
from tests.report.test_report_schemas import sarif_errors, without_sarif_schema

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {
    "txt": gate_report.write_text,
    "md": gate_report.write_markdown,
    "github.txt": gate_report.write_github,
    "gitlab.json": gate_report.write_gitlab,
    "junit.xml": gate_report.write_junit,
    "sarif.json": gate_report.write_sarif,
}
SEEN_BY_A_LOG = ("txt", "md", "github.txt")


def hostile_risk(text):
    return Risk(message=text, prompt=text, case=text, place=Place(text), refused=True)


def reviewed():
    """A change that breaks callers, between two releases."""
    return replace(REPORTS["breaking"], before_version="1.8.0", after_version="2.0.0")


BELOW_1 = "(before 1.0.0 this raises the patch number)"


@pytest.mark.parametrize(
    ("versions", "bump"),
    [
        (("1.8.0", "1.9.0"), "minor, 1.8.0 -> 1.9.0"),
        (("0.1.0", "0.1.1"), f"minor, 0.1.0 -> 0.1.1 {BELOW_1}"),
    ],
)
def test_below_1_0_0_the_gate_says_why_a_smaller_number_is_raised(versions, bump):
    before, after = versions
    found = replace(REPORTS["wording"], before_version=before, after_version=after)
    gate = report(LintReport(findings=(), files=1), diff=found, test=green(), risks=())

    (row,) = (
        line
        for line in gate_report.write_markdown(gate).splitlines()
        if line.startswith("| release")
    )
    assert (
        gate_report.write_text(gate).splitlines()[-1].endswith(f" · required version bump: {bump}")
    )
    assert row == f"| release | pass | required version bump: {bump} |"


def report(lint, **values):
    usual = {
        "test": failing(),
        "why": {"prompts/a.prompt.yaml": "all prompts are selected"},
        "nothing": "",
        "risks": (LINT_CHANGES,),
        "fail_on": Severity.ERROR,
    }
    return CheckReport(lint=lint, **{**usual, **values})


CASES = {
    "failing": report,
    "reviewed": lambda sample: report(
        sample,
        diff=reviewed(),
        refused=("breaking",),
        budgeted=2,
        strict=True,
        mutation=mutated(),
        unmutated=1,
        test=failing().failing_under(95),
    ),
    "clean": lambda _: report(LintReport(findings=(), files=1), test=green(), risks=()),
    "nothing": lambda _: report(
        LintReport(findings=(), files=0),
        test=nothing(),
        why={},
        nothing="no file that prompts depend on changed",
        risks=(),
    ),
}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", CASES)
def test_a_format_writes_what_its_golden_file_says(sample, name, ending):
    shown = FORMATS[ending](CASES[name](sample))

    compare(GOLDEN / f"{name}.{ending}", shown)


@pytest.mark.parametrize("name", CASES)
def test_junit_is_red_just_where_the_gate_says_no(sample, name):
    found = CASES[name](sample)

    root = ElementTree.fromstring(gate_report.write_junit(found))

    counts = {key: int(root.attrib[key]) for key in ("tests", "failures", "errors")}
    cases = list(root.iter("testcase"))
    assert counts == {
        "tests": len(cases),
        "failures": len(list(root.iter("failure"))),
        "errors": len(list(root.iter("error"))),
    }
    assert list(violations(root)) == []
    assert (counts["failures"] + counts["errors"] == 0) == found.passed


@without_sarif_schema
@pytest.mark.parametrize("name", CASES)
def test_sarif_fits_its_official_schema_and_knows_each_rule(sample, name):
    value = standard_json.loads(gate_report.write_sarif(CASES[name](sample)))

    assert sarif_errors(value) == []
    run = value["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[each["ruleIndex"]] for each in run["results"]] == [
        each["ruleId"] for each in run["results"]
    ]


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.ERROR])
def test_the_verdict_is_that_of_findings_and_cases(sample, severity):
    worst = max(sample.findings, key=lambda finding: finding.severity)
    lint = LintReport(findings=(replace(worst, severity=severity),), files=1)

    shown = gate_report.write_text(report(lint, test=green(), risks=()))

    word = "fail" if severity is Severity.ERROR else "pass"
    assert (
        shown.splitlines()[-1]
        == f"{word}: 1 prompt, 1 finding (1 {severity}), 5 cases, 10 assertions"
    )


def different_risks(count):
    return tuple(Risk(message=f"risk {number} " * 60) for number in range(count))


def test_a_comment_is_never_too_long_and_says_what_is_left_out(sample):
    lint = replace(sample, findings=sample.findings * 200)

    shown = gate_report.write_markdown(report(lint, test=large(), risks=different_risks(100)))

    assert len(shown) <= 65_536
    assert "more risks\n" in shown
    assert "more findings left out: `promptops lint` shows all.\n" in shown
    assert "more prompts left out: " in shown


def test_a_comment_on_very_many_changes_is_whole_and_not_too_long():
    found = replace(large_report(400, 5), risks=different_risks(100), refused=("risk",))

    shown = gate_report.write_markdown(found)

    assert 60_000 < len(shown) <= 65_536
    assert shown.count("<details") == shown.count("</details>")
    assert shown.count("\n```") % 2 == 0
    assert re.search(r"\n\d+ more prompts left out: <code>promptops diff ", shown)
    assert shown.endswith("- 337 more prompts\n\n</details>\n")


def test_findings_have_the_room_that_test_cases_leave(sample):
    lint = replace(sample, findings=sample.findings * 200)

    shown = gate_report.write_markdown(report(lint, test=green()))

    assert 60_000 < len(shown) <= 65_536


@pytest.mark.parametrize("ending", SEEN_BY_A_LOG)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_but_newlines_controls_a_terminal_or_a_log(name, ending):
    written = HOSTILE[name]
    lint = LintReport(findings=(hostile_finding(written),), files=1)

    shown = FORMATS[ending](report(lint, test=hostile(written), risks=(hostile_risk(written),)))

    kinds = {unicodedata.category(char) for char in shown.replace("\n", "")}
    assert kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()
    commands = [line for line in shown.split("\n") if line.lstrip().startswith("::")]
    assert ending == "github.txt" or not commands


@pytest.mark.parametrize("name", CASES)
def test_json_is_what_its_schema_says(sample, name):
    validate("check", record_json(CASES[name](sample)))


def test_json_is_one_object_that_ends_with_one_newline(sample):
    shown = write_json(report(sample))

    value = standard_json.loads(shown)
    assert shown.endswith("}\n")
    assert (value["verdict"], len(value["lint"]["findings"]), value["test"]["verdict"]) == (
        "fail",
        len(sample.findings),
        "fail",
    )
