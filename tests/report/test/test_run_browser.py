"""The HTML page of a run in a real browser."""

from pathlib import Path

import pytest

from promptops.report.test.page import write_html
from tests.report.diff.browser import visits
from tests.report.test.hostile_runs import hostile, large
from tests.report.test.runs import RUNS, failing
from tests.tiers import fast_first, fast_only

CONTRASTS = Path(__file__).parents[1] / "diff" / "contrasts.js"
MAKERS = {**RUNS, "hostile": hostile}
pytestmark = pytest.mark.xdist_group("browser")  # one worker has the browser


@pytest.fixture
def opened(browser, tmp_path):
    with visits(browser, tmp_path, write_html) as visit:
        yield visit


def names(page):
    """Of the cases that are to be seen."""
    found = page.locator(".prompt:not([hidden]) .case:not([hidden]) .name").all_text_contents()
    return [name.split(": ", 1)[1] for name in found]


@pytest.mark.parametrize("name", fast_only(MAKERS, ["hostile"]))
def test_a_page_opens_without_an_error_a_dialog_or_a_request(opened, name):
    page = opened(MAKERS[name]())

    page.wait_for_load_state("networkidle")
    assert page.events == []
    assert page.title() != "pwned"


def test_what_models_write_runs_nothing_and_adds_nothing(opened):
    page = opened(hostile())

    counts = [
        page.locator(name).count()
        for name in ("script", "style", "img", "iframe", "form", "link", "object")
    ]
    assert counts == [1, 1, 0, 0, 0, 0, 0]


@pytest.mark.slow
def test_differences_only_leaves_the_cases_that_do_not_pass(opened):
    page = opened(failing())
    every = len(names(page))

    page.locator("#differences-only").check()
    few = names(page)
    told = page.inner_text("#status")
    page.keyboard.press("d")

    assert (every, told) == (17, "9 of 17 cases")
    assert "refund #1" not in few
    assert {"refund #0", "lost password", "invoice without a date"} <= set(few)
    assert len(names(page)) == 17


@pytest.mark.slow
def test_prompts_whose_cases_all_pass_are_hidden_with_them(opened):
    page = opened(RUNS["stale"]())

    page.keyboard.press("d")

    assert page.locator(".prompt:visible h2").all_inner_texts() == ["support/triage"]
    assert page.locator(".prompts tbody tr:visible th").all_inner_texts() == ["support/triage"]


@pytest.mark.slow
def test_the_filter_looks_at_names_reasons_and_answers_but_not_at_requests(opened):
    page = opened(failing())
    found = []

    for words in (
        "lost PASSWORD",
        "refund_order",
        "friendly",
        "order-desk first",
        "three sentences",
    ):
        page.fill("#filter", words)
        found.append(names(page))

    order = ["a refund needs the order first"]
    assert found == [["lost password"], order, [], order, []]


@pytest.mark.slow
def test_a_cell_opens_the_case_and_marks_what_its_assertions_say(opened):
    page = opened(failing())
    details = page.locator("#prompt-1-case-1")
    marked = details.locator(".results .marked .type")

    details.locator(".cell.failed").click()
    first = details.get_attribute("open"), marked.all_inner_texts()
    details.locator('.cell[data-type="json-schema"]').click()
    second = details.get_attribute("open"), marked.all_inner_texts()
    details.locator('.cell[data-type="json-schema"]').click()

    assert first == ("", ["one-of"])
    assert second == ("", ["json-schema"])
    assert details.get_attribute("open") is None


@pytest.mark.slow
def test_keys_go_through_the_cases_and_open_one(opened):
    page = opened(failing())
    seen = []

    for key in ("j", "j", "j", "k", "Enter"):
        page.keyboard.press(key)
        seen.append(page.evaluate("document.activeElement.parentElement.id"))

    assert seen == [f"prompt-1-case-{number}" for number in (1, 2, 3, 2, 2)]
    assert page.locator("#prompt-1-case-2 .texts").is_visible()


@pytest.mark.slow
def test_keys_pass_over_what_is_hidden(opened):
    page = opened(failing())

    page.keyboard.press("d")
    page.locator("body").press("j")
    page.keyboard.press("j")

    assert page.evaluate("document.activeElement.parentElement.id") == "prompt-1-case-3"


@pytest.mark.slow
def test_all_cases_open_and_fold_at_once(opened):
    page = opened(failing())

    page.keyboard.press("o")
    opened_all = page.locator(".case[open]").count(), page.inner_text("#fold")
    page.locator("#fold").click()

    assert opened_all == (17, "Fold cases")
    assert page.locator(".case[open]").count() == 0


@pytest.mark.slow
def test_a_link_opens_the_case_it_leads_to(opened):
    page = opened(failing(), "#prompt-3-case-2")

    found = page.locator(".case[open]").evaluate_all("found => found.map(({id}) => id)")

    assert found == ["prompt-3-case-2"]


@pytest.mark.slow
def test_all_is_there_to_read_without_scripts(opened):
    page = opened(failing(), java_script_enabled=False)

    page.locator("#prompt-1-case-1 summary").click()

    assert page.locator("#prompt-1-case-1 .message:visible").count() == 3
    assert len(names(page)) == 17
    assert not page.locator("#controls").is_visible()


@pytest.mark.parametrize("name", fast_only(MAKERS, ["hostile"]))
@pytest.mark.parametrize("width", fast_first([390, 800, 1280], 1))
def test_nothing_is_wider_than_the_screen(opened, name, width):
    page = opened(MAKERS[name](), viewport={"width": width, "height": 844})
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")

    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert wide == 0


@pytest.mark.slow
def test_on_a_phone_a_cell_that_does_not_pass_has_its_name_beside(opened):
    page = opened(failing(), viewport={"width": 390, "height": 844})

    row = page.locator("#prompt-1-case-1 .cells")
    sides = [row.locator(each).bounding_box()["width"] for each in (".passed >> nth=0", ".failed")]

    assert sides[1] > sides[0] + 30
    assert not page.locator(".head").first.is_visible()


@pytest.mark.slow
def test_request_and_answer_stand_side_by_side_where_there_is_room(opened):
    places = []
    for width in (1280, 390):
        page = opened(failing(), "#prompt-1-case-1", viewport={"width": width, "height": 844})
        request, answer = (
            page.locator(f"#prompt-1-case-1 .{side}").bounding_box() for side in ("asked", "said")
        )
        places.append((request["x"] < answer["x"], request["y"] < answer["y"]))

    assert places == [(True, False), (False, True)]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", fast_first(["light", "dark"], 1))
def test_every_text_stands_out_in_both_schemes(opened, scheme):
    page = opened(failing(), color_scheme=scheme)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")

    bad, seen = page.evaluate(CONTRASTS.read_text("utf-8"))

    assert bad == []
    assert seen > 300


@pytest.mark.slow
def test_the_columns_stand_below_their_names(opened):
    page = opened(failing())

    for prompt in page.locator(".prompt").all():
        heads = [each.bounding_box()["x"] for each in prompt.locator(".head .cell").all()]
        for row in prompt.locator(".case").all():
            assert [each.bounding_box()["x"] for each in row.locator(".cell").all()] == heads


@pytest.mark.slow
def test_a_print_shows_what_cases_open_to_and_no_controls(opened):
    page = opened(failing())
    page.emulate_media(media="print")

    assert page.locator("#prompt-1-case-1 .message").first.is_visible()
    assert not page.locator("#controls").is_visible()


@pytest.mark.slow
def test_a_large_page_stays_quick(opened):
    page = opened(large(prompts=20, cases=100))

    page.fill("#filter", "prompt-017 answer 44")
    found = names(page)
    page.locator("#differences-only").check()

    assert found == ["case 44"]
    assert names(page) == []
