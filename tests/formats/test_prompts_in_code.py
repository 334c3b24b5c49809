"""Which strings of source code are prompts, and what is reported about the others."""

from __future__ import annotations

from time import process_time

import pytest

from promptops.formats.document import ExpressionPart, TextPart
from promptops.formats.prompts_in_code import (
    begins,
    is_called_prompts,
    marked_text,
    pair_name,
    pairs_of,
    refusal,
)

LONG = "Read the text of the user, and answer in plain words and short sentences. " * 3
TASK = f"{LONG} You are read by children."
SHORT = "Sort {text} into groups, and give your reasons."
CODE = "import json\n" + "print the value of this and that and more of it\n" * 5
LANGUAGE = "in HTML, CSS, SQL or a programming language"
NO_COMMAND = "no command such as `Answer`, and no `You are`"
UNNAMED = "a command, but neither the name of a prompt nor `You are`"
TOO_SHORT = "under 40 characters or 5 words"
VALUES = "under 3 words of its own"
ASKED = "raised, logged, printed or shown to people"
PASSED = "passed to a method whose name does not say that it calls a model"
LISTED = "one of several strings, which may be examples"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("SORT_PROMPT", SHORT, None),
        ("Prompts.sort", SHORT, None),
        ("build_prompt.text", SHORT, None),
        ("userMessage", SHORT, None),
        ("ANSWER", TASK, None),
        ("PROMPT", "你是一个客服助手，请用简短的句子回答用户的问题", None),
        ("PROMPT", "Translate {text} to English, and keep all names.", None),
        ("PROMPT", "Select the best answer of all, and give reasons.", None),
        ("PROMPT", "{% if a %}You write titles for me, {% endif %}please.", None),
        ("SYSTEM", "You write code such as\nimport json\nand nothing else.", None),
        ("SYSTEM", "## Role\n**You** write titles of texts in one line.", None),
        ("system_prompt", "You are a helpful assistant.", None),
        ("HELPER", "You are a helpful assistant who answers all questions in one line.", None),
        ("PROMPT", "Context: {context}, question of the user: {question}", None),
        ("PROMPTS.tutor", "Ada is a patient tutor for children of ten.", None),
        ("templates.shorten", SHORT, None),
        ("errors.promptOfRetry", SHORT, None),
        ("SYSTEM", "Der Assistent schlägt ein gutes Gericht für {person} vor.", None),
        ("SYSTEM_MESSAGE", "You answer questions about documents, and cite pages.", None),
        ("CONTINUE_SYSTEM", "That is wrong. Please continue, and find another answer.", None),
        ("PROMPT", "Reply to {name}, but never with: do you want more help?", None),
        ("PROMPT", "Here is the ticket. Do you want to sort it or to close it?", None),
        ("ANSWER", LONG, UNNAMED),
        ("brokerErrorTemplates.missing", TASK, UNNAMED),
        (
            "CONFIRM_PROMPT",
            "Do you want to delete this prompt and all of its versions?",
            NO_COMMAND,
        ),
        ("labels.promptTitle", "Prompts that were saved in this project, newest first", NO_COMMAND),
        ("SYSTEM_NEEDS", "The program needs Python 3.11 and four gigabytes.", NO_COMMAND),
        ("build_prompt.reason", "the prompt was built from the parts of this file", NO_COMMAND),
        ("build_prompt.script", SHORT, NO_COMMAND),
        ("WELCOME_TEXT", "Welcome back! Here are the projects and their members.", ""),
        ("NOTICE", "The documents are stored on servers in the country of the user. " * 4, ""),
        (
            "DISABLE_PROMPT",
            'if [ -z "$PS1" ]\nthe prompt of the shell stays as it is\nfi',
            LANGUAGE,
        ),
        ("read_template", "Read a table.\n\nParameters\n----------\npath: of the file", LANGUAGE),
        ("PROMPT", "Sort the ticket now.", TOO_SHORT),
        ("PROMPT", "prompts/of/the/support/team/triage.prompt.yaml", ""),
        ("message", SHORT, UNNAMED),
        ("PromptError.template", SHORT, UNNAMED),
        ("EXAMPLE_CONFIG", TASK, UNNAMED),
        ("ANSWER", CODE, ""),
        ("ANSWER", "a = b(1); " * 30, ""),
        ("TEMPLATE", "<div>This is the page of a ticket, and not a prompt</div>", LANGUAGE),
        ("PROMPT", "SELECT name FROM prompts WHERE the name is x", LANGUAGE),
        ("TEMPLATE", "query Find($a: X) { user(id: $a) { name and more } }", LANGUAGE),
        ("assistant_reply", "Ok, I will use these files as references, and answer.", ""),
    ],
)
def test_a_named_string_is_a_prompt_by_its_name_and_its_words(name, text, reason):
    """The reason is None for a prompt, and "" for a string that is not worth a mention."""
    assert refusal(name, text, "name") == reason


@pytest.mark.parametrize(
    ("slot", "text", "reason"),
    [
        ("role", "Sort these tickets.", None),
        ("role", "The ticket", VALUES),
        ("role", "<div>This is a page with some words</div>", LANGUAGE),
        ("argument", "Sort these tickets.", None),
        ("argument", "Are you sure about this?", ASKED),
        ("argument", "triage", ""),
        ("key", "Sort these tickets.", None),
        ("key", "the old tickets", TOO_SHORT),
        ("listed", SHORT, LISTED),
        ("listed", TASK, None),
        ("asked", "Which tickets are open?", PASSED),
        ("asked", SHORT, UNNAMED),
        ("asked", TASK, None),
        ("asked", "open tickets", ""),
        ("text", SHORT, UNNAMED),
        ("text", "the tickets of the last week", ""),
    ],
)
def test_the_place_of_a_string_decides_first(slot, text, reason):
    assert refusal("name", text, slot) == reason


def test_in_a_file_of_prompts_a_command_of_twelve_words_is_enough():
    text = "Read the ticket of the customer, and name the reason for it in one word."

    found = [
        refusal(name, text, "name", of_prompts=of_prompts)
        for name, of_prompts in (("CHECK", True), ("CHECK", False), ("TOOL_DESCRIPTION", True))
    ]

    assert found == [None, UNNAMED, UNNAMED]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app/prompts/returns.py", True),
        ("app/prompts.py", True),
        ("app/support_prompts.py", True),
        ("SupportPrompts", True),
        ("app/prompter.py", False),
        ("app/answers.py", False),
    ],
)
def test_files_folders_and_classes_are_called_prompts(path, expected):
    assert is_called_prompts(path) is expected


def test_a_system_text_and_the_user_text_of_the_same_name_are_a_pair():
    names = [
        "SUM_USER",
        "TRIAGE_SYSTEM",
        "TRIAGE_USER",
        "ask.system_prompt",
        "ask.prompt",
        "PROMPT",
    ]

    pairs = pairs_of([(name, None) for name in names])

    assert pairs == {1: 2, 3: 4}
    assert [pair_name(names[index]) for index in pairs] == ["triage", "ask"]


def test_the_first_words_of_a_string_are_one_line():
    text = marked_text([TextPart("Sort the\n  ticket "), ExpressionPart("a"), TextPart(" " + LONG)])

    assert begins(text) == "Sort the ticket … Read the text of the user, and answer in p…"


def test_many_blanks_in_a_string_take_bounded_time():
    """A limit that quadratic behaviour exceeds."""
    comments = "# one two three\n# four five six seven eight nine\n"
    texts = [f"{comments}{space * 50_000}x" for space in ("\n", " ", " \n", "#", "*", "<a>")]
    began = process_time()

    for text in texts:
        for name in ("TEMPLATE", "SORT_PROMPT", "ANSWER"):
            refusal(name, text, "name")

    assert process_time() - began < 6
