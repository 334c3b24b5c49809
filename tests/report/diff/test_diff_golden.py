"""What a person sees of each diff, compared whole."""

from pathlib import Path

import pytest

from promptops.commands.diff import report
from tests.golden_files import compare
from tests.report.diff.hostile_reports import hostile
from tests.report.diff.reports import REPORTS

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"txt": report.write_text, "md": report.write_markdown}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", REPORTS)
def test_a_format_writes_what_its_golden_file_says(name, ending):
    compare(GOLDEN / f"{name}.{ending}", FORMATS[ending](REPORTS[name]))


@pytest.mark.parametrize("ending", FORMATS)
def test_what_strangers_write_is_shown_as_its_golden_file_says(ending):
    everything = "<b>@octocat #1</b> | `a` ```\n::error::x\u202e ##[error] [-x-] **b** \x1b[31m"

    compare(GOLDEN / f"hostile.{ending}", FORMATS[ending](hostile(everything)))
