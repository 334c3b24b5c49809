"""What the gate shows of findings, of a run and of risks, compared whole; and its limits."""

import json as standard_json
import os
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from promptops.model.check import CheckReport
from promptops.model.finding import Severity
from promptops.model.report import LintReport
from promptops.report.check import json, markdown, text
from tests.report.conftest import HOSTILE, hostile_finding
from tests.report.test_run.hostile_runs import hostile, large
from tests.report.test_run.runs import failing, green

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"txt": text, "md": markdown}


def report(lint, **values):
    usual = {
        "test": failing(),
        "why": {"prompts/a.prompt.yaml": "all prompts are selected"},
        "nothing": "",
        "risks": ("promptops.toml changes `lint`; it counts once it is merged",),
        "fail_on": Severity.ERROR,
    }
    return CheckReport(lint=lint, **{**usual, **values})


@pytest.mark.parametrize("ending", FORMATS)
def test_a_format_writes_what_its_golden_file_says(sample, ending):
    shown = FORMATS[ending].write(report(sample))

    path = GOLDEN / f"failing.{ending}"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(shown.encode())
        pytest.fail(f"{path.name} was written; read the difference")
    assert shown.encode() == path.read_bytes()


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.ERROR])
def test_the_verdict_is_that_of_findings_and_cases(sample, severity):
    worst = max(sample.findings, key=lambda finding: finding.severity)
    lint = LintReport(findings=(replace(worst, severity=severity),), files=1)

    shown = text.write(report(lint, test=green(), risks=()))

    word = "fail" if severity is Severity.ERROR else "pass"
    assert shown.splitlines()[-1] == f"{word}: 1 prompt, 1 finding, 5 cases, 10 assertions"


def test_a_comment_is_never_too_long_and_says_what_is_left_out(sample):
    lint = replace(sample, findings=sample.findings * 200)

    shown = markdown.write(report(lint, test=large(), risks=("a risk " * 60,) * 100))

    assert len(shown) <= 65_536
    assert "more risks\n" in shown
    assert "more prompts left out: " in shown
    assert shown.endswith("\nMore is left out: `promptops lint` shows all.\n")


def test_findings_have_the_room_that_test_cases_leave(sample):
    lint = replace(sample, findings=sample.findings * 200)

    shown = markdown.write(report(lint, test=green()))

    assert 60_000 < len(shown) <= 65_536


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_but_newlines_controls_a_terminal_or_a_log(name, ending):
    written = HOSTILE[name]
    lint = LintReport(findings=(hostile_finding(written),), files=1)

    shown = FORMATS[ending].write(report(lint, test=hostile(written), risks=(written,)))

    kinds = {unicodedata.category(char) for char in shown.replace("\n", "")}
    assert kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()
    assert not [line for line in shown.split("\n") if line.lstrip().startswith("::")]


def test_json_is_one_object_that_ends_with_one_newline(sample):
    shown = json.write(report(sample))

    value = standard_json.loads(shown)
    assert shown.endswith("}\n")
    assert (value["verdict"], len(value["lint"]["findings"]), value["test"]["verdict"]) == (
        "fail",
        len(sample.findings),
        "fail",
    )
