"""`run --save-case`: the inputs become a test case; all else in the file stays as it was."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from promptops.commands.run.saving import NewCase, NewCaseFields, new_case
from promptops.errors import InputError, PromptopsError, UsageError
from promptops.runtime.request.render import Renderer
from promptops.workspace.render import readable_prompt
from promptops.workspace.workspace import workspace

HEAD = """\
format: promptops/1
description: Ask something.
inputs:
  properties:
    topic: {type: string, maxLength: 1000}
    more: {type: array, items: {}, maxItems: 9, default: []}
  required: [topic]
messages:
  - role: user
    content: |
      Tell me about {{ topic }}.{% for each in more %} {{ each }}{% endfor %}
"""
INPUTS = {"topic": "cats", "more": [1, "two"]}


def _saved(
    repo: Any,
    files: Mapping[str, str],
    inputs: Mapping[str, Any] = INPUTS,
    name: str = "new",
    contains: Sequence[str] = (),
) -> NewCase:
    repo.write(files)
    with workspace(repo.root) as opened:
        prompt = readable_prompt(opened, "prompts/ask.prompt.yaml")
        request = Renderer(prompt, opened.catalog.load).request(inputs)
        kept = NewCaseFields(name=name, inputs=inputs, contains=contains)
        return new_case(opened, prompt, kept, request)


def _in_prompt(repo: Any, tests: str, inputs: Mapping[str, Any] = INPUTS) -> str:
    saved = _saved(repo, {"prompts/ask.prompt.yaml": HEAD + tests}, inputs)
    assert saved.path == "prompts/ask.prompt.yaml"
    return saved.data.decode().removeprefix(HEAD)


ITEM = """\
  - name: new
    inputs:
      topic: cats
      more:
      - 1
      - two
    rendered:
    - type: message-count
      value: 1
"""
FLOW = (
    '{"name": "new", "inputs": {"topic": "cats", "more": [1, "two"]}, '
    '"rendered": [{"type": "message-count", "value": 1}]}'
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"tests:\n{ITEM}"),
        ("tests: []   # none yet\n", f"tests:\n{ITEM.rstrip()}   # none yet\n"),
        (
            "tests:\n  - name: old  # first\n    inputs: {topic: dogs}\n    rendered:\n"
            "      - {type: contains, value: dogs}  # why\n\n# the end\nstatus: draft\n",
            "tests:\n  - name: old  # first\n    inputs: {topic: dogs}\n    rendered:\n"
            f"      - {{type: contains, value: dogs}}  # why\n{ITEM}\n# the end\nstatus: draft\n",
        ),
        (
            "tests:\n- name: old\n  rendered: [{type: contains, value: x}]\n  inputs: {topic: x}",
            "tests:\n- name: old\n  rendered: [{type: contains, value: x}]\n  inputs: {topic: x}\n"
            + "".join(f"{line[2:]}\n" for line in ITEM.splitlines()),
        ),
        (
            "tests:\n  - name: old\n    rendered: [{type: contains, value: x}]\n    inputs:\n"
            "      topic: |\n        a\n\n        b\n\nstatus: draft\n",
            "tests:\n  - name: old\n    rendered: [{type: contains, value: x}]\n    inputs:\n"
            f"      topic: |\n        a\n\n        b\n{ITEM}\nstatus: draft\n",
        ),
        (
            "tests: [{name: old, inputs: {topic: x}, rendered: [{type: contains, value: x}]}]\n",
            "tests: [{name: old, inputs: {topic: x}, rendered: [{type: contains, value: x}]}, "
            f"{FLOW}]\n",
        ),
    ],
    ids=["no tests", "an empty list", "comments", "indent", "a block", "flow"],
)
def test_a_case_is_added_below_the_last_one_and_nothing_else_changes(repo, before, after):
    assert _in_prompt(repo, before) == after


def test_a_file_keeps_its_line_endings_and_its_byte_order_mark(repo):
    text = f"{HEAD}tests:\n  - name: old\n    inputs: {{topic: x}}\n    rendered: []\n"
    repo.write({"prompts/ask.prompt.yaml": ""})
    file = repo.root / "prompts/ask.prompt.yaml"
    file.write_bytes(text.replace("\n", "\r\n").encode())

    with workspace(repo.root) as opened:
        prompt = readable_prompt(opened, "prompts/ask.prompt.yaml")
        request = Renderer(prompt, opened.catalog.load).request(INPUTS)
        saved = new_case(opened, prompt, NewCaseFields(name="new", inputs=INPUTS), request)

    assert saved.data == (text + ITEM).replace("\n", "\r\n").encode()


TEXTS = [
    "one\ntwo\n\nthree\n",
    "ends with a newline\n",
    "  begins with spaces\nand ends with them  ",
    "yes",
    "1e3",
    "12:30",
    "0x1f",
    "2026-01-01",
    "~",
    "- a: {b}",
    "{{ topic }}",
    "# no comment",
    "quotes \" and ' and \\",
    "tab\there",
    "hidden \u202e\u200b\ufeff\x07\x85\u2028 end",
    "smile 😀 and ❤️",
    "::error::no",
    "##[error]no",
    " ",
    "---",
    "x" * 500 + " y" * 100,
]

# No table can hold a control character.
IN_TABLES = [text for text in TEXTS if "\x07" not in text]


@pytest.mark.parametrize(
    ("kind", "topic"),
    [
        *itertools.product(["yaml", "cases.yaml", "cases.jsonl"], TEXTS),
        *itertools.product(["cases.csv"], IN_TABLES),
    ],
)
def test_any_text_is_read_back_as_it_was_given(repo, topic, kind):
    files = {"prompts/ask.prompt.yaml": HEAD}
    if kind != "yaml":
        files["prompts/ask.prompt.yaml"] += f"tests:\n  - file: ask.{kind}\n"
        files[f"prompts/ask.{kind}"] = {
            "cases.yaml": "- name: old\n  inputs: {topic: x}\n  rendered: []\n",
            "cases.jsonl": '{"name": "old", "inputs": {"topic": "x"}, "rendered": []}\n',
            "cases.csv": "name,inputs.topic,rendered\nold,x,[]\n",
        }[kind]

    saved = _saved(repo, files, {"topic": topic})
    saved.write(repo.root)

    with workspace(repo.root) as opened:
        cases = readable_prompt(opened, "prompts/ask.prompt.yaml").cases
    assert cases[-1].name == "new"
    assert cases[-1].inputs == {"topic": topic}
    assert list(cases[-1].rendered) == [{"type": "message-count", "value": 1}]
    assert not set("\u202e\u200b\ufeff\x07") & set(saved.data.decode())


def _with_file(kind: str, content: str) -> dict[str, str]:
    prompt = f"{HEAD}tests:\n  - name: inline\n    inputs: {{topic: x}}\n    rendered: []\n"
    return {
        "prompts/ask.prompt.yaml": f"{prompt}  - file: ask.cases.{kind}\n",
        f"prompts/ask.cases.{kind}": content,
    }


def test_the_case_file_of_the_last_entry_gets_the_case(repo):
    old = '{"name": "old", "inputs": {"topic": "x"}, "rendered": []}'

    saved = _saved(repo, _with_file("jsonl", old))

    assert saved == NewCase(path="prompts/ask.cases.jsonl", data=f"{old}\n{FLOW}\n".encode())


def test_a_row_is_added_to_a_table(repo):
    table = 'name,inputs.topic,inputs.more:json,tags,rendered\nold,"a, b",[],x,[]'

    saved = _saved(repo, _with_file("csv", table))

    row = 'new,cats,"[1, ""two""]",,"[{""type"": ""message-count"", ""value"": 1}]"'
    assert saved.data.decode() == f"{table}\n{row}\n"


def test_a_list_in_a_yaml_file_gets_an_item(repo):
    old = "# cases\n- name: old\n  inputs: {topic: x}\n  rendered: []\n"

    saved = _saved(repo, _with_file("yaml", old))

    assert saved.data.decode() == old + "".join(f"{line[2:]}\n" for line in ITEM.splitlines())


OLD = {
    "yaml": "- name: old\n  inputs: {topic: x}\n  rendered: []\n",
    "jsonl": '{"name": "old", "inputs": {"topic": "x"}, "rendered": []}\n',
    "csv": "name,inputs.topic,rendered,output\nold,x,[],\n",
}


@pytest.mark.parametrize("kind", OLD)
def test_a_case_has_the_texts_that_its_answer_must_contain(repo, kind):
    texts = ("A-1", "order: yes", '" # {{ x }} 😀')

    _saved(repo, _with_file(kind, OLD[kind]), {"topic": "x"}, contains=texts).write(repo.root)

    with workspace(repo.root) as opened:
        case = readable_prompt(opened, "prompts/ask.prompt.yaml").cases[-1]
    assert [dict(each) for each in case.output] == [
        {"type": "contains", "value": text} for text in texts
    ]
    assert list(case.rendered) == [{"type": "message-count", "value": 1}]


def test_a_text_that_the_answer_must_contain_is_not_empty(repo):
    error = _refused(repo, _with_file("jsonl", OLD["jsonl"]), contains=["x", " "])

    assert str(error) == (
        "a text that the answer must contain is empty\n"
        "  tip: write what it must contain, or leave it out"
    )


@pytest.mark.parametrize("given", [{"name": "n\ud800"}, {"contains": ["x", "\ud800"]}])
def test_a_case_is_valid_unicode(repo, given):
    error = _refused(repo, _with_file("jsonl", OLD["jsonl"]), **given)

    assert str(error) == (
        "the case contains half of a surrogate pair, which is not valid text\n"
        "  tip: remove the character"
    )


def _refused(repo: Any, files: Mapping[str, str], **said: Any) -> PromptopsError:
    with pytest.raises(PromptopsError) as raised:
        _saved(repo, files, **said)
    return raised.value


def test_a_table_without_the_columns_is_left_as_it_is(repo):
    error = _refused(repo, _with_file("csv", "name,inputs.topic\nold,x\n"))

    assert isinstance(error, InputError)
    assert str(error) == (
        "prompts/ask.cases.csv: the table has no column `inputs.more`, `rendered`\n  tip: add it"
    )


def test_a_case_of_that_name_is_never_overwritten(repo):
    error = _refused(repo, _with_file("jsonl", f"{FLOW}\n"))

    assert isinstance(error, UsageError)
    assert str(error) == (
        "prompts/ask.cases.jsonl:1:1: there is a case 'new' already\n  tip: choose another name"
    )


def test_a_missing_case_file_is_named(repo):
    files = _with_file("jsonl", "")
    del files["prompts/ask.cases.jsonl"]

    error = _refused(repo, files)

    assert str(error) == (
        "prompts/ask.cases.jsonl: there is no such case file\n  tip: create it, or correct `tests`"
    )


def test_inherited_cases_are_saved_where_they_are(repo):
    tests = "tests:\n  - name: old\n    inputs: {topic: x}\n    rendered: []\n"
    files = {
        "prompts/base.prompt.yaml": HEAD + tests,
        "prompts/ask.prompt.yaml": "format: promptops/1\nextends: base.prompt.yaml\n",
    }

    error = _refused(repo, files)

    assert str(error) == (
        "prompts/base.prompt.yaml: ask has the cases of the prompt that it extends\n"
        "  tip: run that prompt with --save-case, or give this one its own `tests`"
    )


def test_a_form_that_allows_no_addition_is_left_as_it_is_and_the_case_is_printed(repo):
    value = {
        "format": "promptops/1",
        "description": "x",
        "messages": [{"role": "user", "content": "About {{ topic }}"}],
        "inputs": {"properties": {"topic": {"type": "string"}}},
    }

    error = _refused(repo, {"prompts/ask.prompt.yaml": json.dumps(value)}, inputs={"topic": "cats"})

    case = (
        '{"name": "new", "inputs": {"topic": "cats"}, '
        '"rendered": [{"type": "message-count", "value": 1}]}'
    )
    assert str(error) == (
        "prompts/ask.prompt.yaml: the case can't be added without other changes to the file\n"
        f"  tip: add it by hand: {case}"
    )
