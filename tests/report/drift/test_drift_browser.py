"""The page of a run of `drift` in a real browser."""

from pathlib import Path

import pytest

from promptops.commands.drift.page import write_html
from tests.report.diff.browser import visits
from tests.report.drift.drifts import drifted, hostile, many
from tests.report.test.hostile_runs import ATTACK

CONTRASTS = Path(__file__).parents[1] / "diff" / "contrasts.js"
MAKERS = {"drifted": drifted, "many": many, "hostile": lambda: hostile(ATTACK)}
pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.slow]  # one worker has the browser


@pytest.fixture
def opened(browser, tmp_path):
    with visits(browser, tmp_path, write_html) as visit:
        yield visit


def open_all(page):
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("width", [390, 1280])
def test_a_page_opens_quietly_and_nothing_is_wider_than_the_screen(opened, name, width):
    page = opened(MAKERS[name](), viewport={"width": width, "height": 844})
    open_all(page)

    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert (page.events, wide) == ([], 0)
    assert page.title() != "pwned"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast_in_both_schemes(opened, scheme):
    page = opened(drifted(), color_scheme=scheme)
    open_all(page)

    bad, seen = page.evaluate(CONTRASTS.read_text("utf-8"))

    assert bad == []
    assert seen > 50


def test_a_key_hides_the_prompts_without_a_signal(opened):
    page = opened(many())

    page.keyboard.press("s")

    assert page.locator("section.prompt:visible h2").all_text_contents() == ["support/triage"]
    assert page.locator("#prompts tbody tr:visible").count() == 1
