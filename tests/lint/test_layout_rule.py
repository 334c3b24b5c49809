"""TPL008: blank lines that tags leave, found in rendered cases, placed at the tag."""

from __future__ import annotations

from promptops.lint.examples import files, findings
from promptops.lint.registry import built_in


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
