"""How two texts differ: by words, as lines with marked words, and as a patch."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, zip_longest
from typing import Literal, TypeVar

from promptops.model.report import Style
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.report.visible import visible, visible_line

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
    # Without ends, so that the last line is equal when another one follows it.
    bare_old, bare_new = ([line.removesuffix("\n") for line in side] for side in (old, new))
    pairs = _equal_pairs(bare_old, bare_new, lambda line: 1 + len(line.strip()), budget)
    return _merged(_runs(old, new, pairs))


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
    characters = sum(map(len, removed)) + sum(map(len, added))
    if not budget.allows(characters + _STEPS_FOR_A_PAIR * min(len(removed), len(added))):
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
    # Unchanged tokens between two changes are marked as changed if they contain too few words.
    runs = _sunk(runs, lambda index: not any(map(_has_word, runs[index][1])))
    runs = _begun_with_a_sentence(_sunk(runs, partial(_is_small, runs)))
    return runs if _is_readable(runs) else [("removed", old), ("added", new)]


def _sunk(runs: list[Run], is_island: Callable[[int], bool]) -> list[Run]:
    """The segments with small unchanged ones turned into removed and added ones."""
    sunk: list[Run] = []
    for index, (kind, texts) in enumerate(runs):
        if kind == "same" and 0 < index < len(runs) - 1 and is_island(index):
            sunk += [("removed", texts), ("added", texts)]
        else:
            sunk.append((kind, texts))
    return _merged(sunk)


def _is_small(runs: list[Run], index: int) -> bool:
    """Whether it weighs less than half of the smaller of the changes before and after it."""
    around = min(_changed(runs, index - 1, -1), _changed(runs, index + 1, 1))
    return 2 * _total_weight(runs[index][1]) < around


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
            after = moved[index + 1][1] if index + 1 < len(moved) else []
            moved[index + 1 : index + 2] = [("same", texts[-count:] + after)]
    return _merged(moved)


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
        one, other = old[next_left], new[next_right]  # equal, except for a missing line end
        shared = min(one, other, key=len)
        yield ("same", [shared])
        yield ("removed", [one[len(shared) :]])
        yield ("added", [other[len(shared) :]])
        left, right = next_left + 1, next_right + 1
    yield ("removed", list(old[left:]))
    yield ("added", list(new[right:]))


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
    own = _places_of_the_unique(before)
    return _longest_rising([(left, places[item]) for item, left in own.items() if item in places])


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


# The difference of two texts as lines: changed lines with context, marked and shortened.

Line = tuple[Segment, ...]
"""The segments of a line, without its end."""

_CONTEXT = 2
_NEW_LINE = "↵"


def by_words(before: str, after: str) -> list[Line | None]:
    """Lines with removed and added words; None for a gap."""
    return _with_context(_split(word_difference(before, after)))


def by_lines(before: str, after: str) -> list[Line | None]:
    """Whole lines, removed, added or unchanged; None for a gap.

    A line that is both removed and added differs only in its end.
    """
    return _with_context(_split(line_difference(before, after)))


def is_changed(line: Line) -> bool:
    """Whether a part was removed or added."""
    return any(part.kind != "same" for part in line)


def _split(segments: tuple[Segment, ...]) -> list[Line]:
    """Split segments into lines; a changed line end is shown if adjacent lines don't imply it."""
    lines: list[list[Segment]] = [[]]
    for index, segment in enumerate(segments):
        *ended, last = segment.text.split("\n")
        for text in ended:
            _append(lines[-1], segment, text)
            if segment.kind != "same" and not _ends_lines(lines[-1], segments, index):
                _append(lines[-1], segment, _NEW_LINE)
            lines.append([])
        _append(lines[-1], segment, last)
    if _ends_unlike(segments) and lines[-2][-1].text[-1:] != _NEW_LINE:
        _append(lines[-2], segments[-1], _NEW_LINE)
    return [tuple(line) for line in (lines if lines[-1] else lines[:-1])]


def _ends_unlike(segments: tuple[Segment, ...]) -> bool:
    """Whether only one side's last line has a line end."""
    if not segments or segments[-1].kind == "same" or not segments[-1].text.endswith("\n"):
        return False
    others = [part.text for part in segments if part.kind != segments[-1].kind]
    return bool(others) and not others[-1].endswith("\n")


def _append(line: list[Segment], segment: Segment, text: str) -> None:
    if text and line and line[-1].kind == segment.kind:
        line[-1] = Segment(segment.kind, line[-1].text + text)
    elif text:
        line.append(Segment(segment.kind, text))


def _ends_lines(line: list[Segment], segments: tuple[Segment, ...], index: int) -> bool:
    """Whether the line and the rest of its segment were removed or added as a whole."""
    segment = segments[index]
    if not line or {part.kind for part in line} == {segment.kind}:
        return bool(line)
    following = "".join(part.text for part in segments[index + 1 :][:1])
    return segment.text.strip("\n") != "" and following[:1] in ("", "\n")


def _with_context(lines: list[Line]) -> list[Line | None]:
    """Changed lines with up to two lines of context on each side."""
    near = [False] * len(lines)
    for index, line in enumerate(lines):
        if is_changed(line):
            around = range(max(0, index - _CONTEXT), min(len(lines), index + _CONTEXT + 1))
            for other in around:
                near[other] = True
    shown: list[Line | None] = []
    for line, is_near in zip(lines, near, strict=True):
        if is_near:
            shown.append(line)
        elif not shown or shown[-1] is not None:
            shown.append(None)
    return shown


_MARKS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}


def marked(line: Line, style: Style) -> str:
    """Mark by colour, or without colours by brackets: `a [-b-]{+c+}`."""
    first, *rest = [*line, Segment("same", "")]
    shown = [(first, visible_line(first.text)), *((each, visible(each.text)) for each in rest)]
    return "".join(_piece(segment, text, style) for segment, text in shown if text)


def _piece(segment: Segment, text: str, style: Style) -> str:
    if style("removed", "x") == "x":
        return _MARKS[segment.kind].format(text)
    return text if segment.kind == "same" else style(segment.kind, text)


_LONGEST = 200
_AROUND = 80
_LONGEST_CHANGE = 1000


def shortened(line: Line) -> Line:
    """The segments with long unchanged ones cut to the part next to a change."""
    if not is_changed(line):
        return tuple(Segment("same", end_cut(part.text, _LONGEST)) for part in line)
    last = len(line) - 1
    return tuple(
        _unchanged(part, is_first=index == 0, is_last=index == last)
        if part.kind == "same"
        else Segment(part.kind, end_cut(part.text, _LONGEST_CHANGE))
        for index, part in enumerate(line)
    )


def _unchanged(part: Segment, *, is_first: bool, is_last: bool) -> Segment:
    text = part.text
    if len(text) <= _LONGEST:
        return part
    start = "" if is_first else _to_word_end(text[:_AROUND])
    end = "" if is_last else _to_word_end(text[-_AROUND:][::-1])[::-1]
    return Segment("same", f"{start}…{end}")


def _to_word_end(text: str) -> str:
    """The text without a word that was cut in two, unless it is the only one."""
    return text[: text.rfind(" ") + 1] or text


def end_cut(text: str, limit: int) -> str:
    """The first `limit` characters, and the number of the others."""
    rest = len(text) - limit
    return text if rest <= 0 else f"{text[:limit]}… ({rest:,} more characters)"


# The difference of two texts as `diff` prints it: whole lines, each with a mark.

_PATCH_LONGEST = 300
_PATCH_AROUND = 100
_PATCH_LONGEST_CHANGE = 500
_PATCH_MARKS: dict[Kind, str] = {"same": " ", "removed": "-", "added": "+"}


def patch_lines(before: str, after: str) -> list[str]:
    """Changed lines with two lines of context; `…` replaces lines left out.

    A very long line that changed is cut to the changed part.
    """
    parts: list[Segment | None] = []
    for line in by_lines(before, after):
        parts += [None] if line is None else line or (Segment("same", ""),)
    return [line for run in _patch_runs(parts) for line in run]


def _patch_runs(parts: list[Segment | None]) -> Iterator[list[str]]:
    removed: list[str] = []
    for kind, group in groupby(parts, lambda part: part and part.kind):
        texts = [part.text if part else "…" for part in group]
        if kind == "removed":
            removed = texts
            continue
        added = texts if kind == "added" else []
        yield _patch_replaced(removed, added)
        removed = []
        if kind != "added":
            yield [_shown("same", end_cut(text, _PATCH_LONGEST)) for text in texts]
    yield _patch_replaced(removed, [])


def _patch_replaced(removed: list[str], added: list[str]) -> list[str]:
    pairs = [_narrowed(old, new) for old, new in zip_longest(removed, added, fillvalue="")]
    return [
        *(_shown("removed", old) for old, _ in pairs[: len(removed)]),
        *(_shown("added", new) for _, new in pairs[: len(added)]),
    ]


def _narrowed(old: str, new: str) -> tuple[str, str]:
    """The part of two long lines that differs, with some context."""
    if max(len(old), len(new)) > _PATCH_LONGEST:
        start = _shared_start(old, new) - _PATCH_AROUND
        end = _shared_start(old[::-1], new[::-1]) - _PATCH_AROUND
        old, new = _part(old, start, end), _part(new, start, end)
    return end_cut(old, _PATCH_LONGEST_CHANGE), end_cut(new, _PATCH_LONGEST_CHANGE)


def _shared_start(one: str, other: str) -> int:
    """The number of equal characters at the beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    unequal = (index for index, (left, right) in pairs if left != right)
    return next(unequal, min(len(one), len(other)))


def _part(text: str, start: int, end: int) -> str:
    """The text without `start` characters at the beginning and `end` at the end."""
    start, end = max(0, start), max(0, end)
    before, after = "…" if start else "", "…" if end else ""
    return f"{before}{text[start : max(start, len(text) - end)]}{after}"


def _shown(kind: Kind, text: str) -> str:
    kept = text if kind == "same" else text.rstrip(" ")
    return f"{_PATCH_MARKS[kind]}{visible_line(kept)}{'·' * (len(text) - len(kept))}".rstrip()
