"""The HTML page of scored samples in a real browser."""

from pathlib import Path

import pytest

from promptops.commands.score.page import write_html
from tests.report.diff.browser import visits
from tests.report.score.scores import hostile, many, week

CONTRASTS = Path(__file__).parents[1] / "diff" / "contrasts.js"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]  # one worker has the browser


@pytest.fixture
def opened(browser, tmp_path):
    with visits(browser, tmp_path, write_html) as visit:
        yield visit


def open_all(page):
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


def test_a_hostile_page_opens_without_an_error_a_dialog_or_a_request(opened):
    page = opened(hostile())

    page.wait_for_load_state("networkidle")
    assert page.events == []
    assert page.title() != "pwned"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen_and_every_text_has_contrast(opened, width):
    scheme = "dark" if width == 390 else "light"
    page = opened(week(), viewport={"width": width, "height": 844}, color_scheme=scheme)
    open_all(page)

    bad, seen = page.evaluate(CONTRASTS.read_text("utf-8"))

    assert (page.evaluate(WIDER), bad) == (0, [])
    assert seen > 100


def test_a_key_shows_only_prompts_with_alerts_and_charts_need_no_script(opened):
    page = opened(week())
    page.keyboard.press("a")
    without = opened(week(), java_script_enabled=False)

    assert page.locator(".prompt:visible").count() == 1
    assert page.locator("#status").inner_text() == "1 of 2 prompts"
    assert without.locator(".chart:visible").count() == 7


def test_half_a_year_of_many_prompts_is_drawn_within_the_charts(opened):
    page = opened(many(20, 180))

    outside = page.evaluate(
        "[...document.querySelectorAll('.chart svg')].filter((svg) => {"
        "  const box = svg.getBBox(), view = svg.viewBox.baseVal;"
        "  return box.x < 0 || box.y < -1 || box.x + box.width > view.width"
        "    || box.y + box.height > view.height; }).length"
    )
    assert (page.locator(".chart").count(), outside) == (20 * 6, 0)
