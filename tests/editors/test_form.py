"""The page of the panel, in a browser: the form of the workbench in it, the answer, a kept case."""

from __future__ import annotations

import subprocess

import pytest

from tests.editors.code_server import EXTENSION
from tests.report.diff.browser import chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.vscode,
    pytest.mark.xdist_group("vscode"),
    pytest.mark.skipif(
        not (EXTENSION / "node_modules").is_dir(), reason="no npm ci in editors/vscode"
    ),
]
API = "window.sent = []; window.acquireVsCodeApi = () => ({postMessage: (m) => sent.push(m)});"
LAST = "() => sent.filter((each) => each.type === 'inputs').at(-1)?.inputs"


def field(name, kind, **more):
    common = {"required": False, "description": None, "choices": [], "fields": []}
    return {"name": name, "kind": kind, **common, **more}


FORM = [
    field("ticket", "text", required=True),
    field("note", "text"),
    field("most", "number"),
    field("urgent", "boolean"),
    field("tone", "choice", choices=["warm", "formal"], default="warm"),
    field("tags", "list"),
    field("orders", "table", fields=[field("id", "text", required=True), field("count", "number")]),
    field("turns", "history"),
    field("other", "json"),
]
INPUTS = {"ticket": "007", "orders": [{"id": "A1", "count": 2, "hidden": True}]}
PREVIEW = {
    "prompt": "ask",
    "path": "prompts/ask.prompt.yaml",
    "case": "one",
    "cases": ["one"],
    "inputs": INPUTS,
    "form": FORM,
    "messages": [],
    "errors": [],
    "findings": [],
    "tokens": None,
    "cost_usd": None,
    "digest": None,
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture
def page(browser):
    subprocess.run(["npm", "run", "--silent", "build"], cwd=EXTENSION, check=True)
    page = browser.new_page()
    page.add_init_script(API)
    page.set_content("<html><body></body></html>")
    page.evaluate(API)
    page.add_script_tag(content=(EXTENSION / "out" / "preview.js").read_text("utf-8"))
    yield page
    page.close()


def show(page, **changed):
    shown = {"title": "ask", "answer": {"kind": "none"}, "profiles": [], "trusted": True}
    page.evaluate("(shown) => window.postMessage(shown, '*')", {**shown, "typed": False, **changed})
    page.get_by_role("form", name="Inputs").wait_for()


def test_each_kind_of_field_gives_its_value(page):
    show(page, preview=PREVIEW)
    page.get_by_label("Add note", exact=True).click()
    page.get_by_label("note", exact=True).fill("a\nb")
    page.get_by_label("Add most", exact=True).click()
    page.get_by_label("most", exact=True).fill("3")
    page.get_by_label("Add urgent", exact=True).click()
    page.get_by_label("urgent", exact=True).check()
    page.get_by_text("1 with a default").click()
    page.get_by_label("Change tone", exact=True).click()
    page.get_by_label("tone", exact=True).select_option("formal")
    page.get_by_label("Add other", exact=True).click()
    page.get_by_label("other", exact=True).fill('{"a": [1]}')
    page.wait_for_function(f"JSON.stringify(({LAST})() ?? {{}}).includes('[1]')")
    typed = page.evaluate(LAST)
    page.get_by_label("other", exact=True).fill('{"a"')
    page.get_by_text("not JSON").wait_for()
    page.get_by_label("note", exact=True).fill("")
    page.get_by_label("Leave out: most").click()
    page.wait_for_function(f"!('most' in ({LAST})())")
    emptied = page.evaluate(LAST)

    assert typed == {
        **INPUTS,
        "note": "a\nb",
        "most": 3,
        "urgent": True,
        "tone": "formal",
        "other": {"a": [1]},
    }
    assert emptied == {**{k: v for k, v in typed.items() if k != "most"}, "note": ""}


def test_typed_inputs_stay_while_the_prompt_is_edited_and_errors_are_at_their_input(page):
    show(page, preview=PREVIEW)
    page.get_by_label("ticket", exact=True).fill("mine")
    wrong = {"message": "`ticket` is too long", "hint": None, "place": None, "input": "/ticket"}
    other = {**wrong, "message": "the prompt can't be read", "input": None}

    show(page, preview=PREVIEW)  # the prompt was edited before the typed inputs arrived
    early = page.get_by_label("ticket", exact=True).input_value()
    show(
        page,
        preview={**PREVIEW, "inputs": {"ticket": "mine"}, "errors": [wrong, other]},
        typed=True,
    )
    page.get_by_text("ticket is too long").wait_for()
    typed = page.get_by_label("ticket", exact=True).input_value()
    invalid = page.locator("[aria-invalid=true]").get_attribute("data-pointer")
    alerts = page.get_by_role("alert").all_inner_texts()
    show(page, preview=PREVIEW)  # the same case is chosen again
    page.get_by_text("ticket is too long").wait_for(state="detached")

    assert (early, typed, invalid) == ("mine", "mine", "/ticket")
    assert alerts == ["the prompt can't be read"]
    assert page.get_by_label("ticket", exact=True).input_value() == "007"


def test_a_prompt_without_inputs_has_no_form(page):
    empty = {**PREVIEW, "form": [], "inputs": {}}
    page.evaluate(
        "(shown) => window.postMessage(shown, '*')",
        {
            "title": "ask",
            "preview": empty,
            "answer": {"kind": "missing", "prompt": "ask"},
            "profiles": [],
            "trusted": True,
            "typed": False,
        },
    )
    page.get_by_text("promptops test --record ask").wait_for()

    assert page.get_by_role("form", name="Inputs").count() == 0
