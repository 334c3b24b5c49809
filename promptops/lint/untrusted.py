"""Finds where templates print untrusted input: inputs marked `x-untrusted`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from promptops.analysis.input_schemas import InputSchemas, InputShape
from promptops.analysis.uses import ITEM, Path, Use
from promptops.lint.subject import PromptFacts, TemplateScope
from promptops.model.prompt import Prompt
from promptops.runtime.template.template import Template, TemplateError, Token, parse, token_at

_MARK = "x-untrusted"
_DEEPEST = 5

# These return a number, not untrusted text.
_COUNTING = frozenset(("length", "count", "wordcount", "int", "float", "round", "abs", "sum"))
_BLANK = frozenset(("whitespace", "comment_begin", "comment", "comment_end", "linecomment"))


@lru_cache(maxsize=1)
def untrusted_uses(subject: PromptFacts) -> tuple[tuple[TemplateScope, Use], ...]:
    """The reads that put untrusted text into a message, with the template they begin in.

    The last result is cached, because two rules request it one after the other.

    Follows partials, macros, other names and joined strings; the place is where the value is read.
    Media are not text, and a condition prints nothing.
    """
    return tuple(_untrusted_uses(subject))


def _untrusted_uses(subject: PromptFacts) -> Iterator[tuple[TemplateScope, Use]]:
    prompt = subject.prompt
    names = _candidates(prompt) if prompt is not None else frozenset()
    if prompt is None or not names:
        return
    for scope in subject.scopes:
        for use in scope.scope.uses if not scope.condition else ():
            is_read = use.name in names and use.reached
            if is_read and _is_printed(use) and is_untrusted(use, prompt, subject):
                yield scope, use


def _candidates(prompt: Prompt) -> frozenset[str]:
    """The inputs that may be marked or contain marked values: a cheap check."""
    schemas = prompt.inputs.get("properties") or {}
    if _MARK not in repr(prompt.inputs):
        return frozenset()
    if prompt.inputs.get(_MARK) is True:
        return frozenset(schemas)
    written = {name: repr(schema) for name, schema in schemas.items()}
    return frozenset(n for n, text in written.items() if _MARK in text or "$ref" in text)


def is_untrusted(use: Use, prompt: Prompt, subject: PromptFacts) -> bool:
    """Whether the value, an object that contains it, or a part of it is marked."""
    if prompt.inputs.get(_MARK) is True:
        return True
    schemas = subject.input_schemas
    above = (schemas.at(use.name, use.path[:steps]) for steps in range(len(use.path) + 1))
    if any(shape is not None and _is_marked(shape) for shape in above):
        return True
    return _is_marked_below(schemas, use.name, use.path, 0)


def _is_marked(shape: InputShape) -> bool:
    return any(True in way.keyword_values(_MARK) for way in shape.ways)


def _is_marked_below(schemas: InputSchemas, name: str, path: Path, depth: int) -> bool:
    shape = schemas.at(name, path)
    if shape is None or depth > _DEEPEST:
        return False
    below: list[Path] = [(*path, key) for key in shape.keys]
    if any(True for way in shape.ways for _ in way.keyword_values("items")):
        below.append((*path, ITEM))
    for each in below:
        inner = schemas.at(name, each)
        if inner is not None and _is_marked(inner):
            return True
        if _is_marked_below(schemas, name, each, depth + 1):
            return True
    return False


def _is_printed(use: Use) -> bool:
    if _COUNTING & set(use.filters):
        return False
    if use.role in ("output", "filtered"):
        return True
    # Joined or passed to a filter; a macro's argument counts where the macro prints it.
    joined = use.role == "other" or (use.role == "argument" and use.raises)
    return joined and _is_joined(use)


def _is_joined(use: Use) -> bool:
    """Whether it is part of a printed or assigned expression, but not a subscript."""
    try:
        template = parse(use.site.text.value)
    except TemplateError:
        return False
    if _is_subscript(template, use.site.start):
        return False
    return _tag(template, use.site.start) in ("{{", "set", "with")


def is_printed_in_place(use: Use) -> bool:
    """Whether the tag that reads it prints it, rather than assigning it to a name."""
    return _tag(parse(use.site.text.value), use.site.start) == "{{"


def _tag(template: Template, offset: int) -> str:
    """`{{`, or the first word of the tag that contains an offset."""
    after = ""
    for token in _before(template, offset):
        if token.kind == "variable_begin":
            return "{{"
        if token.kind == "block_begin":
            return after
        after = _source(template, token)
    return ""


def _is_subscript(template: Template, offset: int) -> bool:
    bracket, *owner = islice(_before(template, offset), 2)
    if not owner or _source(template, bracket) != "[":
        return False
    return owner[0].kind == "name" or _source(template, owner[0]) in (")", "]", "}")


def _before(template: Template, offset: int) -> Iterator[Token]:
    """The tokens before the one at an offset, the nearest first."""
    for index in range(token_at(template, offset) - 1, -1, -1):
        if template.tokens[index].kind not in _BLANK:
            yield template.tokens[index]


def _source(template: Template, token: Token) -> str:
    return template.source[token.start : token.end]
