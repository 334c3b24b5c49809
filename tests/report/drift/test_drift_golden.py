"""What a person sees of each result of `drift`, compared whole."""

from pathlib import Path

import pytest

from promptops.commands.drift import page, report
from promptops.commands.drift.report import next_steps
from promptops.model.night import NOTES_REF
from promptops.records import replace
from promptops.report.data_text import record_json, write_json
from tests.golden_files import compare
from tests.output_schemas import validate
from tests.report.diff.html_pages import read, readable
from tests.report.drift.drifts import (
    RUNS,
    drifted_prompt,
    hostile,
    many,
    prompt,
    run,
    series,
    unfinished,
)

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"txt": report.write_text, "md": report.write_markdown}
HOSTILE = "<b>@octocat #1</b> | `a` ```\n::error::x\u202e ##[error] [-x-] **b** \x1b[31m"


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", RUNS)
def test_a_format_writes_its_golden_file(name, ending):
    compare(GOLDEN / f"{name}.{ending}", FORMATS[ending](RUNS[name]()))


@pytest.mark.parametrize("ending", FORMATS)
def test_untrusted_text_is_shown_as_in_its_golden_file(ending):
    compare(GOLDEN / f"hostile.{ending}", FORMATS[ending](hostile(HOSTILE)))


@pytest.mark.parametrize("name", RUNS)
def test_the_json_is_that_of_its_schema(name):
    validate("drift", record_json(RUNS[name]()))


def test_the_json_has_the_figures_of_each_prompt_and_the_cause():
    compare(GOLDEN / "drifted.json", write_json(RUNS["drifted"]()))


def test_a_page_has_the_texts_of_its_golden_file():
    root = read(page.write_html(unfinished()))

    parts = [next(root.all(name)) for name in ("header", "main", "footer")]
    compare(GOLDEN / "page.txt", "\n".join(map(readable, parts)))


def test_another_model_is_named_also_while_nothing_got_worse():
    before, *_, tonight = series(12)
    history = [before, replace(tonight, models=("m-2",), fingerprints=("fp_2",))]

    lines = report.write_text(run(prompt(history))).splitlines()

    named = "support/triage: changed since the night before: model gpt-5.4-mini-2026-03-17 → m-2"
    assert [line for line in lines if "changed" in line] == [named]


@pytest.mark.parametrize(
    ("history", "pushes", "options"),
    [
        (NOTES_REF, False, ""),
        (NOTES_REF, True, " --push"),
        ("../my nights.jsonl", False, " --history '../my nights.jsonl'"),
    ],
)
def test_the_command_that_accepts_a_level_writes_to_the_same_history(history, pushes, options):
    drifted = drifted_prompt()

    steps = list(next_steps(drifted, run(drifted, history=history, pushes=pushes)))

    accepted = f"promptops drift --accept support/triage --reason 'WHY'{options}"
    assert steps[-1] == ("or accept the new level, which the next nights learn", accepted)


def test_an_issue_about_many_prompts_is_short_enough_and_begins_with_the_drifted_one():
    shown = report.write_markdown(many(300, 12))

    assert len(shown) < 65_536
    assert shown.startswith("<!-- promptops drift -->\n# support/triage drifted\n")
    assert "more prompts: <code>--format json=FILE</code>" in shown
