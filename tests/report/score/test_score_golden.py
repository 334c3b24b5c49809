"""What a person sees of scored samples, compared whole."""

from pathlib import Path

import pytest

from promptops.commands.score import page, report
from promptops.commands.score.report import notes, of_metric, raised, rate, threshold_of
from promptops.model.score import SampleCounts, Score
from tests.golden_files import compare
from tests.report.diff.html_pages import read, readable
from tests.report.score.scores import SCORES, alert, hostile, many, share, triage, week

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"txt": report.write_text, "md": report.write_markdown}


@pytest.mark.parametrize("ending", FORMATS)
@pytest.mark.parametrize("name", SCORES)
def test_a_format_writes_its_golden_file(name, ending):
    compare(GOLDEN / f"{name}.{ending}", FORMATS[ending](SCORES[name]()))


@pytest.mark.parametrize("ending", FORMATS)
def test_untrusted_text_is_shown_as_in_its_golden_file(ending):
    everything = "<b>@octocat #1</b> | `a` ```\n::error::x\u202e ##[error] [-x-] **b** \x1b[31m"

    compare(GOLDEN / f"hostile.{ending}", FORMATS[ending](hostile(everything)))


def test_verbose_text_has_every_group_and_every_assertion():
    compare(GOLDEN / "verbose.txt", report.write_text(week(), figures=True))


def test_a_bound_that_would_look_like_the_limit_has_more_digits():
    close = alert(triage(0, "1.8.0", 300, 285), bound=97.9612)

    assert raised(close) == (
        "contracts 95% of 300 samples, at most 97.9612%: below the limit of 98%"
    )


def test_a_wide_interval_without_contracts_names_the_group_without_a_figure():
    few = triage(0, "1.8.0", 300, 0, contracts=share(0, 0), few_conversations=True)

    found = dict(notes(Score(samples=SampleCounts(), groups=(few,))))

    assert found["wide intervals"] == (
        "few conversations make up this figure: support/triage · 1.8.0 · production · 2026-11-21"
    )


def test_a_page_has_the_texts_of_its_golden_file():
    root = read(page.write_html(week()))

    parts = [next(root.all(name)) for name in ("header", "main", "footer")]
    compare(GOLDEN / "page.txt", "\n".join(map(readable, parts)))


def test_a_comment_about_many_prompts_is_short_enough_and_counts_the_others():
    shown = report.write_markdown(many(60, 30))

    assert len(shown) < 65_536
    assert "44 more prompts: <code>--format json=FILE</code>" in shown


def test_a_share_is_the_same_in_the_table_and_in_an_alert_and_100_only_for_all():
    shares = {(48, 72): "66.7%", (9_999, 10_000): "99.9%", (3, 10_000): "0.03%", (7, 7): "100%"}

    shown = {
        each: (rate(*each, None, None), of_metric("contracts", 100 * each[0] / each[1]))
        for each in shares
    }

    assert shown == {each: (text, text) for each, text in shares.items()}
    assert [threshold_of(name, 0.96, below=False) for name in ("errors", "p95", "cost_1000")] == [
        "above 0.96%",
        "above 0.96 s",
        "above $0.96",
    ]


@pytest.mark.parametrize(
    ("forms", "said"),
    [
        ((1_200, 3, 5), "1,200 text, 3 JSON, 5 unwrapped from messages or responses"),
        ((0, 3, 0), "3 JSON"),
        ((0, 0, 0), None),
    ],
)
def test_the_forms_of_answers_are_counted(forms, said):
    text, data, unwrapped = forms
    samples = SampleCounts(text_answers=text, json_answers=data, unwrapped_answers=unwrapped)

    assert dict(notes(Score(samples=samples, groups=()))).get("answers") == said
