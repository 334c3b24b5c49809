"""TPL008: blank lines that tags leave, found in rendered cases, placed at the tag."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.lint.examples import files, findings
from promptops.lint.registry import built_in

Lines = Callable[[str, str], list[str]]

INPUTS = """\
inputs:
  required: [a, items, d]
  properties:
    a: {type: string}
    n: {type: integer, default: 1}
    items: {type: array, items: {type: object}}
    d: {type: object, properties: {_id: {type: string}}}
messages:
"""
CASE = "tests:\n  - {name: one, inputs: {a: x, items: [], d: {_id: x}}}\n"


def in_message(content: str, case: str = CASE) -> str:
    """A prompt of one message, whose first line stands in line 11, at column 7."""
    body = "".join(f"      {line}\n" if line else "\n" for line in content.split("\n"))
    return f"{INPUTS}  - role: user\n    content: |\n{body}{case}"


def in_partial(partial: str, **others: str) -> str:
    """Two prompts that reach a partial two includes deep, so that it has a way to be told."""
    prompt = (
        "format: promptops/1\ninputs: {required: [a], properties: {a: {type: string}}}\n"
        "messages:\n  - {role: user, content: \"{{ a }}{% include 'p/one.j2' %}\"}\n"
    )
    more = "".join(f"--- prompts/p/{name}.j2\n{text}\n" for name, text in others.items())
    return (
        f"--- prompts/a.prompt.yaml\n{prompt}--- prompts/b.prompt.yaml\n{prompt}"
        "--- prompts/p/one.j2\nü {% include './two.j2' %}\n"
        f"--- prompts/p/two.j2\n{partial}\n{more}"
    )


SEVERAL = "this tag leaves several blank lines in a row"
SPACES = "this tag leaves a line of spaces"
EMPTY = "this leaves a blank line if it is empty"
BLANK = [
    ("a section left out", "x\n\n{% if n > 1 %}\ny\n{% endif %}\n\nz", [f"13:7-21 {SEVERAL}"]),
    ("a section that stands there", "x\n\n{% if n %}\ny\n{% endif %}\n\nz", []),
    ("its blank line inside", "x\n\n{% if n > 1 %}\ny\n\n{% endif %}\nz", []),
    ("two blank lines as written", "x\n\n\n{% if n > 1 %}\ny\n{% endif %}\nz\n\n\nq", []),
    (
        "a loop's last item",
        "x\n{% for i in [1] %}\n- {{ i }}\n\n{% endfor %}\n\nz",
        [f"15:7-19 {SEVERAL}"],
    ),
    ("a loop", "x\n{% for i in [1, 2] %}\n- {{ i }}\n{% endfor %}\n\nz", []),
    ("a comment", "x\n\n{# y #}\n\nz", [f"13:7-14 {SEVERAL}"]),
    ("a set", "x\n{% set y = 1 %}\n\nz{{ y }}", []),
    ("an empty value", "x\n{{ '' }}\nz", [f"12:7-15 {EMPTY}"]),
    ("an empty value between tags", "<x>\n{{ '' }}\n</x>", []),
    ("an empty value within a line", "x\ny {{ '' }}\nz", []),
    ("an indented empty value", "x\n  {{ '' }}\nz", [f"12:9-17 {SPACES}"]),
    ("spaces behind a tag", "x\n{% if n %}\ny\n{% endif %}  \nz", [f"14:7-18 {SPACES}"]),
    ("spaces as written", "x\n  \nz{{ a }}", []),
    ("blank lines of a value", "{{ 'x\\n\\n\\n\\ny' }}\n\nz", []),
    ("a value's last newlines", "{{ 'x\\n\\n' }}\n\nz", []),
    ("blank lines at the end", "x\n\n{% if n > 1 %}\ny\n{% endif %}\n\n", []),
]


@pytest.mark.parametrize(
    ("content", "expected"), [row[1:] for row in BLANK], ids=[row[0] for row in BLANK]
)
def test_blank_lines_that_a_tag_leaves_are_found_at_the_tag(
    said: Lines, content: str, expected: list[str]
) -> None:
    assert said("TPL008", in_message(content)) == expected


def test_blank_lines_around_an_include_are_told_of_at_its_name_in_the_includer() -> None:
    block = (
        "--- prompts/a.prompt.yaml\nformat: promptops/1\nmessages:\n  - role: user\n"
        '    content: |\n      ü {% include "p.j2" %}\n\n      z\n'
        "tests:\n  - {name: one, inputs: {}}\n--- prompts/p.j2\nx\n\n"
    )

    [found] = findings(built_in()["TPL008"], files(block))

    assert (str(found.place), found.message, found.case) == (
        "prompts/a.prompt.yaml:5:9",
        SEVERAL,
        "one",
    )


def test_blank_lines_within_a_partial_are_told_of_there_with_the_way() -> None:
    block = in_partial("x\n\n{% if a == 'y' %}\ny\n{% endif %}\n\nz").replace(
        "--- prompts/b.prompt.yaml",
        "tests:\n  - {name: one, inputs: {a: x}}\n--- prompts/b.prompt.yaml",
    )

    [found] = findings(built_in()["TPL008"], files(block))

    assert (str(found.place), [r.place.path for r in found.related]) == (
        "prompts/p/two.j2:3:1",
        ["prompts/p/one.j2", "prompts/a.prompt.yaml"],
    )


def test_a_prompt_without_cases_is_not_judged_by_its_layout(
    said: Lines,
) -> None:
    block = in_message("x\n\n{% if n > 1 %}\ny\n{% endif %}\n\nz", "tests: []\n")

    assert said("TPL008", block) == []
