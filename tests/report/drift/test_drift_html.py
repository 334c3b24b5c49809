"""The page of a run of `drift`, read without a browser."""

from functools import cache

from promptops.commands.drift import report
from promptops.commands.drift.page import EDGES, control_chart, write_html
from tests.report.diff.html_pages import read
from tests.report.drift.drifts import RUNS, drifted, drifted_prompt, hostile, relearned
from tests.report.test.hostile_runs import ATTACK

MAKERS = {**RUNS, "hostile": lambda: hostile(ATTACK)}


@cache
def written(name):
    return write_html(MAKERS[name]())


def test_untrusted_text_adds_no_element():
    usual = {each.name for name in RUNS for each in read(written(name)).all()}
    attacked = read(written("hostile"))

    assert {each.name for each in attacked.all()} <= usual
    (body,) = attacked.all("body")
    assert body.text.count("<script>document.title='pwned';alert(1)</script>") > 10


def test_a_chart_has_a_shape_for_each_verdict_and_a_letter_for_the_new_model():
    prompt = drifted_prompt()
    chart = control_chart(prompt, report.main_chart(prompt))

    shapes = [dot.shape for dot in chart.dots]
    assert shapes == [*["hollow"] * 10, *["circle"] * 22, "triangle", "square"]
    assert [(each.label, each.is_first) for each in chart.releases] == [
        ("v1.7.0", True),
        ("v1.8.0", False),
    ]
    (mark,) = chart.changed
    assert (mark.letter, mark.day, mark.changes) == (
        "A",
        "2026-09-02",
        (
            "model gpt-5.4-mini-2026-03-17 → gpt-5.4-mini-2026-11-20",
            "fingerprint fp_44709d → fp_91ab3c",
        ),
    )
    assert chart.dates[0].text == "09-03"
    assert chart.signals[-1].is_confirmed


def test_after_an_accepted_level_the_chart_begins_with_the_nights_that_learn_again():
    (prompt,) = relearned().prompts
    chart = control_chart(prompt, report.main_chart(prompt))

    assert (len(chart.dots), [title for _, title in chart.gaps]) == (
        17,
        ["2026-08-13: accepted: new model"],
    )
    assert chart.band.x == chart.start > chart.gaps[0][0]


def test_everything_in_a_chart_is_inside_of_its_frame():
    for prompt in (*drifted().prompts, *relearned().prompts):
        for each in prompt.charts:
            chart = control_chart(prompt, each)
            inside = [chart.level, chart.band.y, chart.band.y + chart.band.height]
            assert all(EDGES.top <= y <= EDGES.middle for y in inside)
            assert all(EDGES.ewma_top <= dot.y <= EDGES.ewma_bottom for dot in chart.signals)
            assert EDGES.ewma_top <= chart.zero < chart.limit <= EDGES.ewma_bottom
