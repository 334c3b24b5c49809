"""The HTML page of mutation testing in a real browser."""

from pathlib import Path

import pytest

from promptops.commands.mutate.page import write_html
from tests.report.diff.browser import visits
from tests.report.mutate.mutations import RUNS, hostile, since, survivors
from tests.tiers import fast_first, fast_only

CONTRASTS = Path(__file__).parents[1] / "diff" / "contrasts.js"
MAKERS = {**RUNS, "hostile": hostile}
pytestmark = pytest.mark.xdist_group("browser")  # one worker has the browser


@pytest.fixture
def opened(browser, tmp_path):
    with visits(browser, tmp_path, write_html) as visit:
        yield visit


def open_all(page):
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


@pytest.mark.parametrize("name", fast_only(MAKERS, ["hostile"]))
def test_a_page_opens_without_an_error_a_dialog_or_a_request(opened, name):
    page = opened(MAKERS[name]())

    page.wait_for_load_state("networkidle")
    assert page.events == []
    assert page.title() != "pwned"


@pytest.mark.parametrize("name", fast_only(MAKERS, ["hostile"]))
@pytest.mark.parametrize("width", fast_first([390, 800, 1280], 1))
def test_nothing_is_wider_than_the_screen(opened, name, width):
    page = opened(MAKERS[name](), viewport={"width": width, "height": 844})
    open_all(page)

    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert wide == 0


@pytest.mark.slow
def test_survivors_are_there_without_scripts(opened):
    page = opened(survivors(), java_script_enabled=False)

    assert page.locator(".remark:visible").count() == 5  # with that about quotes
    assert not page.locator("#controls").is_visible()


@pytest.mark.slow
def test_a_key_hides_survivors_that_are_not_in_changed_lines(opened):
    source = since()
    page = opened(source)

    page.keyboard.press("h")

    assert page.locator(".kills").is_hidden()
    assert page.locator("#status").inner_text() == "1 of 3 places"


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast_in_both_schemes(opened, scheme):
    page = opened(survivors(), color_scheme=scheme)
    open_all(page)

    bad, seen = page.evaluate(CONTRASTS.read_text("utf-8"))

    assert bad == []
    assert seen > 50
