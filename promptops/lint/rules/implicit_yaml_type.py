"""SCH004."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from promptops.catalog.catalog import Catalog
from promptops.json_pointer import escaped, pointer_to
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.implicit_types import is_text, is_text_field, other_type, suspects
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.source.document import Document
from promptops.source.paths import is_yaml

_MAX_SUSPECTS = 20_000
"""Scalars checked in one file. A file with more is data and not written by hand."""


@rule("SCH004", severity=Severity.WARNING)
def implicit_yaml_type(
    document: Document, catalog: Catalog, problems: Sequence[Problem]
) -> Iterator[Problem]:
    """Text that looks like a number, a date or a boolean is quoted.

    Most YAML readers follow YAML 1.1: they read `NO` as false, `12:30:45` as 45045 and `010` as
    eight. All readers read `1.10` as the number 1.1. So a list of countries loses Norway in another
    tool, and a version loses its zero in the prompt. The rule checks fields that must be text, the
    values of inputs of `type: string`, and what test cases pass for them. If promptops itself
    refuses the value, SCH002 or TST002 reports it instead.

    Bad:
        inputs:
          properties:
            country: {type: string, maxLength: 2, enum: [DE, FR, NO]}
        messages:
          - {role: user, content: "Write to a customer in {{ country }}."}
        tests:
          - {name: one, inputs: {country: DE}}

    Bad:
        description: 2026-11-24

    Good:
        inputs:
          properties:
            country: {type: string, maxLength: 2, enum: [DE, FR, "NO"]}
        messages:
          - {role: user, content: "Write to a customer in {{ country }}."}
        tests:
          - {name: one, inputs: {country: "NO"}}
    """
    refused = {problem.at for problem in problems}  # not text here either: SCH002
    for path in islice(suspects(document.value or {}), _MAX_SUSPECTS):
        pointer = pointer_to(list(path))
        if is_text_field(pointer, document.value) and document.style(pointer) == "plain":
            text = document.template(pointer).value
            taken, place = other_type(text), document.place(pointer)
            if taken and place not in refused:
                yield _unquoted(text, taken, place)
    prompt = catalog.loaded(document.path).prompt
    if prompt is not None:
        yield from _in_cases(prompt, catalog)


def _in_cases(prompt: Prompt, catalog: Catalog) -> Iterator[Problem]:
    properties = prompt.inputs.get("properties") or {}
    texts = [name for name, input_schema in properties.items() if is_text(input_schema)]
    for case in prompt.cases if texts else ():
        for name in texts:
            value = case.inputs.get(name)  # not text here either: TST002
            if isinstance(value, str) and other_type(value):
                yield from _in_case(case, name, catalog)


def _in_case(case: Case, name: str, catalog: Catalog) -> Iterator[Problem]:
    """Whether an ambiguous value of a test case is written without quotes."""
    place = case.locate(f"{case.at}/inputs/{escaped(name)}", False)
    if is_yaml(place.path) and place.line == place.end_line:
        line = catalog.line(place.path, place.line)
        text = line[place.column - 1 : place.end_column - 1]
        taken = other_type(text)  # quotes, brackets and block marks are unambiguous
        if taken:
            yield _unquoted(text, taken, place)


def _unquoted(text: str, taken: str, place: Place) -> Problem:
    return Problem(
        f"YAML readers can read unquoted `{text}` as {taken}",
        at=place,
        hint="quote it",
        fix=Fix((Edit(place, f'"{text}"'),), safe=True),
    )
