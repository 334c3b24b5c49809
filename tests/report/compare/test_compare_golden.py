"""What a person or a program sees of each comparison, compared whole."""

from pathlib import Path

import pytest

from promptops.commands.compare import page, report
from promptops.report import data_text
from tests.golden_files import compare
from tests.report.compare.comparisons import COMPARISONS, recommended, undecided
from tests.report.compare.hostile_comparisons import hostile
from tests.report.diff.html_pages import read, readable

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"txt": report.write_text, "md": report.write_markdown}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", COMPARISONS)
def test_a_format_writes_its_golden_file(name, ending):
    compare(GOLDEN / f"{name}.{ending}", FORMATS[ending](COMPARISONS[name]()))


@pytest.mark.parametrize("ending", FORMATS)
def test_untrusted_text_is_shown_as_in_its_golden_file(ending):
    everything = "<b>@octocat #1</b> | `a` ```\n::error::x\u202e ##[error] [-x-] **b** \x1b[31m"

    compare(GOLDEN / f"hostile.{ending}", FORMATS[ending](hostile(everything)))


def test_json_has_all_of_a_comparison():
    compare(GOLDEN / "recommended.json", data_text.write_json(recommended()))


def test_a_page_has_the_texts_of_its_golden_file():
    root = read(page.write_html(undecided()))

    parts = [next(root.all(name)) for name in ("header", "main", "footer")]
    compare(GOLDEN / "page.txt", "\n".join(map(readable, parts)))
