"""A better wording is proposed, used and saved to a branch, in a real browser."""

from __future__ import annotations

import pytest

from tests.commands.optimize.optimized import ASK, BETTER, configured, mostly_good, plan, proposal
from tests.servers.fault_server import fault_server
from tests.ui.conftest import TOO_WIDE, barriers, shot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workbench")]

COPIED = "You answer questions. Never guess.\nBe brief. Use {{ tone }}.\n"
BRANCH = "name-the-product"


def test_a_proposed_wording_is_used_and_saved_to_a_branch(repo, opened):
    with fault_server(plan(mostly_good, [proposal(COPIED), proposal(BETTER)])) as server:
        configured(repo, server)
        page = opened(repo.root, "--live", "--write")
        page.goto(f"{page.url.partition('#')[0]}#/prompt/ask")
        page.get_by_text("Propose a better wording").click()
        page.get_by_label("The model that proposes").select_option("strong")
        page.get_by_role("button", name="Start the search").click()
        missing = page.locator("#max-cost:invalid").count()
        asked = len(server.requests)
        page.get_by_label("Spend at most, in USD").fill("5")
        page.get_by_role("button", name="Start the search").click()

        found = page.get_by_role("article", name="proposed wording")
        found.get_by_text("Proved better: +").wait_for()
        found.get_by_text("What was tried").click()
        found.get_by_text("It adds the template tag").wait_for()
        shot(page, "proposal")
        barriers_of = [barriers(page)]
        changed = (found.locator("del").all_inner_texts(), found.locator("ins").all_inner_texts())
        too_wide = page.evaluate(TOO_WIDE)

    found.get_by_role("button", name="Use this wording").click()
    found.get_by_text("The prompt has this wording now.").wait_for()
    box = page.get_by_role("textbox", name="Text of message 1, system")
    box.get_by_text("Name the product.").wait_for()
    page.get_by_role("article", name="message 1: system").get_by_text("Name the product").wait_for()
    barriers_of.append(barriers(page))
    page.get_by_role("link", name="Your changes").first.click()
    page.get_by_label("What you changed, in a sentence").fill("Name the product")
    page.get_by_role("button", name="Save to a branch").click()
    page.get_by_text(f"Saved to the branch {BRANCH}.").wait_for()

    assert (missing, asked) == (1, 0)
    assert changed == (["Be", "brief"], ["Name", "the product"])
    assert (barriers_of, too_wide) == ([[], []], 0)
    assert repo.git("show", f"{BRANCH}:{ASK}").count("Name the product.") == 1
    assert repo.git("status", "--porcelain") == ""
    assert (page.events, page.evaluate("refused")) == ([], [])
