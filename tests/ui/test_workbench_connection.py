"""The workbench in a real browser while its server does not answer, or is another one."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.ui.conftest import barriers, served, shot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workbench")]

HELLO = """\
format: promptops/1
description: Greet a visitor.
inputs:
  required: [name]
  properties:
    name: {type: string, maxLength: 40}
messages:
  - {role: user, content: "Say hello to {{ name }}."}
tests:
  - {name: Ann, inputs: {name: Ann}, rendered: [{type: message-count, value: 1}]}
  - {name: Ben, inputs: {name: Ben}, rendered: [{type: message-count, value: 1}]}
"""


@pytest.fixture
def greeting(repo):
    repo.write({"promptops.toml": "", "prompts/hello.prompt.yaml": HELLO})
    repo.commit("Prompts")
    return repo


def test_what_was_chosen_and_typed_arrives_once_the_server_answers_again(greeting, opened):
    page = opened(greeting.root, "--write")
    page.goto(f"{page.url.partition('#')[0]}#/prompt/hello")
    message = page.get_by_role("article", name="message 1: user")
    message.get_by_text("Ann").wait_for()
    page.wait_for_load_state("networkidle")  # nothing that was read fails later

    page.context.set_offline(True)
    page.get_by_label("Fill in from").select_option("Ben")
    alert = page.get_by_role("alert")
    alert.get_by_text("The workbench does not answer;").wait_for()
    shot(page, "lost")
    found = barriers(page)
    page.get_by_role("textbox", name="Text of message 1, user").click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Smile.")
    page.get_by_role("link", name="Your changes").click()
    page.get_by_text("Comparing…").wait_for()
    page.context.set_offline(False)
    page.get_by_role("heading", name="hello").wait_for()
    alert.wait_for(state="detached")
    page.get_by_role("link", name="Open the prompt").click()
    message.get_by_text("Say hello to Ben. Smile.").wait_for()

    assert found == []
    assert [text for text in page.events if "ERR_INTERNET_DISCONNECTED" not in text] == []


def test_a_text_survives_a_server_that_is_started_anew_on_its_port(greeting, opened):
    with served(greeting.root) as address:
        page = opened(greeting.root, address=address)
        page.goto(f"{page.url.partition('#')[0]}#/prompt/hello")
        message = page.get_by_role("article", name="message 1: user")
        message.get_by_text("Ann").wait_for()
        page.wait_for_load_state("networkidle")
    text = page.get_by_role("textbox", name="Text of message 1, user")
    text.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Smile.")
    page.get_by_text("The workbench does not answer;").wait_for()
    with served(greeting.root, "--port", str(urlsplit(page.url).port)) as address:
        page.get_by_text("has another address now").wait_for()
        shot(page, "another-address")
        page.goto(address)
        page.get_by_role("link", name="hello").click()
        message.get_by_text("Say hello to Ann. Smile.").wait_for()

        tab = page.context.new_page()
        tab.goto(address.partition("#")[0])
        tab.get_by_text("This address is not complete").wait_for()
        tab.goto(address)
        tab.get_by_role("link", name="hello").wait_for()

        assert page.get_by_role("alert").count() == 0
        assert text.inner_text().strip() == "Say hello to {{ name }}. Smile."
