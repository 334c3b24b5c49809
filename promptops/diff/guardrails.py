"""CHG311: obligations and prohibitions that were removed or reworded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.diff.changes import change
from promptops.diff.obligations import LostObligation, lost_obligations
from promptops.diff.rendering import RenderedPair, sent, text_of
from promptops.diff.side import PromptSide
from promptops.model.change import Change
from promptops.patterns import lazy_pattern

_BLOCK = lazy_pattern(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_VALUE = lazy_pattern(r"\{\{.*?\}\}", re.DOTALL)
_ANY = "…"
"""Placeholder for a value in a sentence of a template."""

_HOW = {
    "gone": "was removed",
    "reversed": "was reversed",
    "weakened": "was weakened",
    "reworded": "was reworded",
}


def obligation_changes(
    before: PromptSide, after: PromptSide, rendered: Sequence[RenderedPair]
) -> Iterator[Change]:
    """One change per lost sentence, as a case renders it or else as the templates contain it.

    Templates are compared, too, because a guardrail can be lost in text that no case renders.
    """
    reported: list[str] = []
    for each in rendered:
        if each.differs and each.requests is not None:
            old, new = ([text_of(message) for message in sent(r)] for r in each.requests)
            yield from _not_yet_reported(lost_obligations(old, new), reported)
    if before.sources != after.sources:
        old, new = ([_plain(source) for source in side.sources] for side in (before, after))
        yield from _not_yet_reported(lost_obligations(old, new), reported)


def _not_yet_reported(losses: Sequence[LostObligation], reported: list[str]) -> Iterator[Change]:
    for loss in losses:
        if not any(_same(loss.before, sentence) for sentence in reported):
            reported.append(loss.before)
            facts = {} if loss.after is None else {"after": loss.after}
            message = f"an obligation {_HOW[loss.how]}"
            yield change("CHG311", "/messages", message, before=loss.before, **facts)


def _plain(source: str) -> str:
    """A template without tags; a placeholder replaces each value."""
    return _VALUE.sub(_ANY, _BLOCK.sub(" ", source))


def _same(sentence: str, rendered: str) -> bool:
    """Whether a sentence of a template equals a rendered one."""
    if sentence == rendered:
        return True
    parts = [re.escape(part) for part in sentence.split(_ANY)]
    return len(parts) > 1 and re.fullmatch(".*".join(parts), rendered, re.DOTALL) is not None
