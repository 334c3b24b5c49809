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
    shown = {
        "title": "ask",
        "answer": {"kind": "none"},
        "profiles": [],
        "trusted": True,
        "kept": None,
        "typed": False,
    }
    page.evaluate("(shown) => window.postMessage(shown, '*')", {**shown, **changed})
    page.get_by_role("button", name="Keep as a case").wait_for()


def test_each_kind_of_field_gives_its_value(page):
    show(page, preview=PREVIEW)
    page.get_by_label("Add note", exact=True).click()
    page.get_by_label("note", exact=True).fill("a\nb")
    page.get_by_label("Add most", exact=True).click()
    page.get_by_label("most", exact=True).fill("3")
    page.get_by_label("Add urgent", exact=True).click()
    page.get_by_label("urgent", exact=True).check()
    page.get_by_text("1 input with a default").click()
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
    missing = {"kind": "missing", "prompt": "ask"}
    show(page, preview={**PREVIEW, "form": [], "inputs": {}}, answer=missing)
    page.get_by_text("promptops test --record ask").wait_for()

    assert page.get_by_role("form", name="Inputs").count() == 0


def result(kind, status, on, *at):
    place = {"path": "a", "line": 1, "column": 1, "end_line": 1, "end_column": 2}
    common = {"must": True, "reason": "why", "place": place, "score": None, "compared": None}
    return {"type": kind, "status": status, "on": on, "at": at, **common}


ANSWER = {
    "profile": "fast",
    "text": "It is closed. Sor",
    "answer": {"usage": {"input": 9, "output": 5}},
    "was_cut": True,
    "limit": 5,
    "problem": None,
    "reason": None,
    "cost_usd": None,
    "duration_s": None,
    "assertions": [
        result("message-count", "passed", "request"),
        result("contains", "passed", "answer", [6, 12]),
        result("not-contains", "failed", "answer", [14, 17]),
    ],
}


def test_an_answer_has_marks_says_that_it_was_cut_and_counts_its_checks(page):
    show(page, preview=PREVIEW, answer={"kind": "recorded", "run": {"answers": [ANSWER]}})
    page.get_by_text("fast · recorded · 9 tokens in, 5 out").wait_for()

    marks = page.locator("mark")

    assert page.locator(".text").last.inner_text() == ANSWER["text"]
    assert [(mark.inner_text(), mark.get_attribute("class")) for mark in marks.all()] == [
        ("closed", "passed"),
        ("Sor", "failed"),
    ]
    assert marks.last.get_attribute("title") == "failed: not-contains: why"
    assert page.get_by_role("alert").all_inner_texts() == [
        "The answer was cut at its limit of 5 tokens."
    ]
    page.get_by_text(
        "1 check of what the model receives: passed · 2 checks of the answer: 1 failed, 1 passed."
    ).wait_for()
    assert page.locator(".assertions li").first.inner_text() == (
        "✓ passed: in the request: message-count: why"
    )


def test_what_was_typed_for_a_new_case_stays_until_it_is_kept(page):
    complete = {**PREVIEW, "digest": "d"}
    name, keep = page.get_by_label("Name of the new case"), page.get_by_text("Keep as a case")
    show(page, preview=PREVIEW)
    name.fill("one")
    early = keep.is_disabled(), keep.get_attribute("title")
    show(page, preview=complete)
    page.get_by_label("What the answer must contain").fill("closed")
    keep.click()
    sent = page.evaluate("() => sent.at(-1)")
    show(page, preview=complete)  # an edit of the prompt
    show(page, preview=complete, kept={"name": "one", "problem": "there is a case 'one' already"})
    page.get_by_text("The case was not kept: there is a case 'one' already").wait_for()
    refused = name.input_value()
    name.fill("two")
    keep.click()
    show(page, preview=complete, kept={"name": "two", "problem": None})
    page.wait_for_function("document.querySelector('.keep input').value === ''")

    assert early == (True, "fix the errors of the request first")
    assert sent == {"type": "keep", "name": "one", "inputs": INPUTS, "contains": ["closed"]}
    assert (refused, page.get_by_role("alert").count()) == ("one", 0)


def test_a_conversation_is_neither_asked_nor_kept(page):
    profiles = [{"name": "fast", "model": "m", "provider": "openai"}]
    show(page, preview={**PREVIEW, "digest": "d", "turns": 3}, profiles=profiles)
    page.get_by_label("Name of the new case").fill("one")
    buttons = [page.get_by_text(words) for words in ("Call the model", "Keep as a case")]
    refused = [(each.is_disabled(), each.get_attribute("title")) for each in buttons]
    show(page, preview={**PREVIEW, "digest": "d", "turns": 0}, profiles=profiles)
    page.wait_for_function("!document.querySelector('.keep button').disabled")

    reason = "this case has turns: run the case, or change its inputs"
    assert refused == [(True, reason), (True, reason)]
    assert [(each.is_disabled(), each.get_attribute("title")) for each in buttons] == [
        (False, ""),
        (False, ""),
    ]
