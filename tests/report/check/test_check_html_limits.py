"""The HTML page of the gate: what is too much is left out, and said to be."""

import pytest

from promptops.commands.check.page import write_html
from promptops.model.finding import Severity
from promptops.model.place import Place
from promptops.model.report import Risk
from promptops.model.test_run import CoverageRow, TestRun, Uncovered
from tests.hanging import ends_soon
from tests.report.check.html_reports import finding, large, report, shown, source
from tests.report.diff.html_pages import read
from tests.report.test.runs import case


def with_class(root, name):
    return [each for each in root.all() if name in (each.attributes.get("class") or "").split()]


@pytest.mark.slow
def test_600_prompts_and_3000_cases_make_a_page_that_opens():
    made = large(600, 5)
    with ends_soon(cpu_s=120):
        page = write_html(made)

    assert len(page) < 15_000_000
    assert page.count('<details class="case item') == 1_000
    assert page.count('<section class="file part"') == 600
    assert page.count('<tr data-of="') == 600


def test_cases_that_don_t_pass_are_shown_before_those_that_do():
    passing = [case("a", f"case {number}") for number in range(1_500)]
    failing = [case("b", f"case {number}", status="failed") for number in range(700)]

    root = read(write_html(report(test=TestRun(cases=(*passing, *failing), verdict="fail"))))

    sections = with_class(root, "prompt")
    shown_of = [len(with_class(section, "case")) for section in sections]
    assert shown_of == [700, 300]
    assert "1,200 more cases: promptops test --format json has all" in sections[1].text
    assert "1,500 passed" in sections[1].text


def test_findings_that_are_too_many_are_counted_and_not_lost():
    place = Place("prompts/a.prompt.yaml", 1, 1, 1, 2)
    many = tuple(finding("VAR001", Severity.ERROR, f"no `{n}`", place) for n in range(1_200))

    root = read(write_html(report(findings=many)))

    assert len(with_class(root, "remark")) == 1_000
    assert "200 more findings: promptops check --format json has all" in root.text
    assert "1,200 errors" in root.text


def test_branches_that_are_too_many_are_counted_and_not_lost():
    path = "prompts/a.prompt.yaml"
    rows = tuple(
        Uncovered(place=Place(path, line, 1, line, 3), message="in no case `x` holds")
        for line in range(1, 1_101)
    )
    run = TestRun(
        cases=(),
        verdict="pass",
        coverage=(CoverageRow(prompt="a", covered=0, total=1_100, uncovered=rows),),
    )

    root = read(write_html(report(test=run, shown=shown(sources={path: source(1_100, {})}))))

    assert len(with_class(root, "remark")) == 1_000
    assert "100 more places" in root.text
    assert "not taken at 1,100 places" in root.text


def test_where_sources_are_too_long_their_lines_are_counted():
    names = [f"p{number}" for number in range(4)]
    text = "x" * 300 + "\n"
    rows = tuple(
        CoverageRow(
            prompt=name,
            covered=0,
            total=1,
            uncovered=(Uncovered(place=Place(name, 1, 1, 1, 3), message="in no case `x` holds"),),
        )
        for name in names
    )

    page = write_html(
        report(
            test=TestRun(cases=(), verdict="pass", coverage=rows),
            shown=shown(sources=dict.fromkeys(names, text * 1_500)),
        )
    )

    root = read(page)
    assert [each.text for each in with_class(root, "gap")] == ["1,497 lines", "1,497 lines"]
    assert len(page) < 2_000_000


def test_what_is_told_at_the_top_is_cut():
    risks = tuple(Risk(message=f"risk {number}") for number in range(150))

    root = read(write_html(report(risks=risks)))

    (section,) = with_class(root, "risks")
    assert len(list(section.all("li"))) == 100
    assert "50 more risks" in section.text


@pytest.mark.parametrize("line", ["x" * 1_000_000, "{{ a }}" * 150_000, "\u202e" * 300_000])
def test_a_line_of_a_megabyte_is_cut(line):
    place = Place("prompts/a.prompt.yaml", 1, 500, 1, len(line))
    found = finding("VAR001", Severity.ERROR, "too long", place)

    page = write_html(report(findings=(found,), shown=shown(sources={place.path: line})))

    assert len(page) < 200_000
