"""The HTML page of a comparison, read without a browser."""

import re
from dataclasses import replace

import pytest

from promptops.commands.compare.page import Box, along, picture, placed, write_html
from promptops.model.arm import Recommendation, ValueInterval
from promptops.report.page.scale import cost_scale, score_scale
from tests.hanging import ends_soon
from tests.report.compare.comparisons import (
    COMPARISONS,
    arm,
    comparison,
    many,
    prompt,
    recommended,
    reference,
    undecided,
    unfinished,
)
from tests.report.compare.hostile_comparisons import hostile, large
from tests.report.diff.html_pages import read
from tests.report.test.test_run_html import with_class


def test_untrusted_text_adds_no_element():
    usual = {each.name for make in COMPARISONS.values() for each in read(write_html(make())).all()}
    attacked = read(write_html(hostile()))

    assert {each.name for each in attacked.all()} <= usual
    (body,) = attacked.all("body")
    assert body.text.count("<script>document.title='pwned';alert(1)</script>") > 60


@pytest.mark.parametrize(
    ("advice", "headline"),
    [
        (Recommendation(arm="cheap", sentence="why"), "Recommended: cheap"),
        (
            Recommendation(arm=None, cheaper="cheap", sentence="why"),
            "Cheaper: cheap; too little to say that it is as good",
        ),
        (Recommendation(arm=None, sentence="why"), "No recommendation"),
    ],
)
def test_the_headline_recommends_only_what_is_recommended(advice, headline):
    page = read(write_html(replace(recommended(), recommendation=advice)))

    assert [each.text for each in page.all("h1")] == [headline]


def test_the_arms_that_no_other_arm_beats_are_filled_and_joined():
    drawn = picture(recommended().prompts[0])

    assert [(point.arm.name, point.is_beaten) for point in drawn.points] == [
        ("fast", False),
        ("cheap", False),
        ("strong", False),
    ]
    assert drawn.front.split() == [
        f"{point.x},{point.y}" for point in sorted(drawn.points, key=lambda point: point.x)
    ]


def test_an_arm_that_costs_more_and_scores_less_is_hollow():
    found = comparison(prompt(reference(), arm("dear", 4, usd=0.6), arm("cheap", 0)))

    drawn = picture(found.prompts[0])

    assert {point.arm.name: point.is_beaten for point in drawn.points} == {
        "fast": True,
        "dear": True,
        "cheap": False,
    }
    page = read(write_html(found))
    assert len(with_class(page, "beaten")) == 2


def test_an_arm_without_a_price_is_named_below_the_picture():
    drawn = picture(unfinished().prompts[0])

    assert drawn.missing == (("local", "no price"), ("new", "no price"))
    (caption,) = read(write_html(unfinished())).all("figcaption")
    assert "local (no price), new (no price)" in caption.text


def test_without_any_price_there_is_no_picture():
    found = comparison(prompt(reference(usd=None), arm("local", 0, usd=None)))

    assert picture(found.prompts[0]) is None
    assert list(read(write_html(found)).all("svg")) == []


def test_points_and_whiskers_are_where_costs_and_scores_are():
    drawn = picture(recommended().prompts[0])
    by_name = {point.arm.name: point for point in drawn.points}

    assert by_name["cheap"].x < by_name["fast"].x < by_name["strong"].x
    assert by_name["cheap"].y > by_name["fast"].y > by_name["strong"].y
    assert by_name["fast"].y == drawn.reference
    assert by_name["fast"].whisker == ""
    cheap = by_name["cheap"]
    low, high = map(float, re.findall(r"M[\d.]+ ([\d.]+)(?=h8)", cheap.whisker))
    assert high < cheap.y < low  # y grows downwards


def test_an_interval_beyond_the_possible_scores_has_no_cap_there():
    wide = arm("new", 0, difference=ValueInterval(value=0.0, low=-0.5, high=0.5))

    (_, drawn) = picture(comparison(prompt(reference(), wide)).prompts[0]).points

    assert re.sub(r"[\d.]+", "_", drawn.whisker) == "M_ _V_M_ _h_"


def test_without_two_scores_there_is_no_picture():
    plain = {"score": None, "difference": None, "decided": None}
    unscored = prompt(reference(score=None), arm("cheap", 0, **plain), score="")
    alone = prompt(reference(), arm("new", 0, usd=None))

    assert [picture(comparison(each).prompts[0]) for each in (unscored, alone)] == [None, None]


def test_the_parameters_that_differ_are_shown_below_the_model():
    cold, hot = ({"temperature": value, "seed": 1} for value in (0, 0.9))
    found = comparison(prompt(reference(params=cold), arm("hot", 0, params=hot)))

    rows = with_class(read(write_html(found)), "arms")[0].text

    assert re.findall(r"temperature [\d.]+|seed", rows) == ["temperature 0", "temperature 0.9"]


@pytest.mark.parametrize(
    ("costs", "is_log", "ticks"),
    [
        ([0.25, 0.42, 2.1], False, [0, 0.5, 1, 1.5, 2]),
        ([0.1, 1.0], False, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ([0.1, 1.1], True, [0.1, 0.2, 0.5, 1]),
        ([0.04, 2.1], True, [0.03, 0.1, 0.3, 1, 3]),
        ([0.001, 1000], True, [0.01, 1, 100]),
        ([0, 5], False, [0, 1, 2, 3, 4, 5]),
        ([0], False, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_costs_have_a_logarithmic_axis_where_they_differ_by_more_than_ten_times(
    costs, is_log, ticks
):
    scale = cost_scale(costs, 0, 100)

    assert (scale.is_log, list(scale.ticks())) == (is_log, pytest.approx(ticks))
    assert 0 <= scale.at(min(costs)) <= scale.at(max(costs)) <= 100


@pytest.mark.parametrize("scores", [[0], [100], [0, 100], [96.4, 96.6], [50]])
def test_scores_are_within_their_axis(scores):
    scale = score_scale(scores, 300, 10)

    assert all(10 <= scale.at(each) <= 300 for each in scores)
    assert len(scale.ticks()) >= 2


@pytest.mark.parametrize("count", [2, 4, 8])
@pytest.mark.parametrize("longest", [4, 22, 60])
def test_labels_are_inside_and_cover_neither_points_nor_each_other(count, longest):
    drawn = picture(many(count, longest).prompts[0])
    frame = Box(left=drawn.left, top=drawn.top, right=drawn.right, bottom=drawn.bottom)
    boxes = [box_of(point.label) for point in drawn.points]
    points = [
        Box(left=point.x - 5, top=point.y - 5, right=point.x + 5, bottom=point.y + 5)
        for point in drawn.points
    ]

    assert all(frame.contains(box) for box in boxes)
    assert not any(a.overlaps(b) for at, a in enumerate(boxes) for b in boxes[at + 1 :])
    assert not any(box.overlaps(point) for box in boxes for point in points)


def box_of(label):
    width = 7.9 * len(label.text)
    return Box(left=label.x, top=label.y - 8, right=label.x + width, bottom=label.y + 8)


def test_a_label_avoids_lines_where_it_can():
    frame = Box(left=0, top=0, right=400, bottom=300)
    line = list(along((100, 150), (400, 150)))

    (free,) = placed([(100, 150, "cheap")], [], [], frame)
    (moved,) = placed([(100, 150, "cheap")], [], line, frame)

    assert free.x == 110
    assert not any(box_of(moved).overlaps(box) for box in line)


def test_a_case_has_a_cell_and_a_column_for_every_arm():
    root = read(write_html(undecided()))

    (first, *_) = with_class(root, "case")
    cells = with_class(first, "cell")
    assert [each.attributes["data-type"] for each in cells] == ["fast", "cheap", "tiny"]
    assert [next(each.all("span")).text for each in cells] == ["100", "100", "50"]
    assert [each.attributes["class"] for each in cells] == [
        "cell passed scored",
        "cell passed scored",
        "cell missed scored",
    ]
    columns = with_class(first, "arm", "section")
    # Equal answers are one.
    assert [len(with_class(each, "message")) for each in columns] == [1, 1, 2]
    titles = [next(iter(with_class(each, "role"))).text for each in columns]
    assert titles == ["2 answers, all the same", "2 answers, all the same", "#1"]


def test_only_a_case_in_which_all_arms_are_alike_can_be_hidden():
    alike = with_class(read(write_html(recommended())), "case")
    different = with_class(read(write_html(undecided())), "case")

    assert [each.attributes["class"] for each in alike] == ["case item quiet"] * 3
    assert [each.attributes["class"] for each in different] == ["case item"] * 3


def test_missing_answers_and_violated_contracts_are_explained():
    first, second = with_class(read(write_html(unfinished())), "case")

    assert "Does not accept these inputs" in first.text
    assert "no recording of this request" in second.text
    assert "is-json expected JSON, got an empty text" in second.text


def test_a_worst_case_leads_to_its_answers():
    found = undecided()
    cases = replace(found.prompts[0].cases[0], name="ticket 194"), *found.prompts[0].cases
    found = replace(found, prompts=(replace(found.prompts[0], cases=cases),))

    (first, *_) = with_class(read(write_html(found)), "worse", "details")

    assert [each.attributes["href"] for each in first.all("a")] == ["#prompt-1-case-1"]


@pytest.mark.slow
def test_five_thousand_cases_of_five_arms_make_a_page_that_opens():
    with ends_soon(cpu_s=40):
        page = write_html(large(prompts=5, cases=1_000))

    assert page.count('<details class="case item') == 5_000
    assert len(page) < 80_000_000
