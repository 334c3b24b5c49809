"""What a person sees of each diff, compared whole."""

import os
from pathlib import Path

import pytest

from promptops.report.diff import markdown, text
from tests.report.diff.hostile_reports import hostile
from tests.report.diff.reports import REPORTS

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"txt": text, "md": markdown}


def compare(name, shown):
    """With UPDATE_GOLDEN set, writes what it is given, and fails."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_bytes(shown.encode())
        pytest.fail(f"{name} was written; read the difference")
    assert shown.encode() == path.read_bytes()


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", REPORTS)
def test_a_format_writes_what_its_golden_file_says(name, ending):
    compare(f"{name}.{ending}", FORMATS[ending].write(REPORTS[name]))


@pytest.mark.parametrize("ending", FORMATS)
def test_what_strangers_write_is_shown_as_its_golden_file_says(ending):
    everything = "<b>@octocat #1</b> | `a` ```\n::error::x\u202e ##[error] [-x-] **b** \x1b[31m"

    compare(f"hostile.{ending}", FORMATS[ending].write(hostile(everything)))
