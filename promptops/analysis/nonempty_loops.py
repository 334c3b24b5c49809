"""Loops that are never empty, because the schema of the array requires an item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.analysis.input_schemas import InputSchemas
from promptops.analysis.template_walk import Locals, walk
from promptops.analysis.uses import ITEM, Use
from promptops.model.prompt import ForEach, Message, Prompt, TextPart
from promptops.runtime.template.scope import Load


def never_empty(uses: Iterable[Use], schemas: InputSchemas) -> Iterator[Use]:
    """Those of some uses that loop over an array with at least one item."""
    for use in uses:
        if use.role == "loop" and not use.filters and _has_items(use, schemas):
            yield use


def uses_of(prompt: Prompt, load: Load) -> Iterator[Use]:
    """The uses of inputs in the templates of a prompt's messages, and in their includes."""
    for turn in prompt.messages:
        if isinstance(turn, Message):
            yield from _of_message(turn, load, {})
        elif isinstance(turn, ForEach):
            for message in turn.messages:
                yield from _of_message(message, load, {turn.name: (turn.source, (ITEM,))})


def _of_message(message: Message, load: Load, names: Locals) -> Iterator[Use]:
    for part in message.parts:
        if isinstance(part, TextPart):
            yield from walk(part.text, load, locals_=names).uses


def _has_items(use: Use, schemas: InputSchemas) -> bool:
    shape = schemas.at(use.name, use.path)
    if shape is None or not shape.ways:
        return False
    return all(any(least >= 1 for least in way.keyword_values("minItems")) for way in shape.ways)
