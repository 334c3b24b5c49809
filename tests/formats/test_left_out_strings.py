"""Strings of code that are no prompts are named, and what the user selects is a prompt."""

from __future__ import annotations

import pytest

from promptops.formats.document import LeftOutText, SourceDocument
from promptops.formats.readers import python, typescript
from promptops.formats.source_file import ReadOptions, SourceFile, SourceFolder

CODE = """\
RULES = "Answer in one sentence, and never promise a refund."
LINE_PROMPT = f"You sort the tickets of a shop. {RULES}"
CHOICE = "Please choose one of the orders."
CHOICE = "Please choose one of the parts."
SHORT_PROMPT = "Sort the ticket."
TITLE = "Tickets"
print("Please choose one of the lines.")
"""
TYPESCRIPT = """\
const RULES = "Answer in one sentence, and never promise a refund.";
const LINE_PROMPT = `You sort the tickets of a shop. ${RULES}`;
let choice = "Please choose one of the orders.";
choice = "Please choose one of the parts.";
const SHORT_PROMPT = "Sort the ticket.";
const title = "Tickets";
console.log("Please choose one of the lines.");
"""
READERS = [("a.py", python, CODE), ("a.ts", typescript, TYPESCRIPT)]
UNNAMED = "(a command, but neither the name of a prompt nor `You are`)"


def found(reader, name, code, tmp_path, selects=None):
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), name, code.encode())
    for one in reader.documents(file, ReadOptions(selects=selects)):
        if isinstance(one, SourceDocument):
            yield f"prompt {one.id}"
        elif isinstance(one, LeftOutText):
            yield f"{one.place.line} {one.name}: {one.begins} ({one.reason})"


@pytest.mark.parametrize(("name", "reader", "code"), READERS)
def test_a_string_with_a_command_or_the_name_of_a_prompt_is_named(name, reader, code, tmp_path):
    assert list(found(reader, name, code, tmp_path)) == [
        "prompt a/line-prompt",
        f"3 choice: Please choose one of the orders. {UNNAMED}",
        f"4 choice-2: Please choose one of the parts. {UNNAMED}",
        "5 short-prompt: Sort the ticket. (under 40 characters or 5 words)",
    ]


@pytest.mark.parametrize(("name", "reader", "code"), READERS)
@pytest.mark.parametrize(
    ("selected", "prompts"),
    [
        (["a/choice-2"], ["a/line-prompt", "a/choice-2"]),
        (["a/short-prompt"], ["a/line-prompt", "a/short-prompt"]),
        (["a/rules"], ["a/line-prompt", "a/rules"]),
    ],
)
def test_what_the_user_selects_is_a_prompt(name, reader, code, selected, prompts, tmp_path):
    names = [
        one.removeprefix("prompt ")
        for one in found(reader, name, code, tmp_path, lambda one: one in selected)
        if one.startswith("prompt ")
    ]

    assert names == prompts


def test_a_question_to_an_object_that_may_be_an_agent_is_named(tmp_path):
    code = "print(agent.chat('What is in the image?', image=url))\n"

    assert list(found(python, "a.py", code, tmp_path)) == [
        "1 text: What is in the image? (passed to a method whose name does not say that it calls"
        " a model)"
    ]
