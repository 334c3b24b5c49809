"""A test case with turns, in a real browser."""

from __future__ import annotations

import pytest

from tests.conversation import ANSWERS, CASE, PATH, PROMPT, converse, profile
from tests.ui.conftest import barriers, shot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workbench")]

NARROW = """() => [...document.querySelectorAll(".turns li")].filter(
    (each) => each.clientWidth < each.parentElement.clientWidth).length"""


@pytest.fixture
def refunds(repo):
    repo.write({PATH: PROMPT, "promptops.toml": profile()})
    converse(repo, ANSWERS)
    repo.commit("A conversation")
    return repo


def test_a_conversation_is_checked_and_neither_asked_nor_kept(refunds, opened):
    page = opened(refunds.root, "--live", "--write")
    page.goto(f"{page.url.partition('#')[0]}#/prompt/refund")
    product = page.get_by_role("textbox", name="product")
    product.wait_for()
    page.get_by_role("combobox", name="Fill in from").select_option(CASE)
    page.get_by_text("This case is a conversation.").wait_for()
    buttons = page.get_by_role("button", name="Get an answer").or_(
        page.get_by_role("button", name="Keep as a case")
    )
    offered = buttons.count()
    page.get_by_role("button", name="Run the cases").click()
    page.get_by_text("1 case passed.").wait_for()
    words = page.locator(".case-runs summary").all_inner_texts()
    page.locator(".case-runs summary").last.click()
    turns = page.locator(".turns li > span").all_inner_texts()
    narrow = page.evaluate(NARROW)
    shot(page, "conversation")
    found_barriers = barriers(page)
    product.fill("lamp")
    page.get_by_text("You support users of the lamp.").wait_for()
    buttons.first.wait_for()

    assert (offered, buttons.all_inner_texts()) == (0, ["Get an answer", "Keep as a case"])
    assert words == [
        "4 checks of the answers: passed · 3 checks of the conversation: passed.",
        "3 turns",
    ]
    assert turns == [
        "system",
        "turn 1, user",
        "turn 1, assistant",
        "turn 2, tool",
        "turn 2, assistant",
        "turn 3, user",
        "turn 3, assistant",
    ]
    assert (narrow, found_barriers, page.events) == (0, [], [])
