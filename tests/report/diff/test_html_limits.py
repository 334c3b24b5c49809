"""The HTML page of a diff: what is too much, and how long it takes."""

import pytest

from promptops.commands.diff.page import write_html
from promptops.model.change import Witness
from tests.hanging import ends_soon
from tests.report.diff.html_extremes import large
from tests.report.diff.html_pages import read
from tests.report.diff.html_reports import case, change, pair, prompt, report
from tests.tiers import fast_first


def test_lines_that_are_too_many_are_counted_and_not_lost():
    before, after = "\n".join("a" * 5_000), "\n".join("b" * 5_000)
    cases = [case("usual", pair("system", before, after))]

    root = read(write_html(report(prompt(cases=cases))))

    rows = sum(1 for row in root.all("tr") if any(True for _ in row.all("del")))
    assert rows == 4_000
    assert "1,000 lines too many for this page" in root.text


def test_a_full_page_says_what_it_leaves_out():
    texts = [f"{number} " + "word " * 1_000_000 for number in range(4)]
    cases = [case(f"case {text[0]}", pair("system", text, text + "more")) for text in texts]

    page = write_html(report(prompt(cases=cases)))

    assert page.count("1 line too many for this page") == 2
    assert len(page) < 25_000_000


def test_a_long_witness_is_cut_with_a_count():
    witness = Witness(kind="input", value="x" * 30_000)

    root = read(write_html(report(prompt(changes=[change(witness=witness)]))))

    (pre,) = root.all("pre")
    assert pre.text.endswith("\n… (10002 more characters)")


@pytest.mark.parametrize(
    ("before", "after"),
    fast_first(
        [
            ("word " * 200_000, "term " * 200_000),
            ("word\n" * 200_000, "term\n" * 200_000),
            ("\n" * 1_000_000, "\n \n" * 300_000),
            ("<&>'\"" * 200_000, "\u202e" * 1_000_000),
        ],
        1,
    ),
)
def test_a_megabyte_that_differs_takes_seconds(before, after):
    cases = [case("usual", pair("system", before, after))]
    with ends_soon(cpu_s=120):
        page = write_html(report(prompt(cases=cases)))

    assert len(page) < 20_000_000


@pytest.mark.slow
def test_500_prompts_of_three_cases_take_seconds():
    report = large()
    with ends_soon(cpu_s=120):
        page = write_html(report)

    assert page.count('<section class="prompt part"') == 500
    assert page.count('<details class="difference"') == 1500
    assert "too many for this page" not in page
