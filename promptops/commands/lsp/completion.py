"""Completion: what can be typed at a position, also where the file can't be parsed."""

from __future__ import annotations

from lsprotocol import types

from promptops.commands.lsp.config_offers import config_offers, is_config
from promptops.commands.lsp.cursor import Here
from promptops.commands.lsp.documents import OpenFile
from promptops.commands.lsp.offers import (
    Offer,
    Offers,
    assertion_offers,
    comment_offers,
    csv_offers,
    expression_offers,
    key_offers,
    value_offers,
)
from promptops.commands.lsp.scope import Typed, in_expression, in_template

OPTIONS = types.CompletionOptions(
    trigger_characters=["{", "|", ".", ":", " ", '"', "'", "/", "[", "%"]
)

MOST_ITEMS = 1_000
"""More offers than these are sent as they match what is typed; the editor requests them again."""


def completion(file: OpenFile, params: types.CompletionParams) -> types.CompletionList:
    """What can be typed at a position; nothing in the text of a message outside of tags."""
    here = Here(file, params.position)
    found = offers_at(here)
    once = {offer.label: offer for offer in reversed(found.offers)}
    offers = list(reversed(once.values()))
    if len(offers) > MOST_ITEMS:
        typed = here.lines[here.line - 1][found.start - 1 : here.column - 1].lower()
        offers = [offer for offer in offers if typed in offer.label.lower()]
    edited = here.range(found.start, found.end)
    items = [_item(offer, index, edited) for index, offer in enumerate(offers[:MOST_ITEMS])]
    return types.CompletionList(is_incomplete=len(once) > MOST_ITEMS, items=items)


def offers_at(here: Here) -> Offers:
    """The offers at a position, and what they replace."""
    if is_config(here.file):
        return config_offers(here.file, here.line, here.column)
    if here.is_csv:
        return csv_offers(here)
    return _none(here) if here.is_other else _in_prompt(here)


def _in_prompt(here: Here) -> Offers:
    """In a prompt, its cases or a partial."""
    cursor = here.cursor
    if cursor.part == "comment":
        return _in_comment(here, cursor.typed)
    if here.in_template:
        return _in_tag(here, in_template(cursor.typed))
    if here.in_when or here.in_assertion_expression:
        return _in_expression(here, in_expression(cursor.typed))
    return _in_yaml(here)


def _in_expression(here: Here, typed: Typed) -> Offers:
    offers = expression_offers if here.in_when else assertion_offers
    return _replacing_word(here, offers(here, typed), len(typed.word))


def _in_yaml(here: Here) -> Offers:
    if here.cursor.in_block or not here.cursor.part:
        return _none(here)
    offers: list[Offer] = []
    if here.mapping is not None:
        offers += key_offers(here, here.mapping)
    if here.cursor.part == "value":
        offers += value_offers(here)
    before, after = here.cursor.offset - here.cursor.start, here.cursor.end - here.cursor.offset
    if before >= here.column:  # the value began in a line above
        return _none(here)
    return Offers(start=here.column - before, end=here.column + after, offers=tuple(offers))


def _in_tag(here: Here, typed: Typed | None) -> Offers:
    if typed is None:
        return _none(here)
    if typed.kind == "comment":
        return _in_comment(here, typed.word)
    offers = expression_offers(here, typed)
    if typed.kind != "path":
        return _replacing_word(here, offers, len(typed.word))
    _, _, end = here.path()
    return Offers(start=here.column - len(typed.word), end=end, offers=tuple(offers))


def _in_comment(here: Here, comment: str) -> Offers:
    word, offers = comment_offers(comment)
    return _replacing_word(here, offers, len(word))


def _replacing_word(here: Here, offers: list[Offer], typed: int) -> Offers:
    """Offers that replace the name around the position, of which so much is typed."""
    _, _, end = here.word()
    return Offers(start=here.column - typed, end=end, offers=tuple(offers))


def _none(here: Here) -> Offers:
    return Offers(start=here.column, end=here.column, offers=())


def _item(offer: Offer, index: int, edited: types.Range) -> types.CompletionItem:
    text = offer.label if offer.text is None else offer.text
    about = types.MarkupContent(kind=types.MarkupKind.PlainText, value=offer.about)
    return types.CompletionItem(
        label=offer.label,
        kind=offer.kind,
        detail=offer.detail or None,
        documentation=about if offer.about else None,
        sort_text=f"{offer.rank}{index:04}",
        filter_text=offer.label,
        text_edit=types.TextEdit(range=edited, new_text=text),
    )
