"""Compares two texts for readers: by lines, and by words within similar lines."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeVar

from promptops.patterns import lazy_pattern
from promptops.records import record

Kind = Literal["same", "removed", "added"]
Run = tuple[Kind, list[str]]
"""Adjacent lines or tokens of one kind."""


@record(frozen=True, slots=True)
class Segment:
    """A part of one text or of both."""

    kind: Kind
    text: str


_MAX_STEPS = 1_500_000
_STEPS_FOR_A_PAIR = 100
_LEAST_SHARED = 1 / 3
_SENTENCE_ENDS = frozenset(".!?:;")


def word_difference(before: str, after: str) -> tuple[Segment, ...]:
    """Removed and added parts: words in similar lines, and whole lines.

    Joined, same and removed parts are exactly `before`; same and added parts are exactly `after`.
    Adjacent segments differ in kind, none is empty, and a removed segment precedes the added one
    that replaces it. A Jinja tag, number, word or run of white space is never split. Work is
    bounded: for long texts with little in common, the result can mark more than what changed.
    """
    budget = _StepBudget(_MAX_STEPS)
    return _segments(_by_words(_by_lines(before, after, budget), budget))


def line_difference(before: str, after: str) -> tuple[Segment, ...]:
    """Like `word_difference` with whole lines and their line ends; a Jinja tag is never split."""
    return _segments(_by_lines(before, after, _StepBudget(_MAX_STEPS)))


def _segments(runs: Iterable[Run]) -> tuple[Segment, ...]:
    return tuple(Segment(kind, "".join(texts)) for kind, texts in _merged(runs))


def _by_lines(before: str, after: str, budget: _StepBudget) -> list[Run]:
    old, new = lines(before), lines(after)
    pairs = _equal_pairs(_bare(old), _bare(new), lambda line: 1 + len(line.strip()), budget)
    return _merged(_runs(old, new, pairs))


def _bare(found: list[str]) -> list[str]:
    """Lines without ends, so that the last line is equal when another one follows it."""
    return [line.removesuffix("\n") for line in found]


def _by_words(runs: list[Run], budget: _StepBudget) -> Iterator[Run]:
    """Compare removed lines and the lines that replace them, word by word."""
    removed: list[str] = []
    for kind, texts in runs:
        if kind == "removed":
            removed = texts
        elif kind == "added":
            yield from _replaced(removed, texts, budget)
            removed = []
        else:
            yield ("removed", removed)
            yield (kind, texts)
            removed = []
    yield ("removed", removed)


def _replaced(removed: list[str], added: list[str], budget: _StepBudget) -> Iterator[Run]:
    if not budget.allows(_steps_by_words(removed, added)):
        yield ("removed", removed)
        yield ("added", added)
        return
    old, new = [tokens(line) for line in removed], [tokens(line) for line in added]
    left = right = 0
    for next_left, next_right in _alike(old, new, budget):
        yield ("removed", removed[left:next_left])
        yield ("added", added[right:next_right])
        yield from _within(old[next_left], new[next_right], budget)
        left, right = next_left + 1, next_right + 1
    yield ("removed", removed[left:])
    yield ("added", added[right:])


def _steps_by_words(removed: list[str], added: list[str]) -> int:
    """The number of steps to compare lines by words, except tables."""
    characters = sum(map(len, removed)) + sum(map(len, added))
    return characters + _STEPS_FOR_A_PAIR * min(len(removed), len(added))


def _alike(old: list[list[str]], new: list[list[str]], budget: _StepBudget) -> Pairs:
    """Pairs of similar lines: the old one became the new one."""
    if len(old) == len(new) == 1:
        return [(0, 0)]
    if budget.allows(len(old) * sum(map(len, new))):
        return _best_pairs(
            [_words(line) for line in old], [_words(line) for line in new], _likeness
        )
    return [(index, index) for index in range(len(old))] if len(old) == len(new) else []


def _words(line: list[str]) -> frozenset[str]:
    words = frozenset(filter(_has_word, line))
    return words or frozenset(token for token in line if not _is_space(token))


def _likeness(one: frozenset[str], other: frozenset[str]) -> int:
    """The similarity of two lines from 1 to 1000; 0 if they share too little."""
    if not one and not other:
        return 1
    shared = 2 * len(one & other) / (len(one) + len(other))
    return int(1000 * shared) if shared >= _LEAST_SHARED else 0


def _within(old: list[str], new: list[str], budget: _StepBudget) -> list[Run]:
    """The token segments of two lines; whole lines if they share too little."""
    runs = _merged(_runs(old, new, _equal_pairs(old, new, _token_weight, budget)))
    runs = _begun_with_a_sentence(_without_islands(runs))
    return runs if _is_readable(runs) else [("removed", old), ("added", new)]


def _without_islands(runs: list[Run]) -> list[Run]:
    """Mark unchanged tokens between two changes as changed if they contain too few words."""
    runs = _sunk(runs, lambda index: not any(map(_has_word, runs[index][1])))
    return _sunk(runs, lambda index: 2 * _total_weight(runs[index][1]) < _less_around(runs, index))


def _sunk(runs: list[Run], is_island: Callable[[int], bool]) -> list[Run]:
    """The segments with small unchanged ones turned into removed and added ones."""
    sunk: list[Run] = []
    for index, (kind, texts) in enumerate(runs):
        if kind == "same" and 0 < index < len(runs) - 1 and is_island(index):
            sunk += [("removed", texts), ("added", texts)]
        else:
            sunk.append((kind, texts))
    return _merged(sunk)


def _less_around(runs: list[Run], index: int) -> int:
    """The size of the smaller of the changes before and after an index."""
    return min(_changed(runs, index - 1, -1), _changed(runs, index + 1, 1))


def _changed(runs: list[Run], index: int, step: int) -> int:
    """The size of the longer side of the change that begins at an index."""
    most = 0
    while 0 <= index < len(runs) and runs[index][0] != "same":
        most = max(most, _total_weight(runs[index][1]))
        index += step
    return most


def _begun_with_a_sentence(runs: list[Run]) -> list[Run]:
    """Move additions and removals to the left if they then begin with a sentence.

    `Be kind. ` added before `Be brief.` is found as `kind. Be ` after `Be `.
    """
    moved = list(runs)
    for index in range(1, len(runs)):
        (before, stays), (kind, texts) = moved[index - 1], moved[index]
        alone = index + 1 == len(runs) or runs[index + 1][0] == "same"
        count = _to_sentence(stays, texts) if before == "same" and kind != "same" and alone else 0
        if count:
            moved[index - 1] = (before, stays[:-count])
            moved[index] = (kind, texts[-count:] + texts[:-count])
            moved[index + 1 : index + 2] = [("same", texts[-count:] + _after(moved, index))]
    return _merged(moved)


def _after(runs: list[Run], index: int) -> list[str]:
    return runs[index + 1][1] if index + 1 < len(runs) else []


def _to_sentence(stays: list[str], texts: list[str]) -> int:
    """The number of tokens to move to the left; 0 to stay."""
    for count in range(min(len(stays), len(texts) - 1) + 1):
        if count and stays[-count] != texts[-count]:
            return 0
        rest = stays[: len(stays) - count]
        if not rest or (len(rest) > 1 and _is_space(rest[-1]) and rest[-2] in _SENTENCE_ENDS):
            return count
    return 0


def _is_readable(runs: list[Run]) -> bool:
    """Whether a third of both sides is shared, or one side completely in at most two pieces."""
    kinds = [kind for kind, _ in runs]
    if not {"removed", "added"} <= set(kinds) and kinds.count("same") <= 2:
        return True
    same = sum(_total_weight(texts) for kind, texts in runs if kind == "same")
    changed = sum(_total_weight(texts) for kind, texts in runs if kind != "same")
    return 2 * same >= _LEAST_SHARED * (2 * same + changed)


def _total_weight(texts: list[str]) -> int:
    return sum(_token_weight(token) for token in texts if not _is_space(token))


def _runs(old: Sequence[str], new: Sequence[str], pairs: Pairs) -> Iterator[Run]:
    left = right = 0
    for next_left, next_right in pairs:
        yield ("removed", list(old[left:next_left]))
        yield ("added", list(new[right:next_right]))
        yield from _equal_texts(old[next_left], new[next_right])
        left, right = next_left + 1, next_right + 1
    yield ("removed", list(old[left:]))
    yield ("added", list(new[right:]))


def _equal_texts(one: str, other: str) -> Iterator[Run]:
    """Two texts that are equal, except for a missing line end."""
    shared = min(one, other, key=len)
    yield ("same", [shared])
    yield ("removed", [one[len(shared) :]])
    yield ("added", [other[len(shared) :]])


def _merged(runs: Iterable[Run]) -> list[Run]:
    """Merge segments: between two unchanged ones at most one of each kind, none empty."""
    merged: list[Run] = []
    gathered: dict[Kind, list[str]] = {"same": [], "removed": [], "added": []}
    for kind, texts in runs:
        if not any(texts):
            continue
        if kind == "same":
            merged += _flushed(gathered, "removed", "added")
        else:
            merged += _flushed(gathered, "same")
        gathered[kind] += texts
    return [*merged, *_flushed(gathered, "same", "removed", "added")]


def _flushed(gathered: dict[Kind, list[str]], *kinds: Kind) -> Iterator[Run]:
    for kind in kinds:
        if gathered[kind]:
            yield (kind, gathered[kind])
            gathered[kind] = []


# Units of a comparison: lines, words, numbers, Jinja tags, white space

_LONGEST_TAG = 500
_TAG_ENDS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_TAG_START = lazy_pattern(r"\{[{%#]")

# Chinese and Japanese have no spaces between words: each character is a token.
_ALONE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_PUNCTUATION = "!-/:-@\\[-^`{-~\u00a1-\u00bf\u2010-\u206f\u3000-\u303f\uff01-\uff0f\uff1a-\uff20"
_LETTER = rf"[^\W\d_{_ALONE}]"
_TOKEN = lazy_pattern(
    rf"\n|[^\S\n]+|\d[^\W{_ALONE}]*(?:[.,:]\d[^\W{_ALONE}]*)*|{_LETTER}+(?:['’]{_LETTER}+)+"
    rf"|[{_ALONE}]|[^\s{_ALONE}{_PUNCTUATION}]+|.",
    re.DOTALL,
)


def lines(text: str) -> list[str]:
    """Lines with their newlines; a tag over several lines is never split."""
    found: list[str] = []
    begun: list[str] = []
    for piece, is_tag in _tags_and_texts(text):
        *ended, rest = [piece] if is_tag else piece.split("\n")
        for line in ended:
            found.append("".join([*begun, line, "\n"]))
            begun.clear()
        begun.append(rest)
    last = "".join(begun)
    return [*found, last] if last else found


def tokens(line: str) -> list[str]:
    """The tokens of a text, in order; joined, they are the text."""
    found: list[str] = []
    for piece, is_tag in _tags_and_texts(line):
        found += [piece] if is_tag else _TOKEN.findall(piece)
    return found


def _is_space(token: str) -> bool:
    return token.isspace()


def _has_word(token: str) -> bool:
    """Whether it is a word, a number or a tag, not punctuation or white space."""
    return (len(token) > 1 and not token.isspace()) or token.isalnum()


def _token_weight(token: str) -> int:
    """The weight of a token that both sides share."""
    if token.isspace():
        return 1
    return 10 if _has_word(token) else 3


def _tags_and_texts(text: str) -> Iterator[tuple[str, bool]]:
    """Tags and the text between them, each with whether it is a tag."""
    begin = at = 0
    while start := _TAG_START.search(text, at):
        close = text.find(_TAG_ENDS[start[0]], start.end(), start.end() + _LONGEST_TAG)
        at = start.end() if close < 0 else close + 2
        if close >= 0:
            yield text[begin : start.start()], False
            yield text[start.start() : at], True
            begin = at
    yield text[begin:], False


# Common subsequences of two sequences, found with bounded work

_Item = TypeVar("_Item")
Pairs = list[tuple[int, int]]

_LARGEST_TABLE = 250_000


@record(slots=True)
class _StepBudget:
    """A limit of computing steps; work that would exceed it is skipped."""

    steps: int

    def allows(self, steps: int) -> bool:
        """Take that many steps from the limit; False if too few are left."""
        if steps > self.steps:
            return False
        self.steps -= steps
        return True


def _equal_pairs(
    before: Sequence[str], after: Sequence[str], weigh: Callable[[str], int], budget: _StepBudget
) -> Pairs:
    """Pairs of indices of equal elements, in rising order, with the greatest total weight.

    In long sequences, elements that are unique on both sides are paired first, then the stretches
    between them. A stretch that is still too long gets pairs only at its ends.
    """
    pairs: Pairs = []
    left = right = 0
    for next_left, next_right in [*_anchors(before, after), (len(before), len(after))]:
        gap = _pairs_of_gap(before[left:next_left], after[right:next_right], weigh, budget)
        pairs += [(left + one, right + other) for one, other in gap]
        pairs.append((next_left, next_right))
        left, right = next_left + 1, next_right + 1
    return pairs[:-1]


def _best_pairs(
    before: Sequence[_Item], after: Sequence[_Item], score: Callable[[_Item, _Item], int]
) -> Pairs:
    """Pairs of indices, in rising order, with the greatest total score; all scores are above 0.

    Takes one step for each pair of elements.
    """
    scores = [[score(left, right) for right in after] for left in before]
    best = _best_from(scores, len(after))
    pairs: Pairs = []
    left = right = 0
    while left < len(before) and right < len(after):
        if best[left][right] == best[left + 1][right]:
            left += 1
        elif best[left][right] == best[left][right + 1]:
            right += 1
        else:
            pairs.append((left, right))
            left, right = left + 1, right + 1
    return pairs


def _best_from(scores: list[list[int]], width: int) -> list[list[int]]:
    """The greatest total score from each pair of indices to the end."""
    best = [[0] * (width + 1)]
    for row in reversed(scores):
        below, current = best[-1], [0] * (width + 1)
        for right in range(width - 1, -1, -1):
            skipped = max(below[right], current[right + 1])
            current[right] = max(skipped, row[right] + below[right + 1] if row[right] else 0)
        best.append(current)
    return best[::-1]


def _pairs_of_gap(
    before: Sequence[str], after: Sequence[str], weigh: Callable[[str], int], budget: _StepBudget
) -> Pairs:
    start, end = _same_ends(before, after)
    inner_before, inner_after = before[start : len(before) - end], after[start : len(after) - end]
    cells = len(inner_before) * len(inner_after)
    inner: Pairs = []
    if 0 < cells <= _LARGEST_TABLE and budget.allows(cells):
        inner = _best_pairs(
            inner_before, inner_after, lambda one, other: weigh(one) if one == other else 0
        )
    return [
        *((index, index) for index in range(start)),
        *((start + left, start + right) for left, right in inner),
        *((len(before) - index, len(after) - index) for index in range(end, 0, -1)),
    ]


def _same_ends(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """The numbers of equal elements at the beginning and, of the rest, at the end."""
    shorter = min(len(before), len(after))
    start = end = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def _anchors(before: Sequence[str], after: Sequence[str]) -> Pairs:
    """The longest rising run of elements that are unique on both sides."""
    if len(before) * len(after) <= _LARGEST_TABLE:
        return []
    places = _places_of_the_unique(after)
    return _longest_rising(
        [
            (left, places[item])
            for item, left in _places_of_the_unique(before).items()
            if item in places
        ]
    )


def _places_of_the_unique(items: Sequence[str]) -> dict[str, int]:
    counts = Counter(items)
    return {item: index for index, item in enumerate(items) if counts[item] == 1}


def _longest_rising(pairs: Pairs) -> Pairs:
    """The longest subsequence of pairs with rising second numbers; first numbers rise."""
    lowest_last: list[int] = []  # index: length - 1; value: the lowest last number of such a run
    ends: list[int] = []  # the pairs that these runs end with
    previous: list[int] = []
    for index, (_, right) in enumerate(pairs):
        length = bisect_left(lowest_last, right)
        previous.append(ends[length - 1] if length else -1)
        lowest_last[length : length + 1] = [right]
        ends[length : length + 1] = [index]
    rising: Pairs = []
    at = ends[-1] if ends else -1
    while at >= 0:
        rising.append(pairs[at])
        at = previous[at]
    return rising[::-1]
