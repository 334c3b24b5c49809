"""The HTML page of a comparison in a real browser."""

from itertools import combinations
from pathlib import Path

import pytest

from promptops.commands.compare.page import PICTURE_WIDTH, write_html
from tests.report.compare.comparisons import COMPARISONS, many, recommended, undecided, unfinished
from tests.report.compare.hostile_comparisons import hostile
from tests.report.diff.browser import visits
from tests.tiers import fast_first, fast_only

CONTRASTS = Path(__file__).parents[1] / "diff" / "contrasts.js"
MAKERS = {**COMPARISONS, "hostile": hostile, "many": lambda: many(8, 60)}
BOXES = """[...document.querySelectorAll(".picture .labels text")].map((text) => {
  const { x, y, width, height } = text.getBBox();
  return [x, y, x + width, y + height];
})"""
PHONE = {"width": 390, "height": 844}
pytestmark = pytest.mark.xdist_group("browser")  # one worker has the browser


@pytest.fixture
def opened(browser, tmp_path):
    with visits(browser, tmp_path, write_html) as visit:
        yield visit


def open_all(page):
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


def names(page):
    """Of the visible cases."""
    return page.locator(".case:visible .name").all_text_contents()


@pytest.mark.parametrize("name", fast_only(MAKERS, ["hostile"]))
def test_a_page_opens_without_an_error_a_dialog_or_a_request(opened, name):
    page = opened(MAKERS[name]())

    page.wait_for_load_state("networkidle")
    assert page.events == []
    assert page.title() != "pwned"


def test_answers_of_models_run_nothing_and_add_nothing(opened):
    page = opened(hostile())

    counts = [
        page.locator(name).count()
        for name in ("script", "style", "img", "iframe", "form", "link", "object")
    ]
    assert counts == [1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("name", fast_only(MAKERS, ["hostile"]))
@pytest.mark.parametrize("width", fast_first([390, 800, 1280], 1))
def test_nothing_is_wider_than_the_screen(opened, name, width):
    page = opened(MAKERS[name](), viewport={"width": width, "height": 844})
    open_all(page)

    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert wide == 0


@pytest.mark.parametrize(("count", "longest"), fast_first([(8, 60), (2, 8), (4, 22), (8, 8)], 1))
@pytest.mark.parametrize("viewport", fast_first([PHONE, {"width": 1280, "height": 900}], 1))
def test_no_label_of_the_picture_covers_another_one_or_leaves_it(opened, count, longest, viewport):
    page = opened(many(count, longest), viewport=viewport)

    labels = page.evaluate(BOXES)

    assert len(labels) == count + 1
    assert [pair for pair in combinations(labels, 2) if overlap(*pair)] == []
    assert all(left >= 0 and right <= PICTURE_WIDTH for left, _, right, _ in labels)


def overlap(one, other):
    """Whether they share more than the space between lines, which is a part of both boxes."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across > 0 and down > 0.3 * (one[3] - one[1])


def test_the_picture_and_all_answers_are_there_without_scripts(opened):
    page = opened(undecided(), java_script_enabled=False)

    page.locator("#prompt-1-case-1 > summary").click()

    assert page.locator(".picture circle:visible").count() == 3
    assert page.locator("#prompt-1-case-1 .arm .message:visible").count() == 4
    assert not page.locator("#controls").is_visible()


@pytest.mark.slow
def test_points_have_the_colour_of_their_verdict_and_are_filled_unless_beaten(opened):
    page = opened(many(2))
    script = "each => [getComputedStyle(each).fill, getComputedStyle(each).stroke]"

    fills = {
        each.get_attribute("class"): each.locator("circle").evaluate(script)
        for each in page.locator(".point").all()
    }

    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert fills["point reference beaten"][0] == paper
    assert fills["point not-worse"][0] == fills["point not-worse"][1] != paper


@pytest.mark.slow
def test_answers_are_side_by_side_and_on_a_phone_one_below_the_other(opened):
    places = []
    for viewport in ({"width": 1280, "height": 900}, PHONE):
        page = opened(undecided(), "#prompt-1-case-1", viewport=viewport)
        first, second = (
            page.locator(f"#prompt-1-case-1 .arm >> nth={n}").bounding_box() for n in (0, 1)
        )
        places.append((first["x"] < second["x"], first["y"] < second["y"]))

    assert places == [(True, False), (False, True)]


@pytest.mark.slow
def test_the_filter_finds_answers_and_differences_only_hides_equal_cases(opened):
    page = opened(unfinished())
    every = len(names(page))

    page.fill("#filter", "is-json")
    found = names(page)
    page = opened(recommended())
    page.keyboard.press("d")

    assert (every, found) == (2, ["ticket 1"])
    assert names(page) == []
    assert not page.locator(".picture").is_visible()
    assert page.locator("#status").inner_text() == "0 of 3 cases: nothing matches"


@pytest.mark.slow
def test_a_cell_opens_the_case_and_marks_the_answers_of_its_arm(opened):
    page = opened(undecided())

    page.locator('#prompt-1-case-1 .cell[data-type="tiny"]').click()

    marked = page.locator("#prompt-1-case-1 .marked > :first-child")
    assert marked.all_inner_texts() == ["tiny"]
    assert page.locator("#prompt-1-case-1").get_attribute("open") == ""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", fast_first(["light", "dark"], 1))
def test_every_text_has_enough_contrast_in_both_schemes(opened, scheme):
    page = opened(undecided(), color_scheme=scheme)
    open_all(page)

    bad, seen = page.evaluate(CONTRASTS.read_text("utf-8"))

    assert bad == []
    assert seen > 100


@pytest.mark.slow
def test_a_print_shows_the_picture_and_all_answers_and_no_controls(opened):
    page = opened(undecided())
    page.emulate_media(media="print")

    assert page.locator(".picture").is_visible()
    assert page.locator("#prompt-1-case-1 .message").first.is_visible()
    assert not page.locator("#controls").is_visible()
