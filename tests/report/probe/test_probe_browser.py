"""The HTML page of attacks in a real browser."""

from pathlib import Path

import pytest

from promptops.commands.probe.page import write_html
from tests.report.diff.browser import visits
from tests.report.probe.probe_runs import HOSTILE, accepted_too, hostile, nothing, usual

CONTRASTS = Path(__file__).parents[1] / "diff" / "contrasts.js"
MAKERS = {"usual": usual, "hostile": hostile, "nothing": nothing, "accepted": accepted_too}
pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.slow]  # one worker has the browser


@pytest.fixture
def opened(browser, tmp_path):
    with visits(browser, tmp_path, write_html) as visit:
        yield visit


def open_all(page):
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")


def names(page):
    """Of the visible attacks."""
    return [text.strip() for text in page.locator(".case:visible .name").all_inner_texts()]


@pytest.mark.parametrize("name", MAKERS)
def test_a_page_opens_without_an_error_a_dialog_or_a_request(opened, name):
    page = opened(MAKERS[name]())

    page.wait_for_load_state("networkidle")
    assert page.events == []
    assert page.title() != "pwned"


def test_requests_and_answers_with_markup_are_text(opened):
    page = opened(hostile())
    open_all(page)

    shown = page.locator(".case pre").all_inner_texts()
    added = ("script", "style", "img", "iframe", "form", "link", "object")
    assert [page.locator(name).count() for name in added] == [1, 1, 0, 0, 0, 0, 0]
    first = (
        "<script>document.title='pwned';alert(1)</script>\\u202e\\u200b\\x1b[31m`</pre>|@everyone"
    )
    assert HOSTILE.splitlines()[0].startswith("<script>")
    assert [text.splitlines()[0] for text in shown[:3]] == [first] * 3


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_nothing_is_wider_than_the_screen(opened, width):
    page = opened(hostile(), viewport={"width": width, "height": 844})
    open_all(page)

    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert wide == 0


def test_a_cell_of_the_matrix_opens_the_first_success_of_its_family(opened):
    page = opened(usual())

    page.locator("td.hit a").click()

    assert page.locator("#prompt-1-attack-1").get_attribute("open") == ""


def test_the_filter_finds_attacks_and_a_key_hides_accepted_ones(opened):
    page = opened(accepted_too())
    every = names(page)
    page.fill("#filter", "authority")
    found = names(page)
    page.fill("#filter", "")
    page.locator("h1").click()

    page.keyboard.press("d")

    assert [each.split(" ")[0] for each in every] == ["✕persona-unbound", "✕authority-developer"]
    assert [each.split(" ")[0] for each in found] == ["✕authority-developer"]
    assert [each.split(" ")[0] for each in names(page)] == ["✕persona-unbound"]
    assert page.locator("#status").inner_text() == "1 of 2 attacks"


def test_attacks_are_there_without_scripts(opened):
    page = opened(usual(), java_script_enabled=False)

    page.locator("#prompt-1-attack-1 > summary").click()

    assert page.locator("#prompt-1-attack-1 pre:visible").count() == 4
    assert not page.locator("#controls").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast_in_both_schemes(opened, scheme):
    page = opened(accepted_too(), color_scheme=scheme)
    open_all(page)

    bad, seen = page.evaluate(CONTRASTS.read_text("utf-8"))

    assert bad == []
    assert seen > 50
