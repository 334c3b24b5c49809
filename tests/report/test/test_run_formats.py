"""What holds for every format, and the annotations of a pull request."""

import re
import unicodedata

import pytest

from promptops.report.data_text import write_json
from promptops.report.test import page, report
from tests.report.conftest import HOSTILE
from tests.report.test.hostile_runs import hostile
from tests.report.test.runs import RUNS, case, failing, run
from tests.tiers import fast_spread

FORMATS = {
    "text": report.write_text,
    "json": write_json,
    "junit": report.write_junit,
    "github": report.write_github,
    "markdown": report.write_markdown,
    "html": page.write_html,
}


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", fast_spread(HOSTILE, 5))
def test_nothing_but_newlines_controls_a_terminal(name, format_name):
    shown = FORMATS[format_name](hostile(HOSTILE[name]))

    kinds = {unicodedata.category(char) for char in shown.replace("\n", "")}
    assert kinds & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()
    assert shown.encode().decode() == shown


@pytest.mark.parametrize("format_name", sorted(FORMATS.keys() - {"html"}))
@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - {"empty"}))
def test_a_log_reads_no_command_but_those_of_github(name, format_name):
    shown = FORMATS[format_name](hostile(HOSTILE[name]))

    commands = [line for line in shown.split("\n") if line.lstrip().startswith("::")]
    assert len(commands) == (8 if format_name == "github" else 0)
    assert re.search(r"##\w*\[", shown) is None


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("name", RUNS)
def test_a_text_ends_with_a_newline_or_is_empty(name, format_name):
    shown = FORMATS[format_name](RUNS[name]())

    assert shown == "" or shown.endswith("\n")


def test_what_does_not_pass_is_an_error_and_the_rest_is_none():
    kinds = [line.split(" ")[0] for line in report.write_github(failing()).splitlines()]

    assert kinds == ["::error"] * 8 + ["::warning"] + ["::notice"] * 2


def test_what_is_to_be_known_of_cases_that_pass_is_one_notice():
    cases = [case("a", f"c{n}", reason="two of three answers keep it") for n in range(50)]

    (line,) = report.write_github(run(*cases)).splitlines()

    assert line.startswith("::notice file=prompts/support/triage.prompt.yaml,line=80,")
    assert line.endswith("title=note::two of three answers keep it%0Aa: c0, c1, c2 and 47 more")


def test_missing_recordings_are_one_annotation():
    cases = [case("a", f"c{n}", status="stale", answer=None) for n in range(50)]

    (line,) = report.write_github(run(*cases, verdict="fail")).splitlines()

    assert line.endswith(
        "title=stale::50 of 50 recordings missing, run promptops test --record"
        "%0Aa: c0, c1, c2 and 47 more"
    )
