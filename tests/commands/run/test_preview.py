"""A prompt is tried with any inputs: what can be rendered is shown, and why the rest is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from promptops.commands.lint.live import Live
from promptops.commands.run.judging import recorded_run
from promptops.commands.run.preview import preview_prompt
from promptops.commands.run.tried import Tried, tried_inputs
from promptops.model.place import Place
from promptops.model.preview import FormField, Preview, PreviewError, PreviewPiece
from promptops.records import replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer
from tests.fork_server import ROOT

ASK = "prompts/ask.prompt.yaml"
HEAD = """\
format: promptops/1
description: Ask something.
model: {profile: fast}
"""
CONFIG = """\
[models.fast]
provider = "acme"
id = "acme-7b"
base_url = "http://127.0.0.1:9/v1"
price = {input = 2.0, output = 8.0}
"""
TWO = """\
inputs:
  required: [question, rows]
  properties:
    question: {type: string, maxLength: 80}
    rows: {type: integer, minimum: 1}
    name: {type: string, maxLength: 20, default: Ada}
messages:
  - {role: system, content: "Be kind to {{ name }}."}
  - {role: user, content: "{{ question }}, {{ rows + 1 }} rows"}
"""


@pytest.fixture
def live(repo: Any) -> Iterator[Live]:
    repo.write({"promptops.toml": CONFIG, ASK: HEAD + TWO})
    opened = Live(repo.root)
    yield opened
    opened.close()


def tried(
    live: Live, given: Mapping[str, Any] | None = None, text: str = HEAD + TWO, case: str = ""
) -> Preview:
    live.put(ASK, text)
    prompt = live.catalog.loaded(ASK).prompt
    assert prompt is not None
    return preview_prompt(
        live.catalog, prompt, tried_inputs(live.catalog, prompt, Tried(case=case, inputs=given))
    )


def texts(preview: Preview) -> list[str]:
    return ["".join(piece.text for piece in each.pieces) for each in preview.messages]


def test_given_inputs_are_rendered_with_the_source_of_each_piece(live):
    found = tried(live, {"question": "how", "rows": 2})

    assert found.messages[0].pieces == (
        PreviewPiece("Be kind to ", True, Place(ASK, 11, 30, 11, 41)),
        PreviewPiece("Ada", False, Place(ASK, 11, 44, 11, 48)),
        PreviewPiece(".", True, Place(ASK, 11, 51, 11, 52)),
    )
    assert texts(found) == ["Be kind to Ada.", "how, 3 rows"]
    prompt = live.catalog.loaded(ASK).prompt
    request = Renderer(prompt, live.catalog.load).request({"question": "how", "rows": 2})
    assert found.digest == request_digest(request)
    assert (found.tokens, found.cost_usd) == (10, pytest.approx(10 * 2 / 1_000_000))
    assert (found.case, found.cases, found.errors) == (None, (), ())


def test_wrong_inputs_have_errors_and_the_messages_that_can_be_rendered_are_shown(live):
    found = tried(live, {"question": "how", "rows": "many", "colour": "red"})

    assert texts(found) == ["Be kind to Ada.", ""]
    assert [(each.input, each.message) for each in found.errors] == [
        ("/rows", "`rows` must be a whole number, not a string"),
        ("/colour", "`colour` is not an input"),
    ]
    error = found.messages[1].error
    assert error is not None
    assert error.place == Place(ASK, 12, 47, 12, 55)
    assert (found.digest, found.tokens, found.cost_usd) == (None, None, None)


def test_an_error_in_one_message_leaves_the_others_readable(live):
    broken = TWO.replace("Be kind to {{ name }}.", "{{ name.first }}")

    found = tried(live, {"question": "how", "rows": 2}, HEAD + broken)

    assert texts(found) == ["", "how, 3 rows"]
    assert found.messages[0].error == PreviewError(
        message="this string has no `first`", place=Place(ASK, 11, 38, 11, 43)
    )
    assert found.digest is None


@pytest.mark.parametrize(
    ("turn", "shown"),
    [
        ("{history: rows}", [("rows", "`rows` is not a list"), ("user", None)]),
        (
            "{for_each: rows, as: row, messages: [{role: user, content: '{{ row }}'}]}",
            [("rows", "`rows` is not a list"), ("user", None)],
        ),
    ],
)
def test_a_list_that_is_not_a_list_is_an_error_at_its_place(live, turn, shown):
    text = (
        HEAD + "inputs: {properties: {rows: {}}}\nmessages:\n"
        f"  - {turn}\n  - {{role: user, content: Hi}}\n"
    )

    found = tried(live, {"rows": 7}, text)

    errors = [(each.role, each.error and each.error.message) for each in found.messages]
    assert errors == shown


def test_too_many_messages_are_an_error_of_the_prompt(live):
    text = (
        HEAD + "inputs: {properties: {rows: {type: array, items: {type: string}}}}\nmessages:\n"
        "  - {for_each: rows, as: row, messages: [{role: user, content: '{{ row.x }}'}]}\n"
    )

    found = tried(live, {"rows": ["a"] * 1_001}, text)

    assert [each.message for each in found.errors] == ["over 1,000 messages"]
    assert found.messages == ()


def test_a_prompt_without_cases_is_tried_with_the_first_draft(live):
    found = tried(live)

    assert found.case is None
    assert set(found.inputs) >= {"question", "rows"}
    assert found.errors == ()
    assert found.digest is not None


def test_the_case_is_shown_as_long_as_its_inputs_are(live):
    cases = "tests:\n" + "".join(
        f"  - {{name: {name}, inputs: {{question: {name}, rows: 1}}}}\n" for name in ("one", "two")
    )
    text = HEAD + TWO + cases

    first, second, gone, other = (
        tried(live, text=text),
        tried(live, text=text, case="two"),
        tried(live, text=text, case="three"),
        tried(live, {"question": "else", "rows": 1}, text, "two"),
    )

    assert [each.case for each in (first, second, gone, other)] == ["one", "two", "one", None]
    assert second.inputs == {"question": "two", "rows": 1}


FORM = """\
inputs:
  required: [story, size, pick, photo]
  properties:
    story: {type: string, description: The story.}
    loose: {type: [string, number, boolean]}
    any: {}
    size: {type: integer}
    on: {type: boolean, default: true}
    pick: {enum: [a, 2]}
    words: {type: array, items: {type: string}}
    deep: {type: array, items: {type: object, properties: {a: {type: array}}}}
    rows:
      type: array
      items: {type: object, required: [id], properties: {id: {type: string}, n: {type: number}}}
    who: {type: object, properties: {name: {type: string}}}
    open: {type: object}
    photo: {type: string}
    talk: {type: array, items: {type: object}}
messages:
  - {history: talk}
  - role: user
    content:
      - text: "{{ story }}"
      - image: {input: photo}
"""


def test_the_form_has_a_field_for_each_input_the_required_ones_first(live):
    found = tried(live, {"any": [1]}, HEAD + FORM)

    kinds = {each.name: (each.kind, each.required) for each in found.form}
    assert kinds == {
        "story": ("text", True),
        "size": ("number", True),
        "pick": ("choice", True),
        "photo": ("media", True),
        "loose": ("text", False),
        "any": ("json", False),
        "on": ("boolean", False),
        "words": ("list", False),
        "deep": ("json", False),
        "rows": ("table", False),
        "who": ("object", False),
        "open": ("json", False),
        "talk": ("history", False),
    }
    by_name = {each.name: each for each in found.form}
    assert by_name["story"].description == "The story."
    assert by_name["pick"].choices == ("a", 2)
    assert by_name["on"].default is True
    assert by_name["rows"].fields == (
        FormField(name="id", kind="text", required=True),
        FormField(name="n", kind="number", required=False),
    )
    assert [each.kind for each in tried(live, {}, HEAD + FORM).form if each.name == "any"] == [
        "text"
    ]


def test_a_recorded_answer_is_judged_by_its_case_without_a_call(project_catalog):
    live = project_catalog
    prompt = live.catalog.loaded("prompts/support/triage.prompt.yaml").prompt
    given = tried_inputs(live.catalog, prompt, Tried())
    digest = preview_prompt(live.catalog, prompt, given).digest

    found = recorded_run(live.workspace, prompt, given, digest)
    changed = recorded_run(live.workspace, prompt, replace(given, case=None), digest)

    assert found is not None
    assert found.case == "a known issue with a workaround is offered"
    (answer,) = found.answers
    assert answer.status == "passed"
    assert answer.assertions
    assert {each.on for each in answer.assertions} == {"request", "answer"}
    assert changed is not None
    assert changed.answers[0].text == answer.text
    assert recorded_run(live.workspace, prompt, given, "0" * 64) is None


@pytest.mark.parametrize(
    ("given", "case", "text"),
    [
        ({"n": 10, "rows": [1]}, "ten", "10.0 [1]"),
        ({"n": 10.0, "rows": [1.0]}, "ten", "10.0 [1]"),
        ({"n": 10, "rows": [True]}, None, "10 [true]"),
        ({"n": 11, "rows": [1]}, None, "11 [1]"),
    ],
)
def test_inputs_equal_to_those_of_a_case_in_json_are_written_as_there(live, given, case, text):
    content = '{role: user, content: "{{ n }} {{ rows | json }}"}'
    test = "{name: ten, inputs: {n: 10.0, rows: [1]}}"

    found = tried(live, given, f"{HEAD}messages:\n  - {content}\ntests:\n  - {test}\n", "ten")

    assert (found.case, texts(found)) == (case, [text])


@pytest.fixture
def project_catalog() -> Iterator[Live]:
    opened = Live(ROOT)
    yield opened
    opened.close()


EMPTY = """\
inputs:
  required: [order, tone, rows, named]
  properties:
    order: {type: string, minLength: 1, maxLength: 9}
    tone: {enum: [warm, formal]}
    rows: {type: integer}
    named: {type: object, required: [id], properties: {id: {type: string, pattern: "[A-Z]"}}}
    note: {type: string, maxLength: 3}
    code: {type: string, minLength: 3}
messages:
  - {role: user, content: "{{ order }} {{ tone }} {{ rows }} {{ named.id }} {{ note }}"}
"""


def test_a_field_of_the_form_that_is_empty_is_to_be_filled_in(live: Live) -> None:
    given = {"order": "", "tone": "", "named": {"id": ""}, "note": "long", "code": ""}

    found = tried(live, given, HEAD + EMPTY).errors

    assert [(each.input, each.message, each.hint) for each in found] == [
        ("/rows", "fill in `rows`", None),
        ("/order", "fill in `order`", None),
        ("/tone", "fill in `tone`", None),
        ("/named/id", "fill in `named.id`", None),
        ("/note", "`note` must have at most 3 characters, not 4", None),
        ("/code", "fill in `code`, or leave it out", None),
    ]
    missing = tried(live, {"order": "A", "tone": "warm", "rows": 1, "named": {}}, HEAD + EMPTY)
    assert [(each.input, each.message) for each in missing.errors] == [
        ("/named/id", "fill in `named.id`")
    ]
