"""What CI servers read of a run."""

from xml.etree import ElementTree

import pytest

from promptops.model.test_run import ComparedTexts, CoverageRow, Decided
from promptops.report.test.report import write_junit
from tests.report.conftest import HOSTILE
from tests.report.junit_schema import violations
from tests.report.test.hostile_runs import hostile
from tests.report.test.runs import RUNS, answer, assertion, at, case, failing, run, worse


def outcomes_of(found):
    """Each test case's class, name and outcome with its type."""
    root = ElementTree.fromstring(write_junit(found))
    return [
        (test.get("classname"), test.get("name"), *((each.tag, each.get("type")) for each in test))
        for test in root.iter("testcase")
    ]


@pytest.mark.parametrize("name", RUNS)
def test_the_counts_are_those_of_the_elements(name):
    root = ElementTree.fromstring(write_junit(RUNS[name]()))

    assert list(violations(root)) == []
    for suite in [root, *root.iter("testsuite")]:
        counts = {
            "tests": sum(1 for _ in suite.iter("testcase")),
            "failures": sum(1 for _ in suite.iter("failure")),
            "errors": sum(1 for _ in suite.iter("error")),
            "skipped": sum(1 for _ in suite.iter("skipped")),
        }
        if suite is root:
            del counts["skipped"]
        assert {key: int(suite.get(key)) for key in counts} == counts


def test_a_suite_is_a_prompt_and_a_test_case_a_case_and_repeat():
    failed = assertion("equals", "failed", "no")
    cases = [
        case("a", "one", failed, status="failed"),
        case("a", "one", repeat=1),
        case("a", "two", status="stale", reason="its request has no recording", answer=None),
        case("b", "two", status="error", reason="can't be rendered", answer=None),
        case("b", "down", status="error", reason="503", infrastructure=True, answer=None),
        case("b", "later", assertion("max-latency", "skipped", "only a fresh answer")),
    ]

    assert outcomes_of(run(*cases, verdict="fail")) == [
        ("a", "one #0", ("failure", "assertion"), ("system-out", None)),
        ("a", "one #1"),
        ("a", "two", ("error", "stale")),
        ("b", "two", ("error", "error")),
        ("b", "down", ("error", "infrastructure")),
        ("b", "later", ("skipped", None)),
    ]


def test_a_score_that_is_worse_is_a_failure():
    decided = [
        Decided(prompt="a", score=verdict, verdict=verdict, line="-4 points")
        for verdict in ("pass", "fail", "inconclusive")
    ]

    found = run(case("a", "one"), verdict="fail", decided=tuple(decided))

    assert outcomes_of(found)[1:] == [
        ("a", "score pass"),
        ("a", "score fail", ("failure", "score")),
        ("a", "score inconclusive", ("skipped", None)),
    ]


def test_a_score_that_is_worse_shows_its_worst_cases():
    lost = worse("one", 0.8, 0.4, "Hello Sam.", "Hello you.")
    decided = Decided(
        prompt="a", score="tone", verdict="fail", line="-4", worst=(lost,), culprits=("one",)
    )

    root = ElementTree.fromstring(
        write_junit(run(case("a", "one"), verdict="fail", decided=(decided,)))
    )

    assert root.find(".//failure").text.split("\n") == [
        "proved worse by fresh answers: one",
        "worst cases, [-before-] {+now+}:",
        "  one: 80 to 40 points",
        "    Hello [-Sam-]{+you+}.",
    ]


def test_too_little_coverage_is_a_failure():
    row = CoverageRow(prompt="a", covered=5, total=7)

    found = run(case("a", "one"), coverage=(row,)).failing_under(90)

    assert outcomes_of(found) == [
        ("a", "one"),
        ("promptops test", "coverage", ("failure", "coverage")),
    ]


def test_a_failure_shows_how_long_texts_differ():
    failed = assertion("equals", "failed", "no", compared=ComparedTexts("Hello Sam.", "Hello you."))

    root = ElementTree.fromstring(
        write_junit(run(case("a", "one", failed, status="failed"), verdict="fail"))
    )

    assert root.find(".//failure").text.split("\n")[2:] == [
        "  [-expected-] {+actual+}:",
        "    Hello [-Sam-]{+you+}.",
    ]


def test_a_run_that_fails_is_never_green():
    assert outcomes_of(run(case("a", "one"), verdict="fail")) == [
        ("a", "one"),
        ("promptops test", "verdict", ("failure", "verdict")),
    ]


def test_a_failure_says_where_and_why_and_what_was_answered():
    failed = assertion("equals", "failed", "expected `a`, got `b`", place=at("p.yaml", 3))
    said = answer("b", tool_calls=({"name": "find", "arguments": {"id": 7}},), latency_s=0.25)

    root = ElementTree.fromstring(
        write_junit(run(case("a", "one", failed, status="failed", answer=said), verdict="fail"))
    )

    (test,) = root.iter("testcase")
    assert test.get("time") == "0.250"
    assert test.find("failure").get("message") == "`equals` does not hold"
    assert test.find("failure").text == (
        "p.yaml:3:9: `equals` does not hold\n  expected `a`, got `b`"
    )
    assert test.find("system-out").text == 'b\ncall find({"id": 7})'


def test_a_long_answer_is_cut():
    failed = assertion("equals", "failed", "no")
    found = case("a", "one", failed, status="failed", answer=answer("x" * 10_000))

    root = ElementTree.fromstring(write_junit(run(found, verdict="fail")))

    assert root.find(".//system-out").text == "x" * 4_000 + "\n… (6,000 more characters)"


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_xml_is_valid_whatever_the_texts_hold(text):
    root = ElementTree.fromstring(write_junit(hostile(text)))

    assert {element.tag for element in root.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "failure",
        "error",
        "skipped",
        "system-out",
    }
    assert len(list(root.iter("testcase"))) == 7


def test_a_measure_never_fails_a_test_case():
    names = [name for _, name, *outcome in outcomes_of(failing()) if outcome]

    assert "late parcel" not in names
