"""The HTML page of a run, read without a browser."""

import pytest

from promptops.model.test_run import Decided, MessageText
from promptops.report.test.page import write_html
from tests.hanging import ends_soon
from tests.report.diff.html_pages import read
from tests.report.test.hostile_runs import hostile, large
from tests.report.test.runs import (
    RUNS,
    answer,
    assertion,
    case,
    failing,
    mistakes,
    run,
    worse,
)


def with_class(root, name, tag=""):
    return [each for each in root.all(tag) if name in (each.attributes.get("class") or "").split()]


def row(root, number=0):
    """What the cells of a row say, by the type of their assertion."""
    cells = with_class(with_class(root, "case")[number], "cell")
    return {
        each.attributes["data-type"]: (
            each.attributes["class"].split()[-1],
            next(each.all("span")).text,
        )
        for each in cells
        if "data-type" in each.attributes
    }


def test_what_strangers_and_models_write_is_text_everywhere():
    usual, attacked = (read(write_html(make())) for make in (failing, hostile))

    assert {e.name for e in attacked.all()} <= {e.name for e in usual.all()} | {"code", "small"}
    (body,) = attacked.all("body")
    assert body.text.count("<script>document.title='pwned';alert(1)</script>") > 60


def test_a_cell_says_how_its_assertions_ended_by_a_sign_and_in_words():
    found = case(
        "a",
        "c",
        assertion("contains", on="request"),
        assertion("equals", "failed"),
        assertion("llm-rubric", "failed", must=False),
        assertion("python", "error"),
        assertion("max-latency", "skipped"),
        status="failed",
    )

    root = read(write_html(run(found, verdict="fail")))

    assert row(root) == {
        "contains": ("passed", "✓"),
        "equals": ("failed", "✕"),
        "llm-rubric": ("missed", "↓"),
        "python": ("error", "!"),
        "max-latency": ("skipped", "–"),
    }
    titles = [
        each.attributes["title"]
        for each in with_class(root, "cell")
        if each.attributes.get("title")
    ]
    assert titles == [
        "contains: holds",
        "equals: does not hold",
        "llm-rubric: does not hold (a measure)",
        "python: can't be judged",
        "max-latency: skipped",
    ]


def test_assertions_of_one_type_share_a_cell_that_shows_the_worst():
    found = case(
        "a", "c", assertion("contains"), assertion("contains", "failed"), assertion("contains")
    )

    root = read(write_html(run(found)))

    assert row(root) == {"contains": ("failed", "✕3")}
    assert "contains: does not hold (1 of 3 assertions)" in root.text


def test_what_a_stale_case_asks_of_answers_is_shown_as_stale():
    cases = [
        case("a", "old", assertion("contains", on="request"), status="stale", answer=None),
        case("a", "new", assertion("contains", on="request"), assertion("equals")),
    ]

    root = read(write_html(run(*cases, verdict="fail")))

    assert row(root, 0) == {"contains": ("passed", "✓"), "equals": ("stale", "↻")}
    assert row(root, 1) == {"contains": ("passed", "✓"), "equals": ("passed", "✓")}


def test_a_type_that_judges_requests_and_answers_has_two_columns():
    found = case("a", "c", assertion("contains"), assertion("contains", on="request"))

    root = read(write_html(run(found)))

    cells = with_class(with_class(root, "case")[0], "cell")
    assert [each.attributes["data-column"] for each in cells] == ["1", "2"]
    assert ["begins" in each.attributes["class"] for each in cells] == [False, True]


def test_only_what_passes_can_be_hidden():
    root = read(write_html(failing()))

    quiet = with_class(root, "quiet", "details")
    assert len(with_class(root, "case")) == 17
    assert len(quiet) == 8
    assert all("passed: " in next(each.all("summary")).text for each in quiet)
    assert with_class(root, "quiet", "section") == []


def test_a_case_opens_to_its_reasons_its_request_and_its_answer():
    failed = assertion("equals", "failed", "expected `a`, got `b`")
    said = answer("b\n<i>", tool_calls=({"name": "find", "arguments": {"id": 7}},))
    found = case(
        "a",
        "c",
        assertion("contains"),
        failed,
        status="failed",
        answer=said,
        messages=(MessageText("user", "Hi"),),
    )

    root = read(write_html(run(found, verdict="fail")))

    (inside,) = with_class(root, "inside")
    items = [next(each.all("p")).text for each in inside.all("li")]
    assert items[0] == "✕ equals expected a, got b"
    assert items[1].startswith("✓ contains ")
    assert [pre.text for pre in inside.all("pre")] == ["\nHi", "\nb\n<i>", '\nfind({"id": 7})']


def test_the_difference_of_long_texts_is_marked_by_words():
    root = read(write_html(failing()))

    (compared,) = (
        each for item in with_class(root, "results") for each in with_class(item, "compared")
    )
    assert [each.text for each in compared.all("ins")] == ["ten", " and"]
    assert [each.text for each in compared.all("del")][:2] == ["10", ", then"]


def test_a_worst_case_shows_both_answers_and_leads_to_the_case():
    root = read(write_html(failing()))

    found = with_class(root, "worse", "details")
    assert [next(each.all("summary")).text.split() for each in found] == [
        ["two", "sources", "100", "to", "40", "points"],
        ["outdated", "page", "66.7", "to", "33.3", "points"],
        ["no", "source", "50", "to", "40", "points"],
        ["late", "parcel", "90", "to", "80", "points"],
    ]
    assert [each.text for each in found[0].all("ins")] == ["30", ", unless you were ill", "now"]
    assert found[0].text.count("Leave is") == 1
    assert "Both answers are the same" in found[2].text
    links = [each.attributes["href"] for item in found for each in item.all("a")]
    assert links == [f"#prompt-{case}" for case in ("3-case-2", "3-case-3", "3-case-4", "1-case-5")]


def test_answers_that_are_too_long_to_compare_are_both_shown_cut():
    lost = worse("c", 1, 0, "before " * 50_000, "now " * 50_000)
    decided = Decided(prompt="a", score="tone", verdict="fail", line="-4", worst=(lost,))

    root = read(write_html(run(case("a", "c"), verdict="fail", decided=(decided,))))

    (found,) = with_class(root, "worse", "details")
    assert [pre.text.split()[0] for pre in found.all("pre")] == ["before", "now"]
    assert "more characters: promptops test --format json has all" in found.text


def test_too_little_coverage_is_said_at_the_top():
    root = read(write_html(RUNS["undercovered"]()))

    (header,) = root.all("header")
    assert "✕ 71.4% of branches covered, under 90%" in header.text


def test_an_outage_is_said_once_for_all_of_its_cases():
    root = read(write_html(RUNS["interrupted"]()))

    seen = [each.text for each in with_class(root, "brief")]
    (section,) = with_class(root, "risks")
    assert seen == []
    assert "not requested: interrupted, 37 cases" in section.text


def test_a_long_text_is_cut_with_a_count():
    found = case("a", "c", answer=answer("x" * 30_000))

    root = read(write_html(run(found)))

    assert "10,000 more characters: promptops test --format json has all" in root.text


@pytest.mark.slow
def test_ten_thousand_cases_make_a_page_in_seconds():
    with ends_soon(cpu_s=120):
        page = write_html(large())

    assert page.count('<details class="case item') == 10_000
    assert len(page) < 80_000_000


def test_an_error_of_several_cases_is_told_once_above_them():
    root = read(write_html(mistakes()))

    (section,) = with_class(root, "risks")
    told = [" ".join(item.text.split()) for item in section.all("li")]
    assert told == [
        "no assertion counts in the score tone: did you mean tones?, 16 cases: "
        "support/triage (case 0, case 1, case 2 and 13 more) "
        "· prompts/support/triage.prompt.yaml:40:9",
        "it can't be rendered: there is no x, 5 cases: "
        "answers/handbook (case 0, case 1, case 2); extraction/invoice (case 0, case 1) "
        "· prompts/partials/style.md.j2:2:12",
        "python can't be judged: cites raises KeyError: 'url', 5 cases: "
        "answers/handbook (cited 0, cited 1, cited 2 and 2 more) "
        "· prompts/answers/handbook.prompt.yaml:90:9",
    ]
    briefs = [brief.text for brief in with_class(root, "brief")]
    assert [brief.strip() for brief in briefs] == ["it has no assertions"]
    assert "what it asserts" not in root.text
