"""The workbench in a real browser: what somebody does with it who never used git."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.real_model import MODEL
from tests.ui.conftest import MAIN, TOO_WIDE, barriers, measured, shot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workbench")]

TOML = """\
[models.steady]
provider = "llama"
id = "{model}"
base_url = "{address}"
params = {{temperature = 0}}

[models.lively]
provider = "llama"
id = "{model}"
base_url = "{address}"
params = {{temperature = 0.9, seed = 7}}
"""
REFUND = """\
format: promptops/1
title: Refund reply
description: Answer a customer who asks for a refund.
owners: ["@acme/support"]
tags: [support]
model: {profile: steady, params: {max_output_tokens: 12}}
inputs:
  required: [order, message]
  properties:
    order: {type: string, maxLength: 40, description: The number of the order.}
    message: {type: string, minLength: 1, maxLength: 2000, description: What the customer wrote.}
    tone: {type: string, enum: [friendly, formal], default: friendly}
messages:
  # The desk reads this file, too: comments stay.
  - role: system
    content: |
      You answer customers of the Acme shop about order {{ order }}.
      {% include "partials/house.md.j2" %}
      Name the order number in the reply.
      {% if tone == "formal" %}
      Address the customer formally.
      {% endif %}
  - role: user
    content: "{{ message }}"
tests:
  - name: a broken lamp
    inputs: {order: A-1001, message: The lamp arrived broken.}
    rendered:
      - {type: contains, role: system, value: order A-1001}
"""
OTHER = """\
format: promptops/1
description: Greet a visitor.
owners: ["@acme/web"]
messages:
  - {role: user, content: Say hello.}
tests:
  - name: hello
    rendered: [{type: message-count, value: 1}]
"""

ONE_KEY = """(text) => {
  const request = document.querySelector(".request");
  let started = 0;
  const press = () => { started ||= performance.now(); };
  addEventListener("keydown", press, {once: true, capture: true});
  new MutationObserver((_, observer) => {
    if (request.textContent.includes(text)) {
      observer.disconnect();
      window.took_ms = performance.now() - started;
    }
  }).observe(request, {subtree: true, childList: true, characterData: true});
}"""
"""Measures the time from the next key until the request has a text."""


@pytest.fixture
def shop(repo, model):
    """A repository with a refund reply, and two profiles of a real model."""
    repo.write(
        {
            "promptops.toml": TOML.format(model=MODEL, address=model.base_url),
            "prompts/support/refund.prompt.yaml": REFUND,
            "prompts/web/hello.prompt.yaml": OTHER,
            "prompts/partials/house.md.j2": "Be brief.\n",
        }
    )
    repo.commit("Prompts")
    return repo


def test_somebody_without_git_changes_a_prompt_tries_it_and_proposes_the_change(shop, opened):
    page = opened(shop.root, "--write", "--live")
    barriers_of = {}

    for step in (find, change, answer, keep, compare, propose):
        step(page)
        shot(page, f"story-{step.__name__}")
        barriers_of[step.__name__] = barriers(page)
        if step is find:
            page.keyboard.press("Enter")

    assert {name: found for name, found in barriers_of.items() if found} == {}
    assert (page.events, page.evaluate("refused")) == ([], [])
    assert shop.git("status", "--porcelain") == ""
    difference = shop.git("diff", "main", BRANCH).splitlines()
    changed = [line[1:].strip() for line in difference if re.match(r"[+-](?![+-])", line)]
    assert changed[:2] == [
        "Name the order number in the reply.",
        "Name the order number in the reply. Thank the customer warmly.",
    ]
    assert "- name: another lamp" in changed
    assert gate_of(shop) == 0


BRANCH = "thank-the-customer-in-refunds"


def find(page):
    search = page.get_by_role("searchbox", name="Search prompts")
    search.fill("no such prompt")
    page.get_by_text("No prompt matches “no such prompt”.").wait_for()
    page.get_by_role("button", name="Show all prompts").click()
    page.get_by_role("link", name=re.compile("hello")).wait_for()
    search.fill("customer refund")
    page.get_by_role("link", name=re.compile("refund")).wait_for()
    page.get_by_role("link", name=re.compile("hello")).wait_for(state="hidden")


def change(page):
    """Change a sentence; the request follows each key."""
    text = page.get_by_role("textbox", name="Text of message 1, system")
    request = page.get_by_role("article", name="message 1: system")
    request.get_by_text("Name the order number").wait_for()
    text.get_by_text("Name the order number in the reply.").click()
    page.keyboard.press("End")
    page.keyboard.type(" Thank the customer warmly")
    request.get_by_text("Thank the customer warmly").wait_for()
    page.evaluate(ONE_KEY, "Thank the customer warmly.")
    page.keyboard.type(".")
    request.get_by_text("Thank the customer warmly.").wait_for()
    measured("the request follows a key", page.evaluate("took_ms"))


def answer(page):
    """Fill the form, and get answers of two models."""
    page.get_by_role("textbox", name="order").fill("B-2002")
    page.get_by_role("textbox", name="message", exact=True).fill("The lamp arrived broken.")
    request = page.get_by_role("article", name="message 1: system")
    request.get_by_text("B-2002").wait_for()
    page.get_by_role("checkbox", name="lively").check()
    page.get_by_role("button", name="Get 2 answers").click()
    for name in ("steady", "lively"):
        shown = page.get_by_role("article", name=f"answer of {name}")
        shown.get_by_text(re.compile(r" s · \d+ tokens")).wait_for()
        assert shown.locator(".text").inner_text().strip()


def keep(page):
    """Keep the inputs as a case with a check of the answer, which passes like the other one."""
    answer = page.get_by_role("article", name="answer of steady").locator(".text")
    word = answer.inner_text().split()[0]
    page.get_by_label("Keep these inputs as a test case").fill("another lamp")
    page.get_by_text("It will not check the answer.").wait_for()
    page.get_by_label("The answer must contain").fill(f"\n{word}\n")
    page.get_by_text(f"The case will check that the answer contains “{word}”.").wait_for()
    page.get_by_role("button", name="Keep as a case").click()
    page.get_by_text("Kept as “another lamp”").wait_for()
    page.get_by_role("button", name="Run the cases").click()
    page.get_by_text("2 cases passed.").wait_for()
    page.get_by_text("1 check of the answer: passed").first.wait_for()
    shot(page, "story-kept")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Prompts").click()
    page.get_by_role("link", name=re.compile("Refund reply.*changed")).click()
    found = page.locator("mark.found").get_by_text(word)
    found.wait_for()
    assert found.get_attribute("title").startswith(f"passed: contains: expected `{word}`")
    checks = page.get_by_role("article", name="answer of steady").locator(".checks")
    checks.locator("summary").press("Enter")  # a keyboard is enough
    checks.get_by_role("listitem").get_by_text("contains").wait_for()


def compare(page):
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("button", name="Compare").click()
    for name in ("steady", "lively"):
        shown = page.get_by_role("article", name=name)
        shown.get_by_text(re.compile(r" s · \d+ tokens")).wait_for()
        assert shown.locator(".text").inner_text().strip()
        assert shown.locator("ins, del").count() == 0, "two answers are not a diff"


def propose(page):
    page.get_by_role("link", name="Your changes").click()
    page.get_by_role("heading", name="Save to a branch").wait_for()
    page.get_by_label("What you changed, in a sentence").fill("Thank the customer in refunds")
    files = page.get_by_role("button", name="Save to the files")
    before = files.bounding_box()
    page.get_by_role("button", name="Save to a branch").click()
    page.get_by_text(f"Saved to the branch {BRANCH}.").wait_for()
    page.get_by_text("Your edits stay here, too, until you undo them.").wait_for()
    assert page.get_by_text("not saved").count() == 0
    assert page.get_by_role("button", name="Save to a branch").count() == 0
    after = files.bounding_box()
    assert (after["x"], after["width"]) == (before["x"], before["width"]), "under another button"


def gate_of(shop):
    """The exit code of `promptops check` on the branch."""
    shop.git("checkout", "--quiet", BRANCH)
    command = [sys.executable, "-c", MAIN, "check", "--since", "main"]
    return subprocess.run(command, cwd=shop.root, capture_output=True, check=False).returncode


def test_a_mistake_is_shown_at_its_message_and_the_others_stay(shop, opened):
    page = opened(shop.root)
    page.goto(f"{page.url.partition('#')[0]}#/prompt/support/refund")
    text = page.get_by_role("textbox", name="Text of message 1, system")
    page.get_by_role("article", name="message 1: system").get_by_text("A-1001").wait_for()

    text.get_by_text("Name the order number in the reply.").click()
    page.keyboard.press("End")
    page.keyboard.type(" {{ custmer }}")
    page.locator(".findings").get_by_text("custmer").wait_for()
    page.locator(".cm-lintRange-error").get_by_text("custmer").wait_for()
    page.keyboard.type("{{")
    failed = page.get_by_role("article", name="message 1: system").locator(".problem")
    failed.wait_for()
    shot(page, "mistake")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")  # leaves the box: a keyboard is enough
    assert page.evaluate("document.activeElement.closest('.cm-editor')?.textContent") == (
        "{{ message }}"
    )

    other = page.get_by_role("article", name="message 2: user").inner_text()
    assert "The lamp arrived broken." in other
    assert page.get_by_text("promptops ui --live").count() == 1
    page.get_by_role("link", name="Your changes").click()
    page.get_by_text("promptops ui --write").wait_for()
    assert (barriers(page), page.events, page.evaluate("refused")) == ([], [], [])


def test_an_answer_has_what_was_checked_and_where_it_was_cut(shop, opened):
    page = opened(shop.root, "--live")
    page.goto(f"{page.url.partition('#')[0]}#/prompt/support/refund")
    page.get_by_role("heading", name="Refund reply").wait_for()
    page.get_by_text("No answer yet. Get one from steady, the prompt's model").wait_for()

    page.get_by_role("textbox", name="message", exact=True).fill("List the numbers from 1 to 90.")
    page.get_by_role("article", name="message 2: user").get_by_text("1 to 90").wait_for()
    page.get_by_role("button", name="Get an answer").click()
    answer = page.get_by_role("article", name="answer of steady")
    answer.get_by_text("The answer was cut at its limit of 12 tokens.").wait_for()
    notes = page.get_by_text("Calling").count()
    shot(page, "cut")
    page.get_by_label("Fill in from").select_option("a broken lamp")
    page.get_by_role("article", name="message 2: user").get_by_text("lamp").wait_for()
    page.get_by_role("button", name="Get an answer").click()
    answer.get_by_text(ONLY_THE_REQUEST).wait_for()
    page.get_by_role("button", name="Run the cases").click()
    page.locator("#cases").locator("xpath=../..").get_by_text(ONLY_THE_REQUEST).first.wait_for()

    assert notes == 0
    assert page.evaluate(END_OF_COLUMN) == [0, True]
    assert (barriers(page), page.events, page.evaluate("refused")) == ([], [], [])


NEEDS_ANSWER = """\
    output:
      - {type: regex, value: "."}
"""


def test_a_case_without_an_answer_has_a_button_that_gets_it(shop, opened):
    shop.write({"prompts/support/refund.prompt.yaml": REFUND + NEEDS_ANSWER})
    page = opened(shop.root, "--live")
    page.goto(f"{page.url.partition('#')[0]}#/prompt/support/refund")

    page.get_by_role("textbox", name="Text of message 1, system").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Be kind. ")
    message = page.get_by_role("article", name="message 1: system")
    message.get_by_text("Be kind. You answer").wait_for()
    page.get_by_role("button", name="Run the cases").click()
    unanswered = page.get_by_text("1 without an answer to check.")
    unanswered.wait_for()
    shot(page, "needs-answer")
    found = barriers(page)
    page.get_by_role("button", name="Get its answer from steady").click()
    unanswered.wait_for(state="detached")
    shot(page, "has-answer")

    assert page.get_by_role("button", name="Get its answer from steady").count() == 0
    assert (found, page.events, page.evaluate("refused")) == ([], [], [])


END_OF_COLUMN = """() => {
  const column = document.querySelector(".prompt .column:last-child");
  scrollTo(0, document.body.scrollHeight);
  const {bottom} = column.getBoundingClientRect();
  return [column.scrollHeight - column.clientHeight, bottom <= innerHeight];
}"""
"""How far the right column scrolls by itself, and whether the page shows its end."""
ONLY_THE_REQUEST = "1 check of what the model receives: passed · no check of the answer."


MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_texts_are_never_html(shop, opened):
    page = opened(shop.root)
    page.goto(f"{page.url.partition('#')[0]}#/prompt/support/refund")
    message = page.get_by_role("textbox", name="message", exact=True)

    message.fill(MARKUP)
    page.get_by_role("article", name="message 2: user").get_by_text(MARKUP).wait_for()
    page.get_by_role("textbox", name="Text of message 2, user").get_by_text("message").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("{% raw %}" + MARKUP + "{% endraw %}")
    page.get_by_role("article", name="message 2: user").get_by_text(MARKUP).wait_for()
    page.get_by_role("link", name="Your changes").click()
    page.locator("ins").get_by_text("onerror").wait_for()

    assert page.locator("img, script:not([src])").count() == 0
    assert (page.events, page.evaluate("refused")) == ([], [])


def test_files_are_saved_unless_somebody_else_changed_them_meanwhile(shop, opened):
    path = shop.root / "prompts/web/hello.prompt.yaml"
    page = opened(shop.root, "--write")
    base = page.url.partition("#")[0]

    def edit(words: str) -> None:
        page.goto(f"{base}#/prompt/web/hello")
        page.get_by_role("textbox", name="Text of message 1, user").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(words)
        page.get_by_role("article", name="message 1: user").get_by_text(words).wait_for()
        page.get_by_role("link", name="Your changes").click()
        page.get_by_role("button", name="Save to the files").wait_for()

    edit(" Smile.")
    page.get_by_role("button", name="Save to the files").click()
    page.get_by_text("Saved to prompts/web/hello.prompt.yaml.").wait_for()
    saved = path.read_text("utf-8")
    plain = saved.replace('"Say hello. Smile."', "Say hello. Smile.")  # "Say hello. " needs quotes
    edit(" Wave.")
    path.write_text(saved.replace("Greet a visitor.", "Greet each visitor."), "utf-8")
    page.get_by_role("button", name="Save to the files").click()
    page.get_by_role("heading", name="was changed by someone else").wait_for()
    shot(page, "conflict")

    assert plain == OTHER.replace("Say hello.", "Say hello. Smile.")
    assert "Wave" not in path.read_text("utf-8")
    assert barriers(page) == []


def test_ten_thousand_prompts_are_searched_as_one_types(repo, opened):
    repo.write(
        {
            f"prompts/area{number % 100}/task{number}.prompt.yaml": OTHER.replace(
                "Greet a visitor.", f"Greet visitor {number}."
            )
            for number in range(10_000)
        }
    )
    repo.write({"promptops.toml": ""})
    repo.commit("Prompts")
    page = opened(repo.root)
    page.get_by_text("10,000 prompts").wait_for()
    measured("the catalog is shown", page.evaluate("performance.now()"))
    rows = page.locator(".prompt-row")
    drawn = rows.count()

    page.get_by_text("Greet visitor 0.").wait_for()
    page.evaluate("scrollTo(0, 300000)")
    page.get_by_role("searchbox").fill("task4711")
    page.get_by_role("link", name="area11/task4711").wait_for()
    page.get_by_text("Greet visitor 4711.").wait_for()
    named = page.get_by_text("1 of 10,000 prompts").count()
    page.get_by_role("searchbox").fill("visitor 9876")
    page.get_by_role("link", name="area76/task9876").wait_for()
    shot(page, "catalog-10000")

    assert drawn < 60
    assert named == 1
    assert (page.events, page.evaluate("refused")) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_fits_its_window_and_has_no_barriers(shop, opened, width, scheme):
    size = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    shop.git("tag", "before-kindness")
    page = opened(shop.root, "--write", "--live", **size)
    found = {}

    def look(name: str) -> None:
        shot(page, f"{name}-{width}-{scheme}")
        found[name] = (barriers(page), page.evaluate(TOO_WIDE))

    page.get_by_text("Answer a customer").wait_for()
    look("catalog")
    page.get_by_role("link", name=re.compile("refund")).click()
    page.get_by_role("article", name="message 1: system").get_by_text("A-1001").wait_for()
    page.get_by_text("1 input with a default").click()
    page.get_by_role("button", name="Change tone").click()
    text = page.get_by_role("textbox", name="Text of message 1, system")
    text.get_by_text("Name the order").click()
    page.keyboard.press("End")
    page.keyboard.type(" Be kind.")
    page.get_by_role("article", name="message 1: system").get_by_text("Be kind.").wait_for()
    look("prompt")
    page.get_by_role("link", name="Compare").click()
    page.get_by_text("Two versions", exact=True).click()
    left = page.get_by_role("combobox", name="Left")
    left.get_by_role("option", name="before-kindness").wait_for(state="attached")
    listed = left.locator("option").all_inner_texts()
    left.select_option("before-kindness")
    assert page.get_by_label("Answers").input_value() == "steady"
    page.get_by_role("button", name="Compare").click()
    page.locator("ins").get_by_text("Be kind").wait_for()
    look("compare")
    page.get_by_role("link", name="Your changes").click()
    page.get_by_role("heading", name="Save to a branch").wait_for()
    look("change")

    assert [listed[0], *listed[2:]] == [
        "here, with your changes",
        "before-kindness",
        "another version…",
    ]
    assert found == {name: ([], 0) for name in ("catalog", "prompt", "compare", "change")}
    assert (page.events, page.evaluate("refused")) == ([], [])
