"""What a person or a program sees of each run, compared whole."""

import os
from pathlib import Path

import pytest

from promptops.report.test import github, html, json, junit, markdown, text
from tests.report.diff.html_pages import read, readable
from tests.report.test_run.hostile_runs import hostile
from tests.report.test_run.runs import RUNS, failing

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"txt": text, "json": json, "xml": junit, "github.txt": github, "md": markdown}


def compare(name, shown):
    """With UPDATE_GOLDEN set, writes what it is given, and fails."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(shown.encode())
        pytest.fail(f"{name} was written; read the difference")
    assert shown.encode() == path.read_bytes()


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", RUNS)
def test_a_format_writes_what_its_golden_file_says(name, ending):
    compare(f"{name}.{ending}", FORMATS[ending].write(RUNS[name]()))


@pytest.mark.parametrize("ending", FORMATS)
def test_what_strangers_and_models_write_is_shown_as_its_golden_file_says(ending):
    everything = "<b>@octocat #1</b> | `a` ```\n::error::x\u202e ##[error] [-x-] **b** \x1b[31m"

    compare(f"hostile.{ending}", FORMATS[ending].write(hostile(everything)))


def test_a_page_says_what_its_golden_file_says():
    root = read(html.write(failing()))

    parts = [next(root.all(name)) for name in ("header", "main", "footer")]
    compare("page.txt", "\n".join(map(readable, parts)))
