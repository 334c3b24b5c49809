"""CHG311: obligations and prohibitions that were removed or reworded, rendered or not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.diff.changes import change
from promptops.diff.obligations import Lost, lost
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
    """Each sentence once: as a case renders it, or else as the templates contain it.

    A guardrail can be lost in text that no case renders, too.
    """
    told: list[str] = []
    for each in rendered:
        if each.differs and each.requests is not None:
            old, new = ([text_of(message) for message in sent(r)] for r in each.requests)
            yield from _told_once(lost(old, new), told)
    if before.sources != after.sources:
        old, new = ([_plain(source) for source in side.sources] for side in (before, after))
        yield from _told_once(lost(old, new), told)


def _told_once(losses: Sequence[Lost], told: list[str]) -> Iterator[Change]:
    for loss in losses:
        if not any(_same(loss.before, sentence) for sentence in told):
            told.append(loss.before)
            facts = {} if loss.after is None else {"after": loss.after}
            message = f"an obligation {_HOW[loss.how]}"
            yield change("CHG311", "/messages", message, before=loss.before, **facts)


def _plain(source: str) -> str:
    """A template without its tags, with one placeholder for each value."""
    return _VALUE.sub(_ANY, _BLOCK.sub(" ", source))


def _same(sentence: str, rendered: str) -> bool:
    """Whether a sentence of a template is the same as a rendered one."""
    if sentence == rendered:
        return True
    parts = [re.escape(part) for part in sentence.split(_ANY)]
    return len(parts) > 1 and re.fullmatch(".*".join(parts), rendered, re.DOTALL) is not None
