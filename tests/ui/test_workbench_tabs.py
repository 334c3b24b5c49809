"""Two tabs of one workbench in a real browser, and what the edits break."""

from __future__ import annotations

import re

import pytest

from tests.ui.conftest import barriers, served, shot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workbench")]

HELLO = """\
format: promptops/1
title: Greeting
inputs:
  required: [name]
  properties:
    name: {type: string, maxLength: 40}
messages:
  - {role: user, content: "Say hello to {{ name }}."}
tests:
  - name: Ann
    inputs: {name: Ann}
    rendered: [{type: contains, value: Say hello}]
"""


@pytest.fixture
def greeting(repo):
    repo.write({"promptops.toml": "", "prompts/hello.prompt.yaml": HELLO})
    repo.commit("Prompts")
    return repo


def edit(page, words):
    """Type at the end of the first text."""
    page.get_by_role("textbox", name="Text of message 1, user").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(words)


def request(page, words):
    return page.get_by_role("article", name="message 1: user").get_by_text(words)


def focus(page):
    """Come back to a tab; a browser without windows does not send the event."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def test_the_later_tab_neither_overwrites_nor_saves_what_it_does_not_show(greeting, opened):
    with served(greeting.root, "--write") as address:
        one, other = (opened(greeting.root, address=address) for _ in range(2))
        for page in (one, other):
            page.get_by_role("link", name="Greeting").click()
            request(page, "Say hello to Ann.").wait_for()
        one.wait_for_load_state("networkidle")
        other.wait_for_load_state("networkidle")

        edit(one, " Smile.")
        request(one, "Say hello to Ann. Smile.").wait_for()
        edit(other, " Wave.")
        refused = other.get_by_text("Somebody else changed this text meanwhile")
        refused.wait_for()
        shot(other, "tabs-text")
        found = barriers(other)
        typed = other.get_by_role("textbox", name="Text of message 1, user").inner_text()
        other.get_by_role("button", name="Use the other text").click()
        request(other, "Say hello to Ann. Smile.").wait_for()
        refused.wait_for(state="detached")

        other.get_by_role("link", name="Your changes").click()
        other.locator("ins").get_by_text("Smile").wait_for()
        edit(one, " Nod.")
        request(one, "Say hello to Ann. Smile. Nod.").wait_for()
        other.get_by_role("button", name="Save to the files").click()
        other.get_by_text("Your changes differ from what this page shows").wait_for()
        other.locator("ins").get_by_text("Smile. Nod").wait_for()
        unsaved = greeting.git("status", "--porcelain")
        edit(one, " Bow.")
        request(one, "Bow.").wait_for()
        focus(other)
        other.locator("ins").get_by_text("Smile. Nod. Bow").wait_for()
        other.get_by_role("button", name="Save to the files").dblclick()
        other.get_by_text("Saved to prompts/hello.prompt.yaml.").wait_for()

        assert typed.strip() == "Say hello to {{ name }}. Wave."
        assert (found, unsaved) == ([], "")
        assert [*one.events, *other.events] == []
        assert "Smile. Nod. Bow." in (greeting.root / "prompts/hello.prompt.yaml").read_text()


def test_a_case_that_fails_with_the_edits_is_named_and_undo_names_the_kept_cases(greeting, opened):
    page = opened(greeting.root, "--write")
    page.get_by_role("link", name="Greeting").click()
    request(page, "Say hello to Ann.").wait_for()
    page.get_by_role("button", name="Keep as a case").click()
    name = page.get_by_label("Keep these inputs as a test case")
    focused = "field => [field === document.activeElement, field.validity.valueMissing]"
    asked = name.evaluate(focused)
    name.fill("a name")
    page.get_by_label("The answer must contain").fill("Ann\nhello")
    page.get_by_text("That needs an answer").wait_for()
    page.get_by_role("button", name="Keep as a case").click()
    page.get_by_text("Kept as “a name”").wait_for()
    promised = page.get_by_text("The case will check").count()
    page.get_by_role("textbox", name="Text of message 1, user").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("Do not ")
    request(page, "Do not Say hello to Ann.").wait_for()
    page.keyboard.press("Control+Delete")
    page.get_by_role("link", name="Your changes").click()

    failing = page.locator(".case-runs li")
    page.get_by_role("heading", name="2 test cases do not pass").wait_for()
    texts = failing.all_inner_texts()
    shot(page, "failing")
    found = barriers(page)
    page.get_by_role("link", name="hello: a name").click()
    page.get_by_label("Fill in from").get_by_text("a name").wait_for(state="attached")
    page.get_by_role("button", name="Undo all changes").click()
    page.get_by_text("The test case that you kept is dropped, too: “a name”.").wait_for()
    shot(page, "undo")
    found += barriers(page)
    page.get_by_role("button", name="Keep my changes").click()
    page.get_by_role("link", name="Your changes").click()
    page.get_by_role("button", name="Undo all changes").click()
    page.get_by_role("button", name="Undo them").click()
    page.get_by_text("Nothing has changed.").wait_for()

    assert (asked, promised) == ([True, True], 0)
    assert [re.split(r"\s*\n\s*", text.strip())[:2] for text in texts] == [
        ["hello: Ann", "failed"],
        ["hello: a name", "no answer to check yet"],
    ]
    assert (found, page.events, page.evaluate("refused")) == ([], [], [])
