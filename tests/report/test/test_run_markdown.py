"""The comment on a pull request."""

import pytest
from markdown_it import MarkdownIt

from promptops.model.test_run import CoverageRow, Decided, Uncovered
from promptops.report.test.report import MARKER, write_markdown
from tests.report.conftest import HOSTILE
from tests.report.test.hostile_runs import hostile, large
from tests.report.test.runs import RUNS, answer, assertion, at, case, run, worse

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
FAILED = assertion("contains", "failed", "expected `a` in the answer, got `b`")


@pytest.mark.parametrize("name", RUNS)
def test_a_comment_begins_with_its_marker(name):
    assert write_markdown(RUNS[name]()).startswith(f"{MARKER}\n**")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_strangers_write_is_text(text):
    html = MARKDOWN.render(write_markdown(hostile(text)))

    for tag in ("<script", "<img", "<a ", "<h1", "<b>", "</failure"):
        assert tag not in html
    assert html.count("<details") == html.count("</details>") == 4
    assert len(write_markdown(hostile(text))) < 65_536


@pytest.mark.parametrize("text", ["\U000e0041" * 10_000, "`|" * 10_000, "\n" * 10_000])
def test_texts_that_grow_when_they_are_escaped_fit(text):
    assert len(write_markdown(hostile(text))) < 65_536


@pytest.mark.parametrize("text", ["```\n</details>\n# x", "~~~~\n````\n", "\n\n- a\n  - b"])
def test_an_answer_ends_no_block(text):
    found = case("a", "c", FAILED, status="failed", answer=answer(text))

    tokens = MARKDOWN.parse(write_markdown(run(found, verdict="fail")))

    (fence,) = (token for token in tokens if token.type == "fence")
    assert fence.content == f"{text.rstrip(chr(10))}\n" or fence.content == f"{text}\n"
    assert not [token for token in tokens if token.type == "heading_open"]


def test_a_large_run_fits_and_says_what_is_left_out():
    text = write_markdown(large())

    assert len(text) < 65_536
    assert "more prompts left out: <code>promptops test --format json</code>" in text


@pytest.mark.slow
def test_everything_at_once_fits():
    long = "x" * 400
    failed = case("a", long, FAILED, status="failed", answer=answer("y\n" * 50_000))
    cases = [
        *(failed for _ in range(1)),
        *(case(f"p{n}", f"{long}{n}", FAILED, status="failed") for n in range(300)),
        *(case(f"{long}{n}", f"c{n}", status="stale", answer=None) for n in range(300)),
        *(
            case(f"{long}{n}", f"c{n}", status="error", reason=f"{long}{n}", infrastructure=True)
            for n in range(300)
        ),
    ]
    lost = (worse(long, 1, 0, "y\n" * 500, "z\n" * 500),) * 5
    decided = [
        Decided(
            prompt=f"p{n}", score="s", verdict="fail", line=long, worst=lost, culprits=(long,) * 9
        )
        for n in range(300)
    ]
    branch = Uncovered(place=at("p.yaml", 1), message=long)
    rows = [
        CoverageRow(prompt=f"p{n}", covered=1, total=2, uncovered=(branch,)) for n in range(300)
    ]

    text = write_markdown(run(*cases, verdict="fail", decided=tuple(decided), coverage=tuple(rows)))

    assert len(text) < 65_536
    for noun in ("scores", "reasons", "prompts", "places"):
        assert f"more {noun}: <code>promptops test --format json</code>" in text


def test_a_worst_case_shows_how_both_answers_differ():
    lost = worse("c", 0.8, 0.4, "Hello Sam.\nBye.", "Hello you.\nBye.")
    decided = Decided(prompt="a", score="tone", verdict="fail", line="-4", worst=(lost,))

    text = write_markdown(run(case("a", "c"), verdict="fail", decided=(decided,)))

    assert (
        "<details><summary><code>a</code> tone: the worst cases</summary>\n\n"
        "- <code>c</code>: 80 to 40 points\n\n"
        "  ```diff\n  -Hello Sam.\n  +Hello you.\n   Bye.\n  ```\n"
        "\n</details>\n"
    ) in text


def test_of_long_answers_to_the_worst_cases_some_are_shown():
    lost = (worse("c" * 300, 1, 0, f"{'y' * 400}\n" * 20, f"{'z' * 400}\n" * 20),) * 5
    decided = Decided(prompt="a", score="tone", verdict="fail", line="-4", worst=lost)

    text = write_markdown(run(case("a", "c"), verdict="fail", decided=(decided,)))

    assert text.count(": 100 to 0 points") + int(text.split(" more case")[0][-1]) == 5
    assert 1 <= text.count("```diff") < 5


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        (worse("c", 1, 0, "Yes.", "Yes."), "both answers are the same"),
        (
            worse("c", 1, 0, "x" * 30_000, "Yes."),
            "too long to compare here: promptops test --format json",
        ),
    ],
    ids=["the same", "too long"],
)
def test_answers_that_are_not_compared_say_why(lost, said):
    decided = Decided(prompt="a", score="tone", verdict="fail", line="-4", worst=(lost,))

    text = write_markdown(run(case("a", "c"), verdict="fail", decided=(decided,)))

    assert f"- <code>c</code>: 100 to 0 points, {said}\n" in text


def test_what_is_to_be_known_of_cases_that_pass_is_said_once():
    cases = [case("a", f"c{n}", reason="two of three answers keep it") for n in range(50)]

    assert write_markdown(run(*cases)).endswith(
        "\n**Note**\n\n- two of three answers keep it, 50 cases:"
        " <code>a</code> (c0, c1, c2 and 47 more)\n"
    )


def test_the_next_command_is_said_once():
    assert (
        write_markdown(RUNS["interrupted"]()).count("promptops test support/triage --record") == 1
    )
    assert write_markdown(RUNS["stale"]()).count("promptops test --record support/triage") == 1


def test_a_single_prompt_is_open_and_several_are_folded():
    one = case("a", "c", FAILED, status="failed")
    other = case("b", "c", FAILED, status="failed")

    assert "<details open><summary><code>a</code>" in write_markdown(run(one, verdict="fail"))
    assert "<details open>" not in write_markdown(run(one, other, verdict="fail"))


def test_an_answer_on_which_several_assertions_fail_is_shown_once():
    asked = assertion("equals", "failed", on="request")
    others = [assertion(kind, "failed", f"no {kind}") for kind in ("contains", "regex")]
    found = case("a", "c", asked, *others, status="failed", answer=answer("Said once."))

    written = write_markdown(run(found, verdict="fail"))

    assert (written.count("Said once."), written.count("does not hold")) == (1, 3)
