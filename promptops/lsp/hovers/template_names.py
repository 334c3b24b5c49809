"""A word in a tag of a template: an input, a local name, a filter, a test, a statement, a path."""

from __future__ import annotations

from promptops.lsp.at_cursor import template_words
from promptops.lsp.at_cursor.expression import Typed
from promptops.lsp.at_cursor.here import Here
from promptops.lsp.at_cursor.input_names import inputs, properties
from promptops.lsp.at_cursor.names_before import macros_of
from promptops.lsp.hovers.inputs import input_text, property_text
from promptops.lsp.hovers.prompts import file_text
from promptops.lsp.markdown import code
from promptops.lsp.offers.expression_offers import locals_at
from promptops.lsp.offers.path_offers import target_of, text_at


def template_text(here: Here, typed: Typed, word: str) -> str:
    """What a word means, given what is typed up to its end; "" if it is unknown."""
    if typed.kind == "path":
        return file_text(here, target_of(here, "template", word))
    if typed.kind == "property":
        return _property(here, typed, word)
    if typed.kind == "import":
        return _macro(here, typed.owner, word)
    if typed.kind == "name":
        return _name(here, typed, word)
    words = {
        "filter": ("filter", template_words.filters()),
        "test": ("test", template_words.tests()),
        "statement": ("statement", template_words.STATEMENTS),
        "operator": ("operator", template_words.OPERATORS),
    }
    kind, known = words.get(typed.kind, ("", {}))
    return f"{kind} **{code(word)}**: {known[word]}" if known.get(word) else ""


def _name(here: Here, typed: Typed, word: str) -> str:
    local = locals_at(here, typed.before).get(word)
    if local is not None:
        source = " ".join(local.source.split())
        meaning = {
            "item": f"item of {code(source)}",
            "set": f"set to {code(source)}" if source else "set",
            "macro": f"macro {code(f'{word}({source})')}",
            "argument": "an argument or one of several items",
            "module": f"the macros of {code(source)}",
            "imported": f"a macro of {code(source)}",
            "loop": "the loop around",
        }
        return f"**{code(word)}**: {meaning[local.kind]}"
    known = inputs(here).get(word)
    if known is not None:
        return input_text(here, known)
    about = template_words.GLOBALS.get(word) or template_words.OPERATORS.get(word)
    return f"**{code(word)}**: {about}" if about else ""


def _property(here: Here, typed: Typed, word: str) -> str:
    names = locals_at(here, typed.before)
    owner = names.get(typed.owner)
    if owner is not None and owner.kind == "loop":
        about = template_words.LOOP.get(word)
        return f"**{code(f'loop.{word}')}**: {about}" if about else ""
    if owner is not None and owner.kind == "module":
        return _macro(here, owner.source, word)
    found = properties(here, typed.owner, names).get(word)
    return property_text(found) if found is not None else ""


def _macro(here: Here, template: str, word: str) -> str:
    macro = macros_of(text_at(here, template)).get(word)
    return f"macro {code(f'{word}({macro.source})')} of {code(template)}" if macro else ""
