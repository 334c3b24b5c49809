"""What a person sees of each result of mutation testing, compared whole."""

from pathlib import Path

import pytest

from promptops.commands.mutate import page, report
from tests.golden_files import compare
from tests.report.diff.html_pages import read, readable
from tests.report.mutate.mutations import RUNS, hostile, many, since

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"txt": report.write_text, "github": report.write_github, "md": report.write_markdown}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", RUNS)
def test_a_format_writes_its_golden_file(name, ending):
    compare(GOLDEN / f"{name}.{ending}", FORMATS[ending](RUNS[name]()))


@pytest.mark.parametrize("ending", FORMATS)
def test_untrusted_text_is_shown_as_in_its_golden_file(ending):
    everything = "<b>@octocat #1</b> | `a` ```\n::error::x\u202e ##[error] [-x-] **b** \x1b[31m"

    compare(GOLDEN / f"hostile.{ending}", FORMATS[ending](hostile(everything)))


def test_a_page_has_the_texts_of_its_golden_file():
    root = read(page.write_html(since()))

    parts = [next(root.all(name)) for name in ("header", "main", "footer")]
    compare(GOLDEN / "page.txt", "\n".join(map(readable, parts)))


def test_a_comment_with_many_survivors_is_short_enough_and_counts_the_others():
    shown = report.write_markdown(many(5_000))

    assert len(shown) < 65_536
    assert "and 4,980 more" in shown
