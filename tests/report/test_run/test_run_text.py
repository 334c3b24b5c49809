"""What a golden file does not show about the text of a run."""

from dataclasses import replace
from time import process_time

import pytest

from promptops.model.answer import Answer
from promptops.model.test_run import CoverageRow, Decided
from promptops.report.test.text import write
from tests.report.test_run.hostile_runs import large
from tests.report.test_run.runs import assertion, at, case, failing, green, run, stale

FAILED = assertion("equals", "failed", "expected `a` in the answer, got `b`", place=at("p.yaml", 3))


def last(found):
    return write(found).splitlines()[-1]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "pass: nothing to test"),
        ({"nothing": "no case is named `x`"}, "pass: nothing to test, no case is named `x`"),
        ({"verdict": "fail", "nothing": "x"}, "fail: nothing to test, x"),
    ],
)
def test_a_run_of_nothing_says_why(values, line):
    assert write(run(**{"verdict": "pass", **values})) == f"{line}\n"


@pytest.mark.parametrize(
    ("sources", "line"),
    [
        (["recorded"], "pass: 1 case, 1 assertion (replayed)"),
        (["live"] * 2, "pass: 2 cases, 2 assertions (live)"),
        (["cached"], "pass: 1 case, 1 assertion (cached)"),
        (["none"], "pass: 1 case, 1 assertion"),
        (["none", "recorded"], "pass: 2 cases, 2 assertions (replayed)"),
        (
            ["live", "recorded", "recorded"],
            "pass: 3 cases, 3 assertions (2 replayed, 1 live)",
        ),
    ],
)
def test_the_last_line_says_where_answers_came_from(sources, line):
    cases = [
        case("a", f"c{number}", assertion("equals"), source=source)
        for number, source in enumerate(sources)
    ]

    assert write(run(*cases)) == f"{line}\n"


@pytest.mark.parametrize(
    ("statuses", "line"),
    [
        (["passed", "failed"], "fail: 1 failed of 2 cases"),
        (["failed", "error", "error", "stale"], "fail: 1 failed, 2 errors, 1 stale of 4 cases"),
        (["error"], "fail: 1 error of 1 case"),
    ],
)
def test_the_last_line_counts_what_does_not_pass(statuses, line):
    cases = [case("a", f"c{number}", status=each) for number, each in enumerate(statuses)]

    assert last(run(*cases, verdict="fail")) == line


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        (0.014, " · $0.014"),
        (0.0000001, " · under $0.001"),
        (12.5, " · $12.50"),
        (0, ""),
        (float("nan"), ""),
    ],
)
def test_the_last_line_says_what_the_answers_cost(usd, shown):
    found = run(case("a", "c", assertion("equals"), source="live"), cost_usd=usd)

    assert write(found) == f"pass: 1 case, 1 assertion (live){shown}\n"


def test_assertions_that_were_skipped_are_not_counted_as_judged():
    skipped = assertion("max-latency", "skipped", "only a fresh answer has a latency")

    found = run(case("a", "c", assertion("equals"), skipped))

    assert write(found) == "pass: 1 case, 1 assertion, 1 skipped (replayed)\n"


def test_a_measure_that_does_not_hold_is_no_failure():
    measure = assertion("llm-rubric", "failed", "curt", must=False, score="tone")

    assert write(run(case("a", "c", measure))) == "pass: 1 case, 1 assertion (replayed)\n"


def test_a_failure_names_the_assertion_its_place_and_the_reason():
    found = run(case("a/b", "c", assertion("contains"), FAILED, status="failed"), verdict="fail")

    assert write(found).splitlines()[:-1] == [
        "p.yaml:3:9: failed: `equals` does not hold  [a/b: c]",
        "  expected `a` in the answer, got `b`",
    ]


def test_a_case_of_several_repeats_is_told_once_with_their_numbers():
    cases = [case("a", "c", FAILED, status="failed", repeat=repeat) for repeat in (0, 1, 3)]
    other = case("a", "d", FAILED, status="failed")

    lines = write(run(*cases, other, verdict="fail")).splitlines()

    assert [line for line in lines if "failed:" in line] == [
        "p.yaml:3:9: failed: `equals` does not hold  [a: c #0, #1, #3]",
        "p.yaml:3:9: failed: `equals` does not hold  [a: d]",
    ]


def test_a_case_that_fails_without_an_assertion_is_not_lost():
    found = case("a", "c", status="failed", reason="its judge and its author disagree")

    assert write(run(found, verdict="fail")).splitlines()[0] == (
        f"{found.place}: failed: its judge and its author disagree  [a: c]"
    )


def test_an_error_that_an_assertion_tells_is_told_once():
    broken = assertion("python", "error", "it raises KeyError", place=at("p.yaml", 7))
    found = case("a", "c", broken, status="error", reason="it raises KeyError", place=broken.place)

    assert write(run(found, verdict="fail")).splitlines() == [
        "p.yaml:7:9: error: `python` can't be judged  [a: c]",
        "  it raises KeyError",
        "fail: 1 error of 1 case",
    ]


def test_an_outage_is_told_once_for_all_of_its_cases():
    cases = [
        case(prompt, f"c{number}", status="error", reason="503", infrastructure=True, answer=None)
        for prompt in ("a", "b")
        for number in range(5)
    ]

    assert write(run(*cases, verdict="fail")).splitlines() == [
        "error: 503",
        "  a: c0, c1, c2 and 2 more",
        "  b: c0, c1, c2 and 2 more",
        "fail: 10 errors of 10 cases",
    ]


def test_a_contract_over_the_request_is_told_beside_an_outage():
    rendered = replace(FAILED, on="request")
    found = case("a", "c", rendered, status="error", reason="503", infrastructure=True, answer=None)

    lines = write(run(found, verdict="fail")).splitlines()

    assert lines[0] == "p.yaml:3:9: failed: `equals` does not hold  [a: c]"
    assert "error: 503" in lines


def test_without_other_advice_stale_recordings_are_to_be_recorded():
    lines = write(replace(stale(), advice="")).splitlines()

    assert lines[0] == "stale: 5 of 12 recordings missing, run promptops test --record"


def test_cases_that_ask_nothing_are_no_missing_recordings():
    quiet = case("a", "c", answer=None, source="none")
    old = case("a", "d", status="stale", answer=None)

    assert write(run(quiet, old, verdict="fail")).startswith("stale: 1 of 1 recording missing, ")


def test_advice_stands_before_the_last_line():
    lines = write(replace(green(), advice="promptops test --live")).splitlines()

    assert lines == ["hint: promptops test --live", "pass: 5 cases, 10 assertions (replayed)"]


def test_the_difference_of_long_texts_is_cut():
    compared = ("\n".join(map(str, range(100))), "\n".join(f"{each}x" for each in range(100)))
    found = case("a", "c", replace(FAILED, compared=compared), status="failed")

    lines = write(run(found, verdict="fail")).splitlines()

    assert lines[2] == "  [-expected-] {+got+}:"
    assert lines[-2] == "    … 187 more lines"
    assert len(lines) == 2 + 1 + 12 + 1 + 1


def test_with_colour_the_difference_needs_no_marks():
    text = write(failing(), style=lambda role, text: f"<{role}>{text}</>")

    assert "button for <removed>10</><added>ten</> seconds<removed>, then</>" in text
    assert "[-" not in text.replace("[-6.5", "").replace("[-3.4", "").replace("[-0.9", "")


@pytest.mark.parametrize("verdict", ["pass", "fail", "inconclusive"])
def test_a_score_is_printed_whatever_its_verdict(verdict):
    line = "-4.2 points [-6.5, -1.9] p=.003 n=200 k=3"
    decided = Decided(prompt="a", score="tone", verdict=verdict, line=line, worst=("c",))

    lines = write(run(case("a", "c"), verdict=verdict, decided=(decided,))).splitlines()

    assert lines[0] == f"score: a tone: {verdict}: {line}"
    assert ("  worst: c" in lines) == (verdict != "pass")


def test_nearly_all_branches_are_not_all():
    row = CoverageRow(prompt="a", covered=999, total=1000)

    lines = write(run(case("a", "c"), coverage=(row,))).splitlines()

    assert lines[:2] == ["coverage: 999 of 1000 branches, 99%", "  a  999/1000   99%"]


def test_ten_thousand_cases_are_written_in_seconds():
    started = process_time()

    text = write(large())

    assert process_time() - started < 20
    assert text.count(": failed: ") == 1000


def test_an_answer_that_nobody_judged_breaks_nothing():
    found = case("a", "c", answer=Answer(text=""))

    assert write(run(found)) == "pass: 1 case, 0 assertions (replayed)\n"
