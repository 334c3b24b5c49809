"""Requests in JSON lines become prompts with cases."""

from __future__ import annotations

import json

import pytest

from promptops.formats.document import SourceHistory
from promptops.formats.readers.chat import documents
from promptops.formats.source_file import ReadOptions, SourceFile, SourceFolder
from promptops.formats.translation import jinja


def _turns(document):
    for turn in document.messages:
        if isinstance(turn, SourceHistory):
            yield f"history {turn.source}"
        else:
            calls = [call["name"] for call in turn.fields.get("tool_calls", ())]
            text = "".join(jinja(part.parts) for part in turn.content)
            yield f"{turn.role}: {text}{calls or ''}"


def _read(tmp_path, rows):
    data = "\n".join(map(json.dumps, rows)).encode()
    file = SourceFile(SourceFolder(tmp_path, ""), "batch.jsonl", data)
    return list(documents(file, ReadOptions()))


def _row(*messages, **others):
    listed = [dict(zip(("role", "content"), message, strict=True)) for message in messages]
    return {"messages": listed, **others}


SYSTEM, OTHER = ("system", "Be kind."), ("system", "Be {{ brief }}.")
QUESTION, ANSWER, MORE = ("user", "One?"), ("assistant", "1"), ("user", "Two?")


@pytest.mark.parametrize(
    ("rows", "turns", "inputs", "expected", "codes"),
    [
        (
            [_row(SYSTEM, QUESTION, ANSWER), _row(SYSTEM, MORE)],
            ["system: Be kind.", "user: {{ question }}"],
            [{"question": "One?"}, {"question": "Two?"}],
            ["1", None],
            [],
        ),
        (
            [_row(SYSTEM, QUESTION, ANSWER, MORE), _row(SYSTEM, QUESTION)],
            ["system: Be kind.", "history conversation", "user: {{ question }}"],
            [
                {
                    "conversation": [
                        {"role": "user", "content": "One?"},
                        {"role": "assistant", "content": "1"},
                    ],
                    "question": "Two?",
                },
                {"conversation": [], "question": "One?"},
            ],
            [None, None],
            ["IMP225"],
        ),
        (
            [_row(QUESTION, ideal="1"), _row(MORE, ideal=["2", "two"])],
            ["user: {{ question }}"],
            [{"question": "One?"}, {"question": "Two?"}],
            ["1", None],
            [],
        ),
        (
            [_row(("user", "One?"), ("tool", "{}")), _row(("user", "Two?"), ("tool", "[]"))],
            ["user: {{ question }}"],
            [{"question": "One?"}, {"question": "Two?"}],
            [None, None],
            ["IMP115", "IMP115"],
        ),
        (
            [_row(SYSTEM, QUESTION), _row(SYSTEM), _row(SYSTEM, ("user", [{"text": "Two?"}]))],
            ["system: Be kind.", "user: {{ question }}"],
            [{"question": "One?"}, {"question": '[{"text": "Two?"}]'}],
            [None, None],
            ["IMP115", "IMP105"],
        ),
    ],
)
def test_lines_are_cases_of_one_prompt(tmp_path, rows, turns, inputs, expected, codes):
    (document,) = _read(tmp_path, rows)

    assert list(_turns(document)) == turns
    assert [case.inputs for case in document.cases] == inputs
    assert [case.expected for case in document.cases] == expected
    assert [loss.code for loss in document.losses] == codes


def test_ideal_answers_of_evals_are_assertions(tmp_path):
    (document,) = _read(tmp_path, [_row(QUESTION, ideal="1"), _row(MORE, ideal=["2", "two"])])

    assert [case.output for case in document.cases] == [
        ({"type": "starts-with", "value": "1"},),
        ({"type": "one-of", "value": ["2", "two"]},),
    ]


def test_lines_with_other_instructions_are_other_prompts(tmp_path):
    found = _read(tmp_path, [_row(SYSTEM, QUESTION), _row(OTHER, QUESTION), _row(SYSTEM, MORE)])

    assert [(one.id, list(_turns(one)), len(one.cases)) for one in found] == [
        ("batch/prompt-1", ["system: Be kind.", "user: {{ question }}"], 2),
        ("batch/prompt-2", ['system: Be {{ "{{" }} brief }}.', "user: {{ question }}"], 1),
    ]


def test_the_custom_ids_of_a_batch_name_its_prompts_and_their_cases(tmp_path):
    rows = [
        {"custom_id": name, "body": _row(system, QUESTION, model="openai/gpt-5")}
        for name, system in (
            ("support/triage:a refund", SYSTEM),
            ("support/triage:a bug", OTHER),
            ("rag:a refund", SYSTEM),
        )
    ]

    found = _read(tmp_path, rows)

    assert [(one.id, [case.name for case in one.cases]) for one in found] == [
        ("batch/support/triage", ["a refund", "a bug"]),
        ("batch/rag", ["a refund"]),
    ]
    assert list(_turns(found[0])) == ["system: {{ system }}", "user: {{ question }}"]


def test_lines_of_more_than_20_prompts_are_one_prompt_whose_instructions_are_an_input(tmp_path):
    rows = [_row(("system", f"Be {number}."), QUESTION) for number in range(21)]

    (document,) = _read(tmp_path, rows)

    assert list(_turns(document)) == ["system: {{ system }}", "user: {{ question }}"]
    assert document.cases[20].inputs == {"system": "Be 20.", "question": "One?"}
