"""Where the files of a prompt name an input: its schema, templates, cases and assertions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.evals.unknown_names import inputs_in_assertions
from promptops.json_pointer import escaped
from promptops.lint.subject import PromptFacts
from promptops.lint.undefined import named_by_messages
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.records import record

_IN_SCHEMA = "#/properties/"
"""How a `$ref` in the schema of the inputs begins that refers to an input."""


@record(frozen=True, slots=True, kw_only=True)
class InputPlace:
    """A place that names an input.

    Attributes:
        place: Of the name in a template, else of the scalar or the column as written.
        declares: It is the key of the input under `properties`.
    """

    place: Place
    declares: bool = False


def input_places(subject: PromptFacts, name: str) -> Iterator[InputPlace]:
    """The places in the files of a prompt that name an input; some may be yielded repeatedly.

    The schema is searched in the prompt file itself and not in the files that it extends.
    """
    yield from _in_schema(subject, name)
    prompt = subject.prompt
    if prompt is None:
        return
    for place in (*_in_prompt(prompt, name), *_in_templates(subject, name)):
        yield InputPlace(place=place)


def _in_schema(subject: PromptFacts, name: str) -> Iterator[InputPlace]:
    document = subject.document
    value = document.value
    inputs = value.get("inputs") if isinstance(value, Mapping) else None
    own = f"/inputs/properties/{escaped(name)}"
    for pointer, key in _schema_pointers(inputs, name, "/inputs"):
        yield InputPlace(place=document.place(pointer, key), declares=pointer == own)
    for pointer, written in _references(inputs, "/inputs"):
        if f"{written}/".startswith(f"{_IN_SCHEMA}{escaped(name)}/"):
            within = len(_IN_SCHEMA), len(_IN_SCHEMA) + len(escaped(name))
            yield InputPlace(place=document.place(pointer, within=within))


def _schema_pointers(schema: Any, name: str, at: str) -> Iterator[tuple[str, bool]]:
    """The pointers in a schema of an object that name a property, and whether each is a key."""
    if not isinstance(schema, Mapping):
        return
    for key in ("properties", "dependentRequired", "dependentSchemas", "default"):
        if isinstance(schema.get(key), Mapping) and name in schema[key]:
            yield f"{at}/{key}/{escaped(name)}", True
    yield from _in_list(schema.get("required"), name, f"{at}/required")
    for key, names in _mapping(schema.get("dependentRequired")).items():
        yield from _in_list(names, name, f"{at}/dependentRequired/{escaped(key)}")
    for index, example in enumerate(_list(schema.get("examples"))):
        if isinstance(example, Mapping) and name in example:
            yield f"{at}/examples/{index}/{escaped(name)}", True
    for pointer, part in _parts(schema, at):
        yield from _schema_pointers(part, name, pointer)


def _references(schema: Any, at: str) -> Iterator[tuple[str, str]]:
    """The pointer and the value of each `$ref`."""
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield f"{at}/$ref", value
            else:
                yield from _references(value, f"{at}/{escaped(key)}")
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _references(value, f"{at}/{index}")


def _parts(schema: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    """The schemas inside a schema that apply to the same object."""
    for key in ("not", "if", "then", "else"):
        yield f"{at}/{key}", schema.get(key)
    for key in ("allOf", "anyOf", "oneOf"):
        for index, part in enumerate(_list(schema.get(key))):
            yield f"{at}/{key}/{index}", part
    for key, part in _mapping(schema.get("dependentSchemas")).items():
        yield f"{at}/dependentSchemas/{escaped(key)}", part


def _in_list(names: Any, name: str, at: str) -> Iterator[tuple[str, bool]]:
    for index, each in enumerate(_list(names)):
        if each == name:
            yield f"{at}/{index}", False


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _in_prompt(prompt: Prompt, name: str) -> Iterator[Place]:
    """In cases, assertions, `evaluation.retrieve`, and in messages outside of templates."""
    for case in prompt.cases:
        if name in case.own_inputs:
            yield case.locate(f"{case.at}/inputs/{escaped(name)}", True)
    for named, place in inputs_in_assertions(prompt):
        if named == name:
            yield place
    if name in (prompt.evaluation.get("retrieve") or {}):
        yield prompt.locate(f"/evaluation/retrieve/{escaped(name)}", True)
    for named, pointer in named_by_messages(prompt):
        if named == name:
            yield prompt.locate(pointer, False)


def _in_templates(subject: PromptFacts, name: str) -> Iterator[Place]:
    """The reads of the input itself, without those through another name."""
    for scope in subject.scopes:
        if name in scope.items:
            continue
        for use in scope.scope.uses:
            is_read = use.name == name and use.origin == "input" and not use.aliases
            if is_read and use.site.source == name:
                yield use.site.place
