"""All operators by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from promptops.catalog.catalog import Catalog
from promptops.errors import UsageError
from promptops.jobs.mutating.edits import PromptEdit, TemplateText, TextEdit, TextOperator
from promptops.jobs.mutating.operators import (
    condition,
    example,
    include,
    item,
    loop,
    message,
    obligation,
    schema,
    sentence,
    tool,
    value,
)
from promptops.model.mutant import OPERATORS, Operator
from promptops.model.prompt import Prompt
from promptops.suggestions import did_you_mean

_ON_TEXTS: Mapping[Operator, TextOperator] = {
    "sentence": sentence.edits,
    "item": item.edits,
    "obligation": obligation.edits,
    "value": value.edits,
    "condition": condition.edits,
    "loop": loop.edits,
    "include": include.edits,
    "example": example.edits,
}

_ON_PROMPTS: Mapping[Operator, Callable[[Prompt, Catalog], Iterator[PromptEdit]]] = {
    "loop": lambda prompt, _: loop.message_edits(prompt),
    "message": lambda prompt, _: message.edits(prompt),
    "example": lambda prompt, _: example.message_edits(prompt),
    "schema": lambda prompt, catalog: schema.edits(prompt, catalog.files.defines),
    "tool": lambda prompt, _: tool.edits(prompt),
}


def named_operators(names: Collection[str]) -> tuple[Operator, ...]:
    """The operators of these names, in their usual order; all without names.

    Raises UsageError for an unknown name, with the nearest one.
    """
    for name in names:
        if name not in OPERATORS:
            hint = did_you_mean(name, OPERATORS) or f"one of: {', '.join(OPERATORS)}"
            raise UsageError(f"there is no operator {name!r}", hint=hint)
    return tuple(operator for operator in OPERATORS if not names or operator in names)


def text_edits(
    of: TemplateText, operators: Collection[Operator]
) -> Iterator[tuple[Operator, TextEdit]]:
    """All ways to break a text; two operators never do the same."""
    seen: set[tuple[int, int, str]] = set()
    for name, edits in _ON_TEXTS.items():
        for edit in edits(of) if name in operators else ():
            key = edit.start, edit.end, edit.after
            if key not in seen:
                seen.add(key)
                yield name, edit


def prompt_edits(
    prompt: Prompt, catalog: Catalog, operators: Collection[Operator]
) -> Iterator[tuple[Operator, PromptEdit]]:
    """All ways to break a prompt other than in its texts."""
    for name, edits in _ON_PROMPTS.items():
        if name in operators:
            yield from ((name, edit) for edit in edits(prompt, catalog))
