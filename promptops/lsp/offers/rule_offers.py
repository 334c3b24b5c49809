"""Offers in comments: `promptops: ignore[CODE] reason`."""

from __future__ import annotations

from lsprotocol.types import CompletionItemKind as Kind

from promptops.lint.registry import built_in
from promptops.lsp.offers.offer import Offer
from promptops.patterns import lazy_pattern

_CODES = lazy_pattern(r"[\s\S]*promptops:\s*ignore(?:-file)?\[(?:[^\]\n]*,)?\s*([\w-]*)")
_KIND = lazy_pattern(r"[\s\S]*promptops:\s*([\w-]*)")
_BEGINNING = lazy_pattern(r"#?\s*(\w*)")

_KINDS = {
    "ignore": "Suppress findings in this line or in the next one; a reason is required.",
    "ignore-file": "Suppress findings in this file; a reason is required.",
}


def rule_offers(comment: str) -> tuple[str, list[Offer]]:
    """What can be typed at the end of a comment, and the word that it replaces."""
    codes = _CODES.fullmatch(comment)
    if codes:
        return codes[1], _codes()
    kind = _KIND.fullmatch(comment)
    if kind:
        shown = _KINDS.items()
        return kind[1], [
            Offer(label=word, text=f"{word}[", kind=Kind.Keyword, about=about)
            for word, about in shown
        ]
    beginning = _BEGINNING.fullmatch(comment)
    if beginning and "promptops".startswith(beginning[1]):
        text = "promptops: ignore["
        return beginning[1], [Offer(label=text, kind=Kind.Keyword, about=_KINDS["ignore"], rank=9)]
    return "", []


def _codes() -> list[Offer]:
    return [
        Offer(label=each.code, kind=Kind.Value, detail=each.name, about=f"{each.summary}.")
        for each in built_in().values()
        if not each.unsuppressable
    ]
