"""Finds obligations and prohibitions of one side that the other lacks or reverses."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from promptops.diff.changes import change
from promptops.diff.obligation_words import Force, Words, forbids
from promptops.diff.rendering import RenderedPair, sent, text_of
from promptops.diff.sentences import Sentence, sentences
from promptops.diff.side import PromptSide
from promptops.model.change import Change
from promptops.patterns import lazy_pattern
from promptops.records import record

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
    for pair in rendered:
        if pair.differs and pair.requests is not None:
            old, new = ([text_of(message) for message in sent(r)] for r in pair.requests)
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


How = Literal["gone", "reversed", "reworded", "weakened"]

MIN_SIMILARITY = 0.5
"""Sentences with at least this share of common words are rewordings of each other."""
MAX_RARE_WORDS, MAX_HOLDERS, MAX_CANDIDATES = 8, 32, 6
"""Limits: rare words of a sentence, sentences that contain one, and candidates compared."""


@record(frozen=True, slots=True, kw_only=True)
class LostObligation:
    """A sentence that obliges or forbids, and is missing on the other side.

    Attributes:
        before: The sentence with white space collapsed; a list item without its bullet.
        after: The nearest sentence of the other side; None if it was removed.
        how: `weakened` with less force or an exception; `reworded` with the same force.
    """

    before: str
    after: str | None
    how: How


def lost_obligations(before: Sequence[str], after: Sequence[str]) -> tuple[LostObligation, ...]:
    """The lost sentences of a request, each once, in the order of `before`.

    A sentence is not lost if it moved, became stricter, or differs only in white space, lists,
    Markdown, case, punctuation, contractions, number format or a typo. Takes linear time.
    """
    olds = [sentence for text in dict.fromkeys(before) for sentence in sentences(text)]
    news = [sentence for text in dict.fromkeys(after) for sentence in sentences(text)]
    known = {sentence.words for sentence in olds}
    present = {words for sentence in news for words in (sentence.words, *sentence.lines)}
    # A comma that became a full stop splits a sentence.
    present |= {one.words + other.words for one, other in pairwise(news)}
    missing = {
        sentence.words: sentence
        for sentence in olds
        if sentence.words not in present and not present.issuperset(sentence.lines)
    }
    forces = [(sentence, sentence.force) for sentence in missing.values()]
    # The items below a bare `Never:` are compared themselves.
    binding = [(sentence, force) for sentence, force in forces if force.strength and force.content]
    if not binding:
        return ()
    others = _SentenceIndex([sentence for sentence in news if sentence.words not in known])
    found = (_lost(sentence, force, others) for sentence, force in binding)
    return tuple(each for each in found if each is not None)


def _lost(sentence: Sentence, force: Force, others: _SentenceIndex) -> LostObligation | None:
    nearest = others.nearest(force)
    if nearest is None:
        return LostObligation(before=sentence.text, after=None, how="gone")
    other, new = nearest
    how = _how(force, new)
    stricter = new.strength > force.strength and new.content == force.content
    if how == "reworded" and (stricter or _is_slip(sentence.words, other.words)):
        return None
    return LostObligation(before=sentence.text, after=other.text, how=how)


def _how(old: Force, new: Force) -> How:
    bounds = [(bound in old.kinds) != (bound in new.kinds) for bound in ("most", "least")]
    if forbids(old.kinds) != forbids(new.kinds) or all(bounds):
        return "reversed"
    if new.strength < old.strength or new.softeners - old.softeners:
        return "weakened"
    return "reworded"


def _is_slip(old: Words, new: Words) -> bool:
    """Whether two sentences differ only by typos in long words."""
    if len(old) != len(new):
        return False
    return all(
        one == other or _is_spelling(one, other) for one, other in zip(old, new, strict=True)
    )


def _is_spelling(one: str, other: str) -> bool:
    """Accepts `seperate`, `separate`; not `employer`, `employee` or `include`, `exclude`."""
    one, other = one.removesuffix("s"), other.removesuffix("s")
    shorter = min(len(one), len(other))
    if shorter < 7 or max(len(one), len(other)) > 30 or not (one + other).isalpha():
        return False
    if one[:3] != other[:3] or one[-1] != other[-1]:
        return False
    if shorter < 8 and sorted(one) != sorted(other):
        return False
    return _edits(one, other) <= (2 if shorter >= 10 else 1)


def _edits(one: str, other: str) -> int:
    """The number of letters added, removed, replaced, or swapped with a neighbour."""
    rows = [list(range(len(other) + 1))]
    for i, left in enumerate(one, 1):
        row = [i]
        for j, right in enumerate(other, 1):
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (left != right)))
            if i > 1 and j > 1 and left == other[j - 2] and right == one[i - 2]:
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


class _SentenceIndex:
    """The new sentences of the other side, indexed by their words."""

    def __init__(self, sentences: list[Sentence]) -> None:
        self.sentences = [(sentence, sentence.force) for sentence in sentences]
        self._holders: dict[str, list[int]] = defaultdict(list)
        for index, (_, force) in enumerate(self.sentences):
            for word in dict.fromkeys(force.content):
                self._holders[word].append(index)

    def nearest(self, force: Force) -> tuple[Sentence, Force] | None:
        """The most similar sentence, the first of several; None if none is similar enough."""
        wanted = frozenset(force.content)
        indexed = sorted((word for word in wanted if word in self._holders), key=self._rarity)
        counts = Counter(
            i for word in indexed[:MAX_RARE_WORDS] for i in self._holders[word][:MAX_HOLDERS]
        )
        likely = sorted(counts, key=lambda index: (-counts[index], index))[:MAX_CANDIDATES]
        scored = [
            (_similarity(wanted, frozenset(self.sentences[i][1].content)), -i) for i in likely
        ]
        best, index = max(scored, default=(0.0, 0))
        return self.sentences[-index] if best >= MIN_SIMILARITY else None

    def _rarity(self, word: str) -> tuple[int, str]:
        return len(self._holders[word]), word


def _similarity(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    # One sentence may have been joined with another, or split.
    within = MIN_SIMILARITY if shared > 1 and shared == min(len(one), len(other)) else 0.0
    return max(2 * shared / (len(one) + len(other)), within)
