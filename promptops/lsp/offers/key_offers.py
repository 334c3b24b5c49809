"""Offers of keys: of the schema of prompt files, of assertions, of inputs in a case."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lsprotocol.types import CompletionItemKind as Kind

from promptops.formats.yaml_file import scalar
from promptops.lsp.at_cursor.assertion_kinds import argument_docs, arguments_of
from promptops.lsp.at_cursor.here import Here
from promptops.lsp.at_cursor.input_names import Named, below, inputs, steps_in_case
from promptops.lsp.at_cursor.prompt_schema import Key, keys_at, types_of
from promptops.lsp.offers.input_offers import input_offers
from promptops.lsp.offers.offer import Offer
from promptops.records import replace

_RETRIEVED = "/evaluation/retrieve"
_REQUIRED, _USUAL, _GENERAL = 2, 3, 7
_AS_IN_JSON_SCHEMA = "As in JSON Schema"


def key_offers(here: Here, mapping: str) -> list[Offer]:
    """The keys that can be added to the mapping at a pointer into a prompt."""
    present = here.cursor.siblings
    given = () if mapping == _RETRIEVED else steps_in_case(mapping)
    if given is not None:
        names = _names_in_case(here, given)
        offers = input_offers(names, rank=_USUAL, kind=Kind.Property)
        types = {each.name: types_of([each.schema]) for each in names}
    else:
        keys = list(_keys(here, mapping))
        offers = [_offer(key) for key in keys]
        types = {key.name: types_of(key.schemas) for key in keys}
    return [
        replace(each, text=_text(here, each.label, types.get(each.label, ())))
        for each in offers
        if each.label not in present
    ]


def _names_in_case(here: Here, steps: tuple[str, ...]) -> list[Named]:
    found = below(here, steps) if steps else inputs(here)
    return list(found.values())


def _keys(here: Here, mapping: str) -> Iterator[Key]:
    found = keys_at(mapping, here.cursor.siblings)
    kind = here.assertion and here.cursor.siblings.get("type")
    arguments = arguments_of(kind) if kind else None
    docs = argument_docs(kind) if kind else {}
    for name, key in found.items():
        if arguments is None:
            yield key
        elif name in arguments:
            about = {"description": docs.get(name) or key.description}
            required = arguments[name]
            yield replace(key, schemas=(about, *key.schemas), required=required)


def _offer(key: Key) -> Offer:
    general = key.description.startswith(_AS_IN_JSON_SCHEMA)
    rank = _REQUIRED if key.required else _GENERAL if general else _USUAL
    detail = f"{key.kind}, required" if key.required and key.kind else key.kind
    return Offer(
        label=key.name, kind=Kind.Property, detail=detail, about=key.description, rank=rank
    )


def _text(here: Here, key: str, types: tuple[str, ...]) -> str:
    """The key as it is written, with its colon unless that is there."""
    quoted = here.cursor.style in ("single", "double")
    line = here.lines[here.line - 1]
    after = line[here.column - 1 + here.cursor.end - here.cursor.offset :]
    if quoted or after.lstrip("'\"").startswith(":"):
        return key if quoted else scalar(key)
    block = not here.cursor.in_brackets and types and set(types) <= {"object", "array"}
    name = json.dumps(key) if here.is_json_lines else scalar(key)
    return f"{name}:" if block else f"{name}: "
