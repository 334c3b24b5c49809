"""What a golden file does not show about the text of a run."""

from dataclasses import replace

import pytest

from promptops.model.answer import Answer
from promptops.model.test_run import ComparedTexts, CoverageRow, Decided, JudgeAgreement
from promptops.report.test.report import write_text
from tests.hanging import ends_soon
from tests.report.test.hostile_runs import large
from tests.report.test.runs import assertion, at, case, failing, green, run, stale, worse

FAILED = assertion("equals", "failed", "expected `a` in the answer, got `b`", place=at("p.yaml", 3))


def last(found):
    return write_text(found).splitlines()[-1]


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "pass: nothing to test"),
        ({"nothing": "no case is named `x`"}, "pass: nothing to test, no case is named `x`"),
        ({"verdict": "fail", "nothing": "x"}, "fail: nothing to test, x"),
    ],
)
def test_a_run_of_nothing_says_why(values, line):
    assert write_text(run(**{"verdict": "pass", **values})) == f"{line}\n"


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

    assert write_text(run(*cases)) == f"{line}\n"


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

    assert write_text(found) == f"pass: 1 case, 1 assertion (live){shown}\n"


def test_assertions_that_were_skipped_are_not_counted_as_judged():
    skipped = assertion("max-latency", "skipped", "only a fresh answer has a latency")

    found = run(case("a", "c", assertion("equals"), skipped))

    assert write_text(found) == "pass: 1 case, 1 assertion, 1 skipped (replayed)\n"


def test_a_measure_that_does_not_hold_is_no_failure():
    measure = assertion("llm-rubric", "failed", "curt", must=False, score="tone")

    assert write_text(run(case("a", "c", measure))) == "pass: 1 case, 1 assertion (replayed)\n"


def test_a_failure_names_the_assertion_its_place_and_the_reason():
    found = run(case("a/b", "c", assertion("contains"), FAILED, status="failed"), verdict="fail")

    assert write_text(found).splitlines()[:-1] == [
        "p.yaml:3:9: failed: `equals` does not hold  [a/b: c]",
        "  expected `a` in the answer, got `b`",
    ]


def test_a_case_of_several_repeats_is_told_once_with_their_numbers():
    cases = [case("a", "c", FAILED, status="failed", repeat=repeat) for repeat in (0, 1, 3)]
    other = case("a", "d", FAILED, status="failed")

    lines = write_text(run(*cases, other, verdict="fail")).splitlines()

    assert [line for line in lines if "failed:" in line] == [
        "p.yaml:3:9: failed: `equals` does not hold  [a: c #0, #1, #3]",
        "p.yaml:3:9: failed: `equals` does not hold  [a: d]",
    ]


def test_verbose_prints_each_answer_of_a_failing_case_once():
    also = assertion("contains", "failed", "expected `c`", place=at("p.yaml", 4))
    calls = ({"name": "look", "arguments": {"at": "x\u202e"}},)
    first = Answer(text="one\n\n::error::two\n", tool_calls=calls)
    cases = [
        case("a", "c", FAILED, also, status="failed", repeat=0, answer=first),
        case("a", "c", FAILED, status="failed", repeat=1, answer=Answer(text="three")),
        case("a", "d", assertion("equals"), answer=Answer(text="passed")),
    ]

    plain = write_text(run(*cases, verdict="fail"))
    verbose = write_text(run(*cases, verdict="fail"), figures=True)

    assert "three" not in plain
    assert verbose.splitlines()[:-1] == [
        "p.yaml:3:9: failed: `equals` does not hold  [a: c #0, #1]",
        "  expected `a` in the answer, got `b`",
        "  answer #0:",
        "    one",
        "",
        "    \\x3a:error::two",
        '    [call look {"at": "x\\u202e"}]',
        "  answer #1:",
        "    three",
        "p.yaml:4:9: failed: `contains` does not hold  [a: c #0]",
        "  expected `c`",
    ]


def test_a_case_that_fails_without_an_assertion_is_not_lost():
    found = case("a", "c", status="failed", reason="its judge and its author disagree")

    assert write_text(run(found, verdict="fail")).splitlines()[0] == (
        f"{found.place}: failed: its judge and its author disagree  [a: c]"
    )


def test_an_error_that_an_assertion_tells_is_told_once():
    broken = assertion("python", "error", "it raises KeyError", place=at("p.yaml", 7))
    found = case("a", "c", broken, status="error", reason="it raises KeyError", place=broken.place)

    assert write_text(run(found, verdict="fail")).splitlines() == [
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

    assert write_text(run(*cases, verdict="fail")).splitlines() == [
        "error: no answer to 10 cases: 503",
        "  a: c0, c1, c2 and 2 more",
        "  b: c0, c1, c2 and 2 more",
        "fail: 10 unanswered of 10 cases",
    ]


def test_what_is_to_be_known_of_cases_that_pass_is_told_once():
    cases = [case("a", f"c{number}", reason="two of three answers keep it") for number in range(5)]

    assert write_text(run(*cases)).splitlines() == [
        "note: two of three answers keep it",
        "  a: c0, c1, c2 and 2 more",
        "pass: 5 cases, 0 assertions (replayed)",
    ]


def test_an_assertion_of_all_cases_that_cannot_be_judged_is_told_once():
    broken = assertion("python", "error", "it raises KeyError", place=at("p.yaml", 7))
    other = replace(broken, place=at("p.yaml", 8))
    cases = [case("a", f"c{number}", broken, status="error") for number in range(5)]
    cases.append(case("a", "c5", other, status="error"))

    lines = write_text(run(*cases, verdict="fail")).splitlines()

    assert [line for line in lines if "can't be judged" in line] == [
        "p.yaml:7:9: error: `python` can't be judged  [a: c0, c1, c2 and 2 more]",
        "p.yaml:8:9: error: `python` can't be judged  [a: c5]",
    ]


def test_an_answer_whose_judge_is_not_recorded_counts_as_one_recording():
    cases = [case("a", "c", status="stale"), case("a", "d")]

    assert write_text(run(*cases, verdict="fail")).startswith("stale: 1 of 2 recordings missing, ")


def test_a_contract_over_the_request_is_told_beside_an_outage():
    rendered = replace(FAILED, on="request")
    found = case("a", "c", rendered, status="error", reason="503", infrastructure=True, answer=None)

    lines = write_text(run(found, verdict="fail")).splitlines()

    assert lines[0] == "p.yaml:3:9: failed: `equals` does not hold  [a: c]"
    assert "error: no answer to 1 case: 503" in lines


def test_without_another_command_stale_recordings_are_to_be_recorded():
    lines = write_text(replace(stale(), next="")).splitlines()

    assert lines[0] == "stale: 5 of 12 recordings missing, run promptops test --record"


def test_cases_that_ask_nothing_are_no_missing_recordings():
    quiet = case("a", "c", answer=None, source="none")
    old = case("a", "d", status="stale", answer=None)

    assert write_text(run(quiet, old, verdict="fail")).startswith(
        "stale: 1 of 1 recording missing, "
    )


def test_the_next_command_stands_before_the_last_line():
    lines = write_text(replace(green(), next="promptops test --live")).splitlines()

    assert lines == ["hint: promptops test --live", "pass: 5 cases, 10 assertions (replayed)"]


def test_the_difference_of_long_texts_is_cut():
    numbers = range(100)
    compared = ComparedTexts("\n".join(map(str, numbers)), "\n".join(f"{n}x" for n in numbers))
    found = case("a", "c", replace(FAILED, compared=compared), status="failed")

    lines = write_text(run(found, verdict="fail")).splitlines()

    assert lines[2] == "  [-expected-] {+actual+}:"
    assert lines[-2] == "    … 187 more lines"
    assert len(lines) == 2 + 1 + 12 + 1 + 1


def test_with_colour_the_difference_needs_no_marks():
    text = write_text(failing(), style=lambda role, text: f"<{role}>{text}</>")

    assert "button for <removed>10</><added>ten</> seconds<removed>, then</>" in text
    assert "[-" not in text.replace("[-6.5", "").replace("[-3.4", "").replace("[-0.9", "")


@pytest.mark.parametrize("verdict", ["pass", "fail", "inconclusive"])
def test_a_score_is_printed_whatever_its_verdict(verdict):
    line = "-4.2 points [-6.5, -1.9] p=.003 n=200 k=3"
    lost = (worse("c", 0.8, 7 / 15, "Hello Sam.", "Hello you."),)
    decided = Decided(prompt="a", score="tone", verdict=verdict, line=line, worst=lost)

    *lines, _ = write_text(run(case("a", "c"), verdict=verdict, decided=(decided,))).splitlines()

    shown = [
        "  worst cases, [-before-] {+now+}:",
        "    c: 80 to 46.7 points",
        "      Hello [-Sam-]{+you+}.",
    ]
    assert lines[0] == f"score: a tone: {verdict}: {line}"
    assert lines[1:] == ([] if verdict == "pass" else shown)


def test_the_statistics_of_a_score_and_of_a_judge_are_printed_only_on_request():
    line, summary = "-4.2 points [-6.5, -1.9] p=.003 n=200 k=3", "4.2 points lower than v1.8.0"
    decided = Decided(prompt="a", score="tone", verdict="pass", line=line, summary=summary)
    judge = JudgeAgreement(
        judge="judges/tone", anchors=30, kappa=0.81, kappa_low=0.61, may_gate=True
    )
    found = replace(run(case("a", "c"), decided=(decided,)), judges=(judge,))

    score, agreement, _ = write_text(found).splitlines()
    figures, kappa, _ = write_text(found, figures=True).splitlines()

    assert (score, figures) == (f"score: a tone: pass: {summary}", f"score: a tone: pass: {line}")
    assert (agreement, kappa) == (
        "judge: judges/tone: agrees with people on 30 anchors, so it may gate",
        "judge: judges/tone: kappa 0.81 (at least 0.61) on 30 anchors, it may gate",
    )


def test_a_score_without_a_baseline_is_one_plain_sentence():
    line = "31.2%, not gated: no earlier release to compare with"
    decided = Decided(
        prompt="a", score="accuracy", verdict="inconclusive", line=line, compared=False
    )

    score, _ = write_text(
        run(case("a", "c"), verdict="inconclusive", decided=(decided,))
    ).splitlines()

    assert score == f"score: a: accuracy {line}"


@pytest.mark.parametrize(
    ("lost", "shown"),
    [
        (worse("c", 1, 0, "", ""), ["both answers are the same"]),
        (worse("c", 1, 0, "Yes.", ""), ["[-Yes.-]{+(an empty answer)+}"]),
        (
            worse("c", 1, 0, "x" * 200_000, "Yes."),
            ["too long to compare here: promptops test --format json"],
        ),
        (
            worse("c", 1, 0, "\n".join(map(str, range(50))), "none"),
            [*(f"[-{number}-]" for number in range(12)), "… 38 more lines"],
        ),
    ],
    ids=["the same", "an empty one", "too long", "many lines"],
)
def test_the_answers_of_a_worst_case_take_a_dozen_lines(lost, shown):
    decided = Decided(prompt="a", score="tone", verdict="fail", line="-4", worst=(lost,))

    lines = write_text(run(case("a", "c"), verdict="fail", decided=(decided,))).splitlines()

    assert [line.strip() for line in lines[3:-1]] == shown


def test_cases_that_fresh_answers_proved_worse_are_named():
    decided = Decided(prompt="a", score="tone", verdict="fail", line="-4", culprits=("c", "d"))

    lines = write_text(run(case("a", "c"), verdict="fail", decided=(decided,))).splitlines()

    assert lines[1] == "  proved worse by fresh answers: c, d"


@pytest.mark.parametrize(
    ("covered", "limit", "line"),
    [
        (5, 90, "fail: 71.4% of branches covered, under 90% · 1 case, 0 assertions (replayed)"),
        (0, 0.5, "fail: 0% of branches covered, under 0.5% · 1 case, 0 assertions (replayed)"),
        (7, 100, "pass: 1 case, 0 assertions (replayed)"),
        (5, None, "pass: 1 case, 0 assertions (replayed)"),
    ],
)
def test_the_last_line_says_that_too_little_is_covered(covered, limit, line):
    row = CoverageRow(prompt="a", covered=covered, total=7)

    assert last(run(case("a", "c"), coverage=(row,)).failing_under(limit)) == line


def test_too_little_never_looks_like_enough():
    row = CoverageRow(prompt="a", covered=8_999_999, total=10_000_000)
    found = run(case("a", "c"), coverage=(row,))

    assert "89.9% of branches covered, under 90%" in last(found.failing_under(90))
    assert last(found.failing_under(float("nan"))).startswith("fail: ")
    assert last(replace(found, coverage=()).failing_under(90)).startswith("pass: ")


def test_an_error_of_a_file_is_no_case():
    wrong = case("a", "", status="error", reason="it can't be read", answer=None)

    assert write_text(run(wrong, verdict="fail")).splitlines() == [
        f"{wrong.place}: error: it can't be read  [a]",
        "fail: 1 error in files",
    ]


def test_nearly_all_branches_are_not_all():
    row = CoverageRow(prompt="a", covered=999, total=1000)

    lines = write_text(run(case("a", "c"), coverage=(row,))).splitlines()

    assert lines[:2] == ["coverage: 999 of 1,000 branches, 99%", "  a  999/1000   99%"]


def test_ten_thousand_cases_are_written_in_seconds():
    with ends_soon():
        text = write_text(large())

    assert text.count(": failed: ") == 1000


def test_an_answer_that_nobody_judged_breaks_nothing():
    found = case("a", "c", answer=Answer(text=""))

    assert write_text(run(found)) == "pass: 1 case, 0 assertions (replayed)\n"
