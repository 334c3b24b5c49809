"""Requests about trying a prompt: its preview, its recorded answer, a kept case, its cases."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.commands import (
    Argument,
    answer_in_editor,
    answer_text,
    argument_of,
    new_case_edit,
    preview_of,
    preview_text,
    recorded_answer,
    replayed_cases,
)
from promptops.commands.lsp.documents import Encoding, offset_of, split_lines
from promptops.commands.run.saving import NewCaseFields
from promptops.commands.run.tried import Tried
from promptops.errors import InputError, UsageError
from promptops.model.place import Place
from promptops.model.preview import Preview
from promptops.records import replace
from promptops.report.data_text import record_json
from tests.commands.lsp.answered_prompt import ASK, FILES
from tests.commands.lsp.opened_files import UTF_16, opened
from tests.output_schemas import validate

NO_VALUE = "the prompt can't be read: a value is missing here"


def inserted_into(text: str, edit: types.TextEdit, encoding: Encoding) -> str:
    at = offset_of(text, *encoding.cursor(split_lines(text), edit.range.start))
    return text[:at] + edit.new_text + text[at:]


def texts(value: Preview) -> list[str]:
    return ["".join(piece.text for piece in each.pieces) for each in value.messages]


def test_a_preview_has_the_source_of_each_piece_a_form_and_the_findings(live: Live) -> None:
    file = opened(live, ASK)

    value = preview_of(file, Tried(case="two"))

    pieces = value.messages[0].pieces
    assert [(each.text, str(each.place)) for each in pieces] == [
        ("Be kind to ", "prompts/partials/tone.md.j2:1:19"),
        ("ADA", "prompts/partials/tone.md.j2:1:33"),
        (".\n", "prompts/partials/tone.md.j2:1:48"),
        ("😀 ", f"{ASK}:14:35"),
        ("how", f"{ASK}:14:40"),
    ]
    assert (value.case, value.cases, value.errors) == ("two", ("one", "two", "three", "four"), ())
    assert [each.name for each in value.form] == ["question", "name"]
    assert value.findings == live.findings(ASK)
    validate("preview", record_json(value))


def test_typed_inputs_are_rendered_and_an_error_of_one_message_is_at_it(live: Live) -> None:
    file = opened(live, ASK, FILES[ASK].replace("Q: {{", "Q: {{ nothing }}{{"))

    value = preview_of(file, Tried(inputs={"question": "when"}))

    assert (value.case, texts(value)) == (None, ["Be kind to ADA.\n😀 when", ""])
    assert preview_text(value) == (
        f"system:\nBe kind to ADA.\n😀 when\n\nuser:\nerror: {ASK}:15:34: `nothing` is undefined"
    )


def test_a_prompt_that_cannot_be_read_has_the_preview_of_its_last_text(live: Live) -> None:
    preview_of(opened(live, ASK), Tried())

    broken = preview_of(opened(live, ASK, FILES[ASK] + "  - ["), Tried(case="one"))
    never = preview_of(opened(live, "prompts/new.prompt.yaml", "format: ["), Tried())

    place = broken.messages[1].pieces[0].place
    (error,) = broken.errors
    assert (error.message, str(error.place)) == (NO_VALUE, f"{ASK}:21:6")
    assert texts(broken)[1] == "Q: why"
    assert (place is not None and place.line, never.messages) == (15, ())
    assert preview_text(never) == f"prompts/new.prompt.yaml:1:10: {NO_VALUE}"
    validate("preview", record_json(never))


def test_a_recorded_answer_has_its_assertions_at_their_text(live: Live) -> None:
    file = opened(live, ASK)

    found = recorded_answer(file, Tried(case="two"))

    assert found is not None
    (answer,) = answer_in_editor(file, found).answers
    assert (answer.text, answer.status) == ("and so on", "passed")
    assert [(each.type, each.status, str(each.place)) for each in answer.assertions] == [
        ("contains", "passed", f"{ASK}:18:51")
    ]
    validate("run", record_json(found))
    shown = answer_text(found).splitlines()
    assert shown[:3] == [
        "and so on",
        "",
        "passed: contains: expected `so` in the answer, got line 1: `and so on`",
    ]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        (None, "the command needs one argument, an object with `uri`"),
        ({"case": "one"}, "the command needs one argument, an object with `uri`"),
        ({"uri": 1}, "`uri` of the argument must be a string"),
        ({"uri": "a", "inputs": []}, "`inputs` of the argument must be an object"),
        ({"uri": "a", "contains": "x"}, "`contains` of the argument must be a list of strings"),
        ({"uri": "a", "cases": [1]}, "`cases` of the argument must be a list of strings"),
        ({"uri": "a", "cases": None, "more": 1}, Argument(uri="a")),
        ({"uri": "a", "contains": ["x"]}, Argument(uri="a", contains=("x",))),
    ],
)
def test_a_wrong_argument_of_a_command_is_refused_with_what_it_must_be(
    argument: Any, expected: Argument | str
) -> None:
    try:
        found: Argument | str = argument_of((argument,))
    except UsageError as error:
        found = error.message

    assert found == expected


def test_what_is_not_recorded_says_how_to_record_it(live: Live) -> None:
    file = opened(live, ASK)

    assert recorded_answer(file, Tried(case="three")) is None
    assert answer_text(None) == "not recorded: run `promptops test --record`"
    with pytest.raises(InputError, match="`question` must be a string, not a number"):
        recorded_answer(file, Tried(case="four"))
    with pytest.raises(UsageError, match="cases run in trusted workspaces only"):
        recorded_answer(replace(file, trusted=False), Tried(case="two"))


def test_cases_are_replayed_all_or_some(live: Live) -> None:
    file = opened(live, ASK)

    some = replayed_cases(file, ("two",))

    assert [(each.name, each.status) for each in some.cases] == [("two", "passed")]
    assert [each.name for each in replayed_cases(file, None).cases] == [
        "one",
        "two",
        "three",
        "four",
    ]
    validate("test", record_json(some))
    with pytest.raises(UsageError, match="no case has the name 'five'"):
        replayed_cases(file, ("five",))
    with pytest.raises(UsageError, match="cases run in trusted workspaces only"):
        replayed_cases(replace(file, trusted=False), None)


IN_PROMPT = FILES[ASK].replace("  - file: ./ask.cases.yaml\n", "")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("path", [ASK, "prompts/ask.cases.yaml"])
def test_a_kept_case_is_one_insertion_beside_the_others(
    live: Live, path: str, newline: str
) -> None:
    text = IN_PROMPT if path == ASK else FILES[ASK]
    live.put("prompts/ask.cases.yaml", FILES["prompts/ask.cases.yaml"].replace("\n", newline))
    file = opened(live, ASK, text.replace("\n", newline), encoding=UTF_16)
    before = file.text if path == ASK else live.unsaved()[path]

    kept = NewCaseFields(name="new", inputs={"question": "😀 when"}, contains=["so"])
    edit = new_case_edit(file, kept)

    (change,) = edit.document_changes or ()
    assert isinstance(change, types.TextDocumentEdit)
    (inserted,) = change.edits
    assert inserted.range.start == inserted.range.end
    assert change.text_document.uri == file.uri_of(path)
    live.put(path, inserted_into(before, inserted, UTF_16))
    prompt = live.catalog.loaded(ASK).prompt
    assert prompt is not None
    case = prompt.cases[-1]
    assert (case.name, case.inputs) == ("new", {"question": "😀 when"})
    assert [dict(each) for each in case.output] == [{"type": "contains", "value": "so"}]


@pytest.mark.parametrize(
    ("name", "inputs", "reason"),
    [
        ("one", {"question": "x"}, "there is a case 'one' already"),
        (" ", {"question": "x"}, "a case needs a name"),
        ("new", {}, "fill in `question`"),
    ],
)
def test_a_case_that_cannot_be_kept_has_the_reason(
    live: Live, name: str, inputs: dict[str, Any], reason: str
) -> None:
    with pytest.raises((UsageError, InputError), match=reason):
        new_case_edit(opened(live, ASK), NewCaseFields(name=name, inputs=inputs))


def test_places_of_assertions_follow_the_lines_of_an_unreadable_text(live: Live) -> None:
    found = recorded_answer(opened(live, ASK), Tried(case="two"))
    assert found is not None

    typing = opened(live, ASK, FILES[ASK].replace("messages:", "bud\n\nmessages:"))

    (answer,) = answer_in_editor(typing, found).answers
    assert answer.assertions[0].place == Place(ASK, 20, 51, 20, 78)
