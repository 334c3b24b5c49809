"""The HTML page of the gate in a real browser."""

from dataclasses import replace
from pathlib import Path

import pytest

from promptops.commands.check.page import write_html
from tests.report.check.html_reports import REPORTS, failed, hostile, large, passed
from tests.report.diff.browser import visits
from tests.tiers import fast_first, fast_only

CONTRASTS = Path(__file__).parents[1] / "diff" / "contrasts.js"
PHONE = {"width": 390, "height": 844}
OPEN_ALL = "for (const each of document.querySelectorAll('details')) each.open = true"
pytestmark = pytest.mark.xdist_group("browser")  # one worker has the browser


@pytest.fixture
def opened(browser, tmp_path):
    with visits(browser, tmp_path, write_html) as visit:
        yield visit


def parts(page):
    """The parts of the page that are to be seen."""
    return page.locator(".group:visible").evaluate_all("found => found.map(({id}) => id)")


def prompts(page):
    """Those of the table that are to be seen."""
    return page.locator(".overview tbody tr:visible th > :first-child").all_inner_texts()


@pytest.mark.parametrize("name", fast_only(REPORTS, ["hostile"]))
def test_a_page_opens_without_an_error_a_dialog_or_a_request(opened, name):
    page = opened(REPORTS[name]())

    page.wait_for_load_state("networkidle")
    assert page.events == []
    assert page.title() != "pwned"


def test_what_strangers_and_models_write_runs_nothing_and_adds_nothing(opened):
    page = opened(hostile())

    counts = [
        page.locator(name).count()
        for name in ("script", "style", "img", "iframe", "form", "link", "object", "foreignObject")
    ]
    assert counts == [1, 1, 0, 0, 0, 0, 0, 0]


@pytest.mark.slow
def test_the_filter_narrows_every_part_and_what_leads_to_them(opened):
    page = opened(failed())
    every = parts(page)

    page.fill("#filter", "tikcet")
    found = parts(page), prompts(page), page.inner_text("#status")
    led_to = page.locator("nav li:visible").all_inner_texts()
    page.fill("#filter", "")

    assert every == ["changes", "findings", "cases", "coverage", "tests", "cost"]
    assert found == (["findings"], ["support/triage"], found[2])
    assert found[2].startswith("1 of ")
    assert found[2].endswith(" entries")
    assert led_to == ["Findings 6"]
    assert parts(page) == every


@pytest.mark.slow
def test_a_prompt_is_found_in_each_part_by_its_name(opened):
    page = opened(failed())

    page.fill("#filter", "sql/write")

    assert parts(page) == ["changes", "findings"]
    assert prompts(page) == ["sql/write"]


@pytest.mark.slow
def test_a_prompt_of_which_nothing_is_shown_is_found_by_its_own_row(opened):
    page = opened(failed())

    page.fill("#filter", "alone")

    assert prompts(page) == ["prompts/alone.prompt.yaml"]
    assert parts(page) == []


@pytest.mark.slow
def test_what_passes_is_hidden_and_shown_again(opened):
    page = opened(failed())

    page.keyboard.press("h")
    few = (
        prompts(page),
        page.locator(".case:visible").count(),
        page.locator(".stretch:visible").count(),
        page.locator(".shares li:visible").count(),
    )
    page.keyboard.press("h")

    assert "extraction/invoice" in few[0]
    assert "translate/ui" not in few[0]
    assert few[1:] == (9, 3, 2)
    assert page.locator(".case:visible").count() == 17
    assert page.locator(".stretch:visible").count() == 5


@pytest.mark.slow
def test_where_all_passes_hiding_it_leaves_the_verdict(opened):
    page = opened(passed())

    page.locator("#hide-passing").check()

    assert (parts(page), prompts(page)) == ([], [])
    assert page.inner_text("h1") == "✓ pass"


@pytest.mark.slow
def test_keys_move_through_changes_findings_cases_and_branches(opened):
    page = opened(failed())
    page.fill("#filter", "support/triage")
    page.keyboard.press("Escape")
    seen = []

    for _ in range(60):
        page.keyboard.press("j")
        seen.append(page.evaluate("document.activeElement.closest('.group')?.id"))

    assert list(dict.fromkeys(seen)) == ["changes", "findings", "cases", "coverage"]


@pytest.mark.slow
def test_what_a_key_goes_to_is_below_what_stays_in_reach(opened):
    page = opened(failed())

    for _ in range(12):
        page.keyboard.press("j")

    top, edge = page.evaluate(
        """[document.activeElement.getBoundingClientRect().top,
            document.querySelector(".reach").getBoundingClientRect().bottom]"""
    )
    assert edge <= top < edge + 120


@pytest.mark.slow
def test_all_that_folds_opens_and_folds_at_once(opened):
    page = opened(failed())
    foldable = page.locator(".part summary.stop").count()

    page.locator("#fold").click()
    folded = page.locator(".part details:has(> summary.stop)[open]").count()
    page.keyboard.press("o")
    unfolded = page.locator(".part details:has(> summary.stop)[open]").count()

    assert sorted((folded, unfolded)) == [0, foldable]


@pytest.mark.slow
def test_the_keyboard_alone_reaches_the_parts(opened):
    page = opened(failed())

    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    skipped_to = page.evaluate("document.activeElement.id")
    page.locator("nav a", has_text="Coverage").focus()
    page.keyboard.press("Enter")

    assert (first, skipped_to) == ("Skip to the prompts", "prompts")
    assert page.evaluate("document.activeElement.id") == "coverage"
    assert page.locator("#coverage-title").is_visible()


@pytest.mark.slow
def test_a_link_opens_the_case_it_leads_to(opened):
    page = opened(failed(), "#cases-of-1-case-2")

    found = page.locator(".case[open]").evaluate_all("found => found.map(({id}) => id)")

    assert found == ["cases-of-1-case-2"]


@pytest.mark.parametrize("name", fast_only(REPORTS, ["hostile"]))
@pytest.mark.parametrize("width", fast_first([390, 800, 1280], 1))
def test_nothing_is_wider_than_the_screen(opened, name, width):
    page = opened(REPORTS[name](), viewport={"width": width, "height": 844})
    page.evaluate(OPEN_ALL)

    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert wide == 0


BROKEN_WORDS = """() => {
  const broken = [];
  for (const cell of document.querySelectorAll(".overview td, .overview thead th")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      for (const word of walker.currentNode.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(walker.currentNode, word.index);
        range.setEnd(walker.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map(({top}) => Math.round(top)));
        if (lines.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 768, 1024, 1280])
def test_no_word_of_the_table_of_prompts_is_broken(opened, width):
    long = "a prompt file, a partial and the configuration of " + "changed " * 30
    found = failed()
    page = opened(
        replace(found, why=dict.fromkeys(found.why, long)),
        viewport={"width": width, "height": 844},
    )

    assert page.evaluate(BROKEN_WORDS) == []


@pytest.mark.slow
def test_on_a_phone_nothing_stays_in_front_of_what_is_read(opened):
    page = opened(failed(), viewport=PHONE)

    page.evaluate("document.getElementById('coverage').scrollIntoView()")

    assert page.locator(".reach").evaluate("found => found.getBoundingClientRect().bottom") < 0


@pytest.mark.parametrize("scheme", fast_first(["light", "dark"], 1))
def test_every_text_stands_out_in_both_schemes(opened, scheme):
    page = opened(failed(), color_scheme=scheme)
    page.evaluate(OPEN_ALL)

    bad, seen = page.evaluate(CONTRASTS.read_text("utf-8"))

    assert bad == []
    assert seen > 800


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_plots_stand_out_from_the_page(opened, scheme):
    page = opened(failed(), color_scheme=scheme)

    fills = page.evaluate(
        """["svg .taken", "svg .before", "svg .after"].map((name) =>
            getComputedStyle(document.querySelector(name)).fill)"""
    )
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert all(_contrast(fill, paper) >= 3 for fill in fills)


def _contrast(one, other):
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color):
    shares = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(", ")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(
        share * weight for share, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True)
    )


@pytest.mark.slow
def test_all_is_there_to_read_without_scripts(opened):
    page = opened(failed(), java_script_enabled=False)

    page.locator("#cases-of-1-case-1 summary").click()

    assert parts(page) == ["changes", "findings", "cases", "coverage", "tests", "cost"]
    assert page.locator("#cases-of-1-case-1 .message:visible").count() == 3
    assert page.locator(".remark:visible").count() == 8
    assert page.locator("nav a:visible").count() == 6
    assert not page.locator("#controls").is_visible()


@pytest.mark.slow
def test_a_print_shows_what_was_folded_and_no_controls(opened):
    page = opened(failed())
    page.emulate_media(media="print")

    assert page.locator("#cases-of-1-case-1 .message").first.is_visible()
    assert page.locator(".untaken .fold pre").first.is_visible()
    assert not page.locator(".reach").is_visible()


@pytest.mark.slow
def test_a_large_page_stays_quick(opened):
    page = opened(large(prompts=400, cases=5))

    page.fill("#filter", "prompt-377")
    found = prompts(page)
    page.fill("#filter", "")

    assert found == ["team/prompt-377"]
    assert len(prompts(page)) == 400
