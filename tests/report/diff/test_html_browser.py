"""The HTML page of a diff in a real browser."""

from pathlib import Path

import pytest

from promptops.commands.diff.page import write_html
from tests.report.diff.browser import PATIENCE_MS
from tests.report.diff.html_extremes import REPORTS, hostile, large
from tests.report.diff.html_reports import realistic
from tests.tiers import fast_first, fast_only

HERE = Path(__file__).parent
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
pytestmark = pytest.mark.xdist_group("browser")  # one worker has the browser


class Visit:
    """An open page, and all that it said, asked for, or let happen."""

    def __init__(self, page):
        self.page = page
        self.events = []
        page.on("console", lambda message: self.events.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.events.append(f"error: {error}"))
        page.on("request", lambda request: self.events.append(f"request: {request.url}"))
        page.on("dialog", self._dismiss)

    def _dismiss(self, dialog):
        self.events.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def focused(self):
        return self.page.evaluate("document.activeElement.innerText").split("\n")[0]


@pytest.fixture
def visit(browser, tmp_path):
    """Opens a report's page by file://, with options of the browser's context."""
    contexts = []

    def opened(report, address="", **options):
        path = tmp_path / "page.html"
        path.write_text(write_html(report), encoding="utf-8")
        contexts.append(browser.new_context(**{"viewport": WIDE, **options}))
        contexts[-1].set_default_timeout(PATIENCE_MS)
        visit = Visit(contexts[-1].new_page())
        visit.page.goto(path.as_uri() + address)
        visit.events.remove(f"request: {path.as_uri()}")
        return visit

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", fast_only(REPORTS, ["hostile"]))
def test_a_page_opens_without_an_error_a_dialog_or_a_request(visit, name):
    visited = visit(REPORTS[name]())

    visited.page.wait_for_load_state("networkidle")
    assert visited.events == []
    assert "pwned" not in (visited.page.title().partition("=")[0])


def test_what_strangers_write_runs_nothing_and_adds_nothing(visit):
    visited = visit(hostile())

    counts = {
        name: visited.page.locator(name).count()
        for name in ("script", "img", "iframe", "form", "link", "style")
    }
    handlers = visited.page.evaluate(
        """[...document.querySelectorAll("*")].flatMap((element) =>
            [...element.attributes].filter(({name}) => name.startsWith("on"))).length"""
    )
    assert counts == {"script": 1, "img": 0, "iframe": 0, "form": 0, "link": 0, "style": 1}
    assert handlers == 0
    assert visited.page.title().startswith("</script></style><script>document.title='pwned'")


def test_the_policy_stops_what_would_have_slipped_through(visit):
    visited = visit(realistic())

    with visited.page.expect_event("requestfailed") as failed:
        visited.page.evaluate(
            """document.body.insertAdjacentHTML("beforeend",
                '<img src="http://127.0.0.1:9/a" onerror="alert(1)"><p style="color: red">')"""
        )
    visited.page.wait_for_load_state("networkidle")

    assert failed.value.failure == "csp"
    assert [event for event in visited.events if event.startswith("dialog")] == []
    assert _color(visited, "body > p[style]") == _color(visited, "body")


def _color(visited, selector):
    return visited.page.eval_on_selector(selector, "found => getComputedStyle(found).color")


@pytest.mark.slow
def test_keys_go_to_the_next_change_and_back(visit):
    visited = visit(realistic())
    seen = []

    for key in ("j", "j", "ArrowRight", "j", "j", "j", "k", "ArrowLeft"):
        visited.page.keyboard.press(key)
        seen.append(visited.focused())

    assert seen == [
        "Breaking queue may now be safety",
        "Breaking the input locale is required now, without a default",
        "Behavior a prohibition became weaker",
        "Behavior the request differs in 3 of 3 test cases",
        "Cases refund, broken blade, late parcel",
        "Breaking another provider answers",
        "Cases refund, broken blade, late parcel",
        "Behavior the request differs in 3 of 3 test cases",
    ]


@pytest.mark.slow
def test_a_change_that_a_key_goes_to_is_on_the_screen_and_outlined(visit):
    visited = visit(realistic())

    for _ in range(6):
        visited.page.keyboard.press("j")

    top, edge, outline = visited.page.evaluate(
        """[document.activeElement.getBoundingClientRect().top,
            document.getElementById("controls").getBoundingClientRect().bottom,
            getComputedStyle(document.activeElement).outlineStyle]"""
    )
    assert edge <= top < edge + 100
    assert outline == "solid"


@pytest.mark.slow
def test_the_last_change_has_no_next_one(visit):
    visited = visit(realistic())

    for _ in range(40):
        visited.page.keyboard.press("j")

    assert visited.focused() == "Neutral tags differ"


@pytest.mark.slow
def test_keys_go_on_from_where_one_has_read(visit):
    visited = visit(realistic())
    visited.page.locator("#prompt-3").scroll_into_view_if_needed()
    visited.page.evaluate("document.getElementById('prompt-3').scrollIntoView()")

    visited.page.keyboard.press("j")

    assert visited.focused().startswith("Breaking nothing is rendered any more")


@pytest.mark.slow
def test_a_question_mark_shows_the_keys_and_escape_hides_them(visit):
    visited = visit(realistic())
    keys = visited.page.locator("#keys")

    visited.page.keyboard.press("?")
    shown = keys.is_visible()
    visited.page.keyboard.press("j")
    visited.page.keyboard.press("Escape")

    assert shown
    assert not keys.is_visible()
    assert not visited.page.evaluate("document.activeElement.matches('.stop')")


@pytest.mark.slow
def test_keys_can_be_switched_off(visit):
    visited = visit(realistic())
    visited.page.keyboard.press("?")
    visited.page.locator("#use-keys").uncheck()
    visited.page.locator("#hide-keys").click()

    visited.page.keyboard.press("j")

    assert not visited.page.evaluate("document.activeElement.matches('.stop')")


@pytest.mark.slow
def test_the_filter_keeps_prompts_that_have_all_words(visit):
    visited = visit(realistic())

    visited.page.keyboard.press("/")
    visited.page.keyboard.type("REFUND sues")
    none = _shown(visited), visited.page.inner_text("#status")
    visited.page.keyboard.press("Control+a")
    visited.page.keyboard.type("promise SUE")

    assert none == (([], []), "0 of 7 prompts: nothing matches")
    assert _shown(visited) == (["support/triage", "support/reply"],) * 2
    assert visited.page.inner_text("#status") == "2 of 7 prompts"


@pytest.mark.slow
def test_escape_leaves_the_filter_and_keeps_it(visit):
    visited = visit(realistic())
    visited.page.keyboard.press("/")
    visited.page.keyboard.type("sql/write")

    visited.page.keyboard.press("Escape")
    visited.page.keyboard.press("j")

    assert visited.page.input_value("#filter") == "sql/write"
    assert visited.focused() == "Additive a new prompt"


@pytest.mark.slow
def test_neutral_changes_are_hidden_and_shown_again_but_not_risks(visit):
    visited = visit(realistic())

    visited.page.locator("#hide-neutral").check()
    kinds = [
        visited.page.locator(f".change.is-{kind}:visible").count() for kind in ("neutral", "risk")
    ]
    hidden = _shown(visited), kinds
    visited.page.keyboard.press("n")

    titles = ["support/triage", "docs/answer", "moderation/check", "support/reply"]
    few = [*titles, "support/outreach", "sql/write"]
    assert hidden == ((few, few), [0, 1])
    assert _shown(visited) == ([*few, "translate/ui"],) * 2


def _shown(visited):
    """Prompts of the table, and of the sections."""
    rows = visited.page.locator(".prompts tbody tr:visible th").all_text_contents()
    titles = visited.page.locator(".prompt:visible h2").all_text_contents()
    return rows, [title.split(" to ")[-1] for title in titles]


@pytest.mark.slow
def test_requests_are_folded_and_opened_all_at_once(visit):
    visited = visit(realistic())
    tables = visited.page.locator(".difference table")
    before = tables.first.is_visible()

    visited.page.keyboard.press("o")
    folded = tables.first.is_visible(), visited.page.inner_text("#fold")
    visited.page.locator("#fold").click()

    assert before
    assert folded == (False, "Open requests")
    assert tables.first.is_visible()


@pytest.mark.slow
def test_a_link_opens_the_difference_it_leads_to(visit):
    visited = visit(large(prompts=20), "#prompt-7-difference-2")

    opened = visited.page.locator("details.difference[open]")

    assert opened.evaluate_all("found => found.map(({id}) => id)") == ["prompt-7-difference-2"]


@pytest.mark.slow
def test_all_is_there_to_read_without_scripts(visit):
    visited = visit(realistic(), java_script_enabled=False)

    assert visited.page.locator(".prompt h2:visible").count() == 7
    assert visited.page.locator(".difference table:visible").first.is_visible()
    assert not visited.page.locator("#controls").is_visible()


@pytest.mark.slow
def test_the_first_key_leads_past_the_summary(visit):
    visited = visit(realistic())

    visited.page.keyboard.press("Tab")
    name = visited.focused()
    visited.page.keyboard.press("Enter")

    assert name == "Skip to the changes"
    assert visited.page.evaluate("document.activeElement.id") == "changes"


@pytest.mark.parametrize("name", fast_only(REPORTS, ["hostile"]))
@pytest.mark.parametrize("width", fast_first([390, 800, 1280], 1))
def test_nothing_is_wider_than_the_screen(visit, name, width):
    visited = visit(REPORTS[name](), viewport={"width": width, "height": 844})
    visited.page.evaluate(
        "for (const each of document.querySelectorAll('details')) each.open = true"
    )

    wide = visited.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )

    assert wide == 0


@pytest.mark.slow
def test_on_a_phone_the_sides_stand_one_below_the_other(visit):
    places = []
    for viewport in (WIDE, PHONE):
        visited = visit(realistic(), viewport=viewport)
        row = visited.page.locator(".message tr:not(.same):not(.folded)").nth(1)
        before, after = (row.locator(f"td.{side}").bounding_box() for side in ("before", "after"))
        places.append((before["x"] < after["x"], before["y"] < after["y"]))

    assert places == [(True, False), (False, True)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "paper"),
    fast_first([("light", "rgb(253, 253, 251)"), ("dark", "rgb(21, 23, 26)")], 1),
)
def test_every_text_stands_out_in_both_schemes(visit, scheme, paper):
    visited = visit(realistic(), color_scheme=scheme)

    bad, seen = visited.page.evaluate((HERE / "contrasts.js").read_text())

    assert visited.page.evaluate("getComputedStyle(document.body).backgroundColor") == paper
    assert bad == []
    assert seen > 300


@pytest.mark.slow
def test_a_large_page_stays_quick(visit):
    visited = visit(large())

    visited.page.keyboard.press("/")
    visited.page.keyboard.type("prompt-477")
    found = _shown(visited)
    visited.page.fill("#filter", "")
    visited.page.keyboard.press("Escape")
    milliseconds = visited.page.evaluate(
        """() => {
            const start = performance.now();
            for (let press = 0; press < 20; press += 1)
                document.body.dispatchEvent(
                    new KeyboardEvent("keydown", { key: "j", bubbles: true }));
            return performance.now() - start;
        }"""
    )

    assert found == (["team/prompt-477"],) * 2
    assert milliseconds < 10_000
    assert visited.page.evaluate("document.activeElement.matches('.stop')")


@pytest.mark.slow
def test_a_print_shows_what_was_folded_and_no_controls(visit):
    visited = visit(large(prompts=20))
    visited.page.emulate_media(media="print")

    assert visited.page.locator(".difference table").first.is_visible()
    assert not visited.page.locator("#controls").is_visible()
