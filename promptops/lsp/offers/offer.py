"""One thing that can be typed at a position."""

from __future__ import annotations

from collections.abc import Mapping

from lsprotocol.types import CompletionItemKind

from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing that can be typed.

    Attributes:
        label: What is shown and compared with what is typed.
        text: What is inserted; None for the label.
        detail: A few words beside the label.
        about: One or more sentences.
        rank: Offers of a lower rank are shown first; 0 to 9.
    """

    label: str
    kind: CompletionItemKind
    text: str | None = None
    detail: str = ""
    about: str = ""
    rank: int = 5


@record(frozen=True, slots=True, kw_only=True)
class Offers:
    """What can be typed, and the columns of its line that it replaces: 1-based, end exclusive."""

    start: int
    end: int
    offers: tuple[Offer, ...]


def offers_of(
    words: Mapping[str, str], kind: CompletionItemKind, *, rank: int, detail: str = ""
) -> list[Offer]:
    """An offer for each word with its description."""
    return [
        Offer(label=word, kind=kind, about=about, rank=rank, detail=detail)
        for word, about in words.items()
    ]
