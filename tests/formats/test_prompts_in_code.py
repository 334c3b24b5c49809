"""Which strings of source code are prompts, and what is reported about the others."""

from __future__ import annotations

from time import process_time

import pytest

from promptops.formats.document import ExpressionPart, TextPart
from promptops.formats.prompts_in_code import CodeTexts, marked_text
from promptops.model.place import Place

HERE = Place("a.py", 3, 5)
LONG = "Read the text of the user, and answer in plain words and short sentences. " * 3
SHORT = "Sort {text} into groups, and give your reasons."
CODE = "import json\n" + "print the value of this and that and more of it\n" * 5
LANGUAGE = "in HTML, CSS, SQL or a programming language"
NO_COMMAND = "without a command such as `Answer` and without `You are`"
OTHER_NAME = "with a name of errors, documentation or data"
NAMES = ("TEMPLATE", "SORT_PROMPT", "ANSWER")
LEFT_OUT = "1 string left out: 1"


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("SORT_PROMPT", SHORT, None),
        ("Prompts.sort", SHORT, None),
        ("build_prompt.text", SHORT, None),
        ("userMessage", SHORT, None),
        ("ANSWER", LONG, None),
        ("PROMPT", "你是一个客服助手，请用简短的句子回答用户的问题", None),
        ("PROMPT", "Translate {text} to English, and keep all names.", None),
        ("PROMPT", "Select the best answer of all, and give reasons.", None),
        ("PROMPT", "{% if a %}You write titles for me, {% endif %}please.", None),
        ("SYSTEM", "You write code such as\nimport json\nand nothing else.", None),
        ("PROMPT", "Context: {context}, question of the user: {question}", None),
        ("PROMPTS.tutor", "Ada is a patient tutor for children of ten.", None),
        ("templates.shorten", SHORT, None),
        ("explain_error.text", LONG, None),
        ("brokerErrorTemplates.missing", LONG, OTHER_NAME),
        ("errors.promptOfRetry", SHORT, None),
        ("SYSTEM", "Der Assistent schlägt ein gutes Gericht für {person} vor.", None),
        ("SYSTEM_MESSAGE", "You answer questions about documents, and cite pages.", None),
        ("CONTINUE_MESSAGE", "That is wrong. Please continue, and find another answer.", None),
        (
            "CONFIRM_PROMPT",
            "Do you want to delete this prompt and all of its versions?",
            NO_COMMAND,
        ),
        ("PROMPT", "Reply to {name}, but never with: do you want more help?", None),
        ("PROMPT", "Here is the ticket. Do you want to sort it or to close it?", None),
        ("labels.promptTitle", "Prompts that were saved in this project, newest first", NO_COMMAND),
        ("SYSTEM_NEEDS", "The program needs Python 3.11 and four gigabytes.", NO_COMMAND),
        ("WELCOME_MESSAGE", "Welcome back! Here are the projects and their members.", NO_COMMAND),
        ("build_prompt.reason", "the prompt was built from the parts of this file", NO_COMMAND),
        (
            "NOTICE",
            "The documents are stored on servers in the country of the user. " * 4,
            NO_COMMAND,
        ),
        ("NOTICE", "The documents are stored on servers in one country. " * 5 + SHORT, NO_COMMAND),
        (
            "DISABLE_PROMPT",
            'if [ -z "$PS1" ]\nthe prompt of the shell stays as it is\nfi',
            LANGUAGE,
        ),
        ("read_template", "Read a table.\n\nParameters\n----------\npath: of the file", LANGUAGE),
        ("read_template", "# the first line of a comment\n\n  // and the second one", LANGUAGE),
        (
            "CHARACTERS",
            "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主" * 4,
            NO_COMMAND,
        ),
        ("PROMPT", "Sort the ticket now.", "with under 40 characters or 5 words"),
        ("PROMPT", "prompts/of/the/support/team/triage.prompt.yaml", ""),
        (
            "message",
            SHORT,
            "with under 200 characters and no word such as `prompt` in the name",
        ),
        (
            "PromptError.template",
            SHORT,
            "with under 200 characters and no word such as `prompt` in the name",
        ),
        ("EXAMPLE_CONFIG", LONG, OTHER_NAME),
        ("ANSWER", CODE, LANGUAGE),
        ("ANSWER", "a = b(1); " * 30, LANGUAGE),
        (
            "TEMPLATE",
            "<div>This is the page of a ticket, and not a prompt</div>",
            LANGUAGE,
        ),
        (
            "PROMPT",
            "SELECT name FROM prompts WHERE the name is x",
            LANGUAGE,
        ),
        (
            "TEMPLATE",
            "query Find($a: X) { user(id: $a) { name and more } }",
            LANGUAGE,
        ),
    ],
)
def test_a_string_is_a_prompt_by_its_name_its_length_and_its_words(name, text, rule):
    """The rule is None for a prompt, and "" for a string that is not worth a note."""
    texts = CodeTexts()

    found = texts.is_prompt(name, text, HERE)

    note = texts.left_out()
    message = None if note is None else (note.code, note.message, note.place)
    expected = ("IMP315", f"{LEFT_OUT} {rule}", HERE) if rule else None
    assert (found, message) == (rule is None, expected)


def test_what_code_raises_or_prints_is_left_out_unless_its_name_is_that_of_a_prompt():
    texts = CodeTexts()

    found = [texts.is_report(name, SHORT, HERE) for name in ("template", "PROMPT", "userMessage")]

    note = texts.left_out()
    assert found == [True, False, False]
    assert note is not None
    assert note.message == f"{LEFT_OUT} that the program raises, logs or prints"


def test_values_are_no_words_of_a_string_and_constants_that_prompts_use_are_not_left_out():
    values = marked_text([TextPart("See "), ExpressionPart("one and two and three and four")])
    texts = CodeTexts()

    found = [
        texts.is_prompt("A_PROMPT", values, HERE),
        texts.is_prompt("RULES", SHORT, HERE),
        texts.has_words("one two", HERE),
        texts.has_words("one two three", HERE),
    ]

    note = texts.left_out({"RULES"})
    assert found == [False, False, False, True]
    assert note is not None
    assert note.message == f"{LEFT_OUT} in messages with under 3 words of their own"


def test_many_blanks_in_a_string_take_bounded_time():
    """A limit that quadratic behaviour exceeds."""
    comments = "# one two three\n# four five six seven eight nine\n"
    texts = [f"{comments}{space * 50_000}x" for space in ("\n", " ", " \n")]
    began = process_time()

    found = [CodeTexts().is_prompt(name, text, HERE) for name in NAMES for text in texts]

    assert len(found) == 9
    assert process_time() - began < 6
