"""A key or a value of a prompt file."""

from __future__ import annotations

import re

from promptops.json_pointer import tokens
from promptops.lsp.at_cursor.assertion_kinds import argument_docs, summary
from promptops.lsp.at_cursor.here import PROFILE, Here
from promptops.lsp.at_cursor.input_names import PROPERTIES, below, inputs, steps_in_case
from promptops.lsp.at_cursor.path_kinds import path_kind
from promptops.lsp.at_cursor.prompt_schema import key_at
from promptops.lsp.hovers.inputs import input_text, property_text
from promptops.lsp.hovers.prompts import file_text, model_text, profile_text, size_text
from promptops.lsp.markdown import code, prose
from promptops.lsp.offers.path_offers import target_of
from promptops.patterns import lazy_pattern

_INPUT = lazy_pattern(rf"{PROPERTIES}/([^/]+)")


def key_text(here: Here) -> str:
    """What the key at the position means."""
    pointer = here.pointer
    found = _given(here, pointer) or _declared(here, pointer)
    if found:
        return found
    key = key_at(pointer)
    name = tokens(pointer)[-1]
    kind = here.cursor.siblings.get("type", "") if here.assertion else ""
    about = argument_docs(kind).get(name, "") or (key.description if key else "")
    described = f"**{code(name)}**: {about}" if about else ""
    size = size_text(here) if pointer in ("/messages", "/budget") else ""
    return "\n\n".join(part for part in (described, size) if part)


def _declared(here: Here, pointer: str) -> str:
    declared = _INPUT.fullmatch(pointer)
    named = inputs(here).get(tokens(pointer)[-1]) if declared else None
    return input_text(here, named) if named is not None else ""


def _given(here: Here, pointer: str) -> str:
    """An input in a case, or what is below it."""
    given = steps_in_case(pointer)
    if not given:
        return ""
    *owner, name = given
    if not owner:
        named = inputs(here).get(name)
        return input_text(here, named) if named is not None else ""
    found = below(here, tuple(owner)).get(name)
    return property_text(found) if found is not None else ""


def value_text(here: Here, value: str) -> str:
    """What a value at the position refers to; "" if it is only a value."""
    pointer = here.pointer
    if re.fullmatch(PROFILE, pointer):
        profile = here.file.live.catalog.config.models.get(value)
        return profile_text(profile) if profile is not None else ""
    if pointer == "/model/id":
        return model_text(here.cursor.siblings.get("provider", ""), value)
    if here.assertion and here.assertion[1] == "/type":
        about = summary(value)
        return f"assertion **{code(value)}**: {prose(about)}" if about else ""
    kind = path_kind(pointer)
    if kind is None:
        return ""
    return file_text(here, target_of(here, kind, value.partition("#")[0] or "."))
