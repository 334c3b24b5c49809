"""What a person or a program sees of each run, compared whole."""

from pathlib import Path

import pytest

from promptops.report import data_text
from promptops.report.test import page, report
from tests.golden_files import compare
from tests.report.diff.html_pages import read, readable
from tests.report.test.hostile_runs import hostile
from tests.report.test.runs import RUNS, failing

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {
    "txt": report.write_text,
    "xml": report.write_junit,
    "github.txt": report.write_github,
    "md": report.write_markdown,
}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", RUNS)
def test_a_format_writes_what_its_golden_file_says(name, ending):
    compare(GOLDEN / f"{name}.{ending}", FORMATS[ending](RUNS[name]()))


@pytest.mark.parametrize("ending", FORMATS)
def test_what_strangers_and_models_write_is_shown_as_its_golden_file_says(ending):
    everything = "<b>@octocat #1</b> | `a` ```\n::error::x\u202e ##[error] [-x-] **b** \x1b[31m"

    compare(GOLDEN / f"hostile.{ending}", FORMATS[ending](hostile(everything)))


def test_json_has_all_of_a_run():
    compare(GOLDEN / "failing.json", data_text.write_json(failing()))


def test_a_page_says_what_its_golden_file_says():
    root = read(page.write_html(failing()))

    parts = [next(root.all(name)) for name in ("header", "main", "footer")]
    compare(GOLDEN / "page.txt", "\n".join(map(readable, parts)))
