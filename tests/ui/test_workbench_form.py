"""The form of inputs in a real browser."""

from __future__ import annotations

import pytest

from tests.ui.conftest import barriers, shot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workbench")]

RECEIPT = """\
format: promptops/1
title: Receipt
description: Read a receipt.
inputs:
  required: [shop, photo, urgent, count]
  properties:
    shop: {type: string, minLength: 1, maxLength: 40}
    photo: {type: string, contentMediaType: image/png, maxLength: 3000000}
    urgent: {type: boolean}
    count: {type: integer}
    note: {type: string, minLength: 1, maxLength: 40}
    days: {type: integer, default: 14}
messages:
  - role: user
    content:
      - image: {input: photo}
      - text: "{{ shop }} {{ count }} {{ urgent }} {{ note | default('') }} {{ days }}"
"""


@pytest.fixture
def receipts(repo):
    repo.write({"prompts/receipt.prompt.yaml": RECEIPT, "promptops.toml": ""})
    repo.commit("Prompts")
    return repo


def test_problems_are_shown_at_their_inputs_and_a_file_keeps_its_kind(receipts, opened):
    page = opened(receipts.root)
    page.goto(f"{page.url.partition('#')[0]}#/prompt/receipt")
    form = page.locator(".input-form")
    shop = page.get_by_role("textbox", name="shop")
    problem = form.locator(".problem:not(:empty)")

    shop.fill("Acme")
    page.get_by_role("textbox", name="note").fill("")
    page.get_by_role("textbox", name="count").fill("")
    page.get_by_role("textbox", name="shop").fill("")
    form.locator(".problem").get_by_text("fill in shop").wait_for()
    found = problem.all_inner_texts()
    shot(page, "form-empty")
    found_barriers = barriers(page)
    shop.fill("Acme")
    page.get_by_role("textbox", name="note").fill("late")
    page.get_by_text("1 input with a default").click()
    page.get_by_role("button", name="Change days").click()
    page.get_by_role("textbox", name="days").fill("7")
    page.get_by_role("textbox", name="days").fill("")
    page.get_by_role("textbox", name="count").fill("2")
    page.get_by_role("switch", name="urgent").uncheck()
    with page.expect_request(lambda sent: "iVBORw==" in (sent.post_data or "")) as sent:
        page.get_by_label("photo: file").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": b"\x89PNG"}
        )
    message = page.get_by_role("article", name="message 1: user")
    message.get_by_text("Acme 2 False late 14").wait_for()

    assert found == ["fill in shop", "fill in count", "fill in note, or leave it out"]
    assert sent.value.post_data_json["inputs"]["photo"] == "data:image/png;base64,iVBORw=="
    assert page.get_by_role("textbox", name="days").input_value() == ""
    assert (found_barriers, page.events, page.evaluate("refused")) == ([], [], [])
