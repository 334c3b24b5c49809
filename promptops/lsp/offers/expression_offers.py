"""Offers inside of `{{ }}`, `{% %}`, conditions and the expressions of assertions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lsprotocol.types import CompletionItemKind as Kind

from promptops.evals.record import NAMES
from promptops.lsp.at_cursor import template_words
from promptops.lsp.at_cursor.expression import Typed
from promptops.lsp.at_cursor.here import Here
from promptops.lsp.at_cursor.input_names import inputs, items_at, properties
from promptops.lsp.at_cursor.names_before import DefinedName, macros_of, names_before
from promptops.lsp.offers.input_offers import input_offers
from promptops.lsp.offers.offer import Offer, offers_of
from promptops.lsp.offers.path_offers import path_offers, text_at
from promptops.report.parts.visible import visible

LOCAL, INPUT, MACRO, WORD = 0, 1, 2, 6
"""Ranks: what the template defines comes before inputs, and these before other words."""


def expression_offers(here: Here, typed: Typed) -> list[Offer]:
    """What can be typed at the end of a tag of a template."""
    return _OFFERS[typed.kind](here, typed) if typed.kind in _OFFERS else []


def assertion_offers(here: Here, typed: Typed) -> list[Offer]:
    """As `expression_offers`, in an expression of an assertion, which has other names."""
    checks = here.assertion[0] if here.assertion else "answer"
    if typed.kind == "name":
        names = NAMES["request" if checks == "request" else "answer"]
        shown = [Offer(label=name, kind=Kind.Variable, rank=INPUT) for name in names]
        return [*shown, *_words({"not": template_words.OPERATORS["not"]})]
    if typed.kind == "property":
        owner, dot, rest = typed.owner.partition(".")
        if owner != "inputs":
            return []
        if not dot:
            return input_offers(inputs(here).values(), rank=INPUT)
        return input_offers(properties(here, rest, {}).values(), rank=INPUT, kind=Kind.Field)
    return expression_offers(here, typed) if typed.kind in ("filter", "test", "operator") else []


def locals_at(here: Here, before: str) -> dict[str, DefinedName]:
    """The names that the template defines before the position, and the item of a `for_each`."""
    found: dict[str, DefinedName] = {}
    for prompt in here.prompts if here.is_prompt else ():
        found |= items_at(prompt, here.pointer)
    return {**found, **names_before(before)}


def _statements(_here: Here, _typed: Typed) -> list[Offer]:
    return offers_of(template_words.STATEMENTS, Kind.Keyword, rank=WORD)


def _filters(_here: Here, _typed: Typed) -> list[Offer]:
    return offers_of(template_words.filters(), Kind.Function, rank=WORD, detail="filter")


def _tests(_here: Here, _typed: Typed) -> list[Offer]:
    tests = offers_of(template_words.tests(), Kind.Function, rank=WORD, detail="test")
    return [*tests, *_words({"not": "The opposite of the test."})]


def _operators(_here: Here, _typed: Typed) -> list[Offer]:
    return _words(template_words.OPERATORS)


def _names(here: Here, typed: Typed) -> list[Offer]:
    names = locals_at(here, typed.before)
    known = (each for name, each in inputs(here).items() if name not in names)
    return [
        *(_local(each) for each in names.values()),
        *input_offers(known, rank=INPUT),
        *offers_of(template_words.GLOBALS, Kind.Function, rank=WORD),
        *_words({"not": template_words.OPERATORS["not"]}),
    ]


def _properties(here: Here, typed: Typed) -> list[Offer]:
    names = locals_at(here, typed.before)
    owner = names.get(typed.owner)
    if owner is not None and owner.kind == "loop":
        return offers_of(template_words.LOOP, Kind.Field, rank=INPUT)
    if owner is not None and owner.kind == "module":
        return _macros(here, owner.source)
    return input_offers(properties(here, typed.owner, names).values(), rank=INPUT, kind=Kind.Field)


def _imports(here: Here, typed: Typed) -> list[Offer]:
    return _macros(here, typed.owner)


def _macros(here: Here, template: str) -> list[Offer]:
    return [_local(each) for each in macros_of(text_at(here, template)).values()]


def _paths(here: Here, _typed: Typed) -> list[Offer]:
    return path_offers(here, "template")


def _words(words: Mapping[str, str]) -> list[Offer]:
    return offers_of(words, Kind.Keyword, rank=WORD)


def _local(local: DefinedName) -> Offer:
    details = {
        "item": f"item of {local.source}",
        "set": f"set to {local.source}" if local.source else "",
        "macro": f"macro({local.source})",
        "argument": "argument",
        "module": local.source,
        "imported": f"from {local.source}",
        "loop": "the loop",
    }
    kind = Kind.Function if local.kind in ("macro", "imported") else Kind.Variable
    detail = visible(" ".join(details[local.kind].split()), 60)
    return Offer(label=local.name, kind=kind, detail=detail, rank=LOCAL)


_OFFERS: Mapping[str, Callable[[Here, Typed], list[Offer]]] = {
    "statement": _statements,
    "filter": _filters,
    "test": _tests,
    "operator": _operators,
    "name": _names,
    "property": _properties,
    "import": _imports,
    "path": _paths,
}
