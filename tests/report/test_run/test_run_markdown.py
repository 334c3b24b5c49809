"""The comment on a pull request."""

import pytest
from markdown_it import MarkdownIt

from promptops.model.test_run import CoverageRow, Decided, Uncovered
from promptops.report.test.markdown import MARKER, write
from tests.report.conftest import HOSTILE
from tests.report.test_run.hostile_runs import hostile, large
from tests.report.test_run.runs import RUNS, answer, assertion, at, case, run

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
FAILED = assertion("contains", "failed", "expected `a` in the answer, got `b`")


@pytest.mark.parametrize("name", RUNS)
def test_a_comment_begins_with_its_marker(name):
    assert write(RUNS[name]()).startswith(f"{MARKER}\n**")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_strangers_write_is_text(text):
    html = MARKDOWN.render(write(hostile(text)))

    for tag in ("<script", "<img", "<a ", "<h1", "<b>", "</failure"):
        assert tag not in html
    assert html.count("<details") == html.count("</details>") == 2
    assert len(write(hostile(text))) < 65_536


@pytest.mark.parametrize("text", ["\U000e0041" * 10_000, "`|" * 10_000, "\n" * 10_000])
def test_texts_that_grow_when_they_are_escaped_fit(text):
    assert len(write(hostile(text))) < 65_536


@pytest.mark.parametrize("text", ["```\n</details>\n# x", "~~~~\n````\n", "\n\n- a\n  - b"])
def test_an_answer_ends_no_block(text):
    found = case("a", "c", FAILED, status="failed", answer=answer(text))

    tokens = MARKDOWN.parse(write(run(found, verdict="fail")))

    (fence,) = (token for token in tokens if token.type == "fence")
    assert fence.content == f"{text.rstrip(chr(10))}\n" or fence.content == f"{text}\n"
    assert not [token for token in tokens if token.type == "heading_open"]


def test_a_large_run_fits_and_says_what_is_left_out():
    text = write(large())

    assert len(text) < 65_536
    assert "more prompts left out: <code>promptops test --format json</code>" in text


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
    decided = [Decided(prompt=f"p{n}", score="s", verdict="fail", line=long) for n in range(300)]
    branch = Uncovered(place=at("p.yaml", 1), said=long)
    rows = [
        CoverageRow(prompt=f"p{n}", covered=1, total=2, uncovered=(branch,)) for n in range(300)
    ]

    text = write(run(*cases, verdict="fail", decided=tuple(decided), coverage=tuple(rows)))

    assert len(text) < 65_536
    for noun in ("scores", "reasons", "prompts", "places"):
        assert f"more {noun}: <code>promptops test --format json</code>" in text


def test_a_single_prompt_is_open_and_several_are_folded():
    one = case("a", "c", FAILED, status="failed")
    other = case("b", "c", FAILED, status="failed")

    assert "<details open><summary><code>a</code>" in write(run(one, verdict="fail"))
    assert "<details open>" not in write(run(one, other, verdict="fail"))
