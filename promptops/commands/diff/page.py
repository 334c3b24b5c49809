"""One HTML page of changes: prompts, messages side by side, and the words that differ."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count, groupby
from typing import Any, Literal

from promptops.commands.diff.facts import (
    DistinctPrompt,
    distinct_prompts,
    label,
    reached_by,
    risk,
    risks,
    unexplained_risk,
    worst_first,
)
from promptops.model.change import ABSENT, CaseDiff, Change, DiffReport, PromptDiff, Seen, SeenPair
from promptops.records import field, record, replace
from promptops.report.data_text import json_data
from promptops.report.differences import Kind, Segment, word_difference
from promptops.report.page.document import document

PARTS = "commands/diff/changes"
_MOST_OPEN = 40


def write_html(report: DiffReport, **_: object) -> str:
    """The whole page."""
    prompts = prompt_views(report)
    every = (change for prompt in report.prompts for change in prompt.changes)
    differing = sum(prompt.differing for prompt in report.prompts)
    return document(
        "commands/diff",
        FILTERS,
        parts=(PARTS,),
        report=report,
        prompts=prompts,
        levels=Counter(map(label, every)),
        risks=risk_views(report, prompts),
        cases=(differing, max(differing, sum(prompt.rendered for prompt in report.prompts))),
        open=differences(prompts) <= _MOST_OPEN,
    )


def risk_views(
    report: DiffReport, prompts: Iterable[PromptChangesView]
) -> list[tuple[Change, list[PromptChangesView]]]:
    """Each risk once, with the prompts that have it."""
    views = {id(prompt): view for view in prompts for prompt in view.every}
    return [(change, [views[id(each)] for each in found]) for found, change in risks(report)]


def differences(prompts: Iterable[PromptChangesView]) -> int:
    """The number of prompts with changes to review."""
    return sum(not difference.twin for prompt in prompts for difference in prompt.differences)


def _rise(pair: tuple[float, float]) -> str:
    """A signed number such as `+13`; the minus sign is as wide as the plus sign."""
    difference = round(pair[1]) - round(pair[0])
    return f"{difference:+,}".replace("-", "−") if difference else "±0"


def _price(usd: float) -> str:
    """The price of a thousand requests, such as `$1.30` or `$0.0042`."""
    dollars = 1000 * usd
    return f"${dollars:,.2f}" if dollars >= 0.1 or not dollars else f"${dollars:.2g}"


FILTERS: dict[str, Callable[..., Any]] = {
    "rise": _rise,
    "risk": partial(risk, arrow="→"),
    "reached_by": reached_by,
    "unexplained_risk": unexplained_risk,
    "price": _price,
}


# The views that the page of a diff shows, in the order of its template.

MOST_TO_SHOW = 30_000_000
"""The size of a page, in characters, that a browser still opens quickly."""

# At worst a few seconds of work.
_MOST_TO_COMPARE = 40_000_000
_SHORT = 60
_LONGEST_WITNESS = 20_000

Pair = tuple[float, float]
"""A figure of a request before and after."""


@record(frozen=True, slots=True)
class MessageView:
    """A message of a request.

    Attributes:
        number: 1-based.
        compared: Both texts; an unchanged text is folded as a whole.
    """

    number: int
    pair: SeenPair
    compared: Compared


@record(frozen=True, slots=True, kw_only=True)
class RequestDifference:
    """A difference between requests, shown once for all cases of a prompt that have it.

    Attributes:
        cases: At least one; the messages are those of the first.
        twin: Another prompt that shows the same difference, instead of messages.
    """

    anchor: str
    prompt: str
    cases: tuple[CaseDiff, ...]
    messages: tuple[MessageView, ...] = ()
    twin: RequestDifference | None = None


@record(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A change with its values: one line each, or side by side if they are long."""

    change: Change
    before: str | None = None
    after: str | None = None
    compared: Compared | None = None
    witness: str = ""

    @property
    def sides(self) -> str:
        """The only side with a value: `only-before`, `only-after`, or "" for none or both."""
        if (self.change.before is ABSENT) == (self.change.after is ABSENT):
            return ""
        return "only-before" if self.change.after is ABSENT else "only-after"

    @property
    def quiet(self) -> bool:
        """Whether a filter for important changes hides it."""
        return self.label == "neutral"

    @property
    def label(self) -> str:
        """The level or risk as one word, such as `breaking`, `neutral`, `risk`."""
        return label(self.change)


@record(frozen=True, slots=True, kw_only=True)
class PromptChangesView:
    """A prompt as a section of the page.

    Attributes:
        tokens, usd: Of a request before and after, the mean of the cases that differ and render on
            both sides; None if there is no such case or a price is unknown.
        twin: A prompt with the same changes that is shown in full; None for that prompt itself.
        also: The prompts whose twin this one is, or that the same edit reaches.
        through: The files of that edit; the other prompts have no section of their own.
    """

    anchor: str
    prompt: PromptDiff
    changes: tuple[ChangeView, ...]
    differences: tuple[RequestDifference, ...]
    tokens: Pair | None
    usd: Pair | None
    twin: PromptChangesView | None = None
    also: tuple[PromptDiff, ...] = ()
    through: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[PromptDiff, ...]:
        """The prompts that have only this section."""
        return (self.prompt, *self.also) if self.through else (self.prompt,)

    @property
    def differing(self) -> int:
        """The number of cases whose requests differ."""
        return sum(prompt.differing for prompt in self.every)

    @property
    def rendered(self) -> int:
        """The number of cases that were rendered."""
        return sum(prompt.rendered for prompt in self.every)

    @property
    def quiet(self) -> bool:
        return not self.prompt.cases and all(change.quiet for change in self.changes)


def prompt_views(
    report: DiffReport, anchor: str = "prompt", to_show: int = MOST_TO_SHOW
) -> tuple[PromptChangesView, ...]:
    """The changed prompts in the order of the report; those with the same changes are adjacent.

    Args:
        anchor: The prefix of the anchors of prompts.
        to_show: The number of characters that fit.
    """
    page = _PageBudget(to_show=to_show)
    anchors = (f"{anchor}-{number}" for number in count(1))
    return tuple(view for each in distinct_prompts(report) for view in _alike(page, anchors, each))


def _alike(
    page: _PageBudget, anchors: Iterator[str], each: DistinctPrompt
) -> Iterator[PromptChangesView]:
    """One prompt in full, then those with the same changes; of one edit only the example."""
    if each.through:
        view = _prompt_view(page, next(anchors), each.prompt)
        every = [case for prompt in (each.prompt, *each.also) for case in prompt.cases]
        tokens, usd = means(every)
        yield replace(view, also=each.also, through=each.through, tokens=tokens, usd=usd)
        return
    # Only changes contain the values of fields that cases merely name, such as `model`.
    is_explained = each.prompt.changes or not any(case.rest for case in each.prompt.cases)
    twins = each.also if is_explained else ()
    first = replace(_prompt_view(page, next(anchors), each.prompt), also=twins)
    yield first
    for prompt in each.also:
        anchor = next(anchors)
        yield _twin_view(anchor, prompt, first) if twins else _prompt_view(page, anchor, prompt)


def _twin_view(anchor: str, prompt: PromptDiff, first: PromptChangesView) -> PromptChangesView:
    tokens, usd = means(prompt.cases)
    return PromptChangesView(
        anchor=anchor,
        prompt=prompt,
        changes=tuple(ChangeView(change=change) for change in worst_first(prompt.changes)),
        differences=(),
        tokens=tokens,
        usd=usd,
        twin=first,
    )


@record(slots=True)
class _PageBudget:
    """The differences already on the page, and the room that is left.

    Attributes:
        to_compare, to_show: The characters that can still be compared and shown.
    """

    to_compare: int = _MOST_TO_COMPARE
    to_show: int = MOST_TO_SHOW
    shown: dict[object, RequestDifference] = field(default_factory=dict)
    compared: dict[tuple[str, str], Compared] = field(default_factory=dict)

    def compare(self, before: str, after: str) -> Compared:
        if (before, after) not in self.compared:
            self.to_compare -= len(before) + len(after)
            compared = compare if self.to_compare >= 0 else not_compared
            self.compared[before, after] = compared(before, after)
        return self.compared[before, after]

    def show(self, before: str, after: str) -> Compared:
        """Compare two texts and take the room for them; without room, only count the lines."""
        compared = self.compare(before, after)
        if compared.weight > self.to_show:
            return Compared((), height(compared.rows) + compared.left_out)
        self.to_show -= compared.weight
        return compared


def _prompt_view(page: _PageBudget, anchor: str, prompt: PromptDiff) -> PromptChangesView:
    tokens, usd = means(prompt.cases)
    return PromptChangesView(
        anchor=anchor,
        prompt=prompt,
        changes=tuple(_change_view(page, change) for change in worst_first(prompt.changes)),
        differences=tuple(_differences(page, anchor, prompt)),
        tokens=tokens,
        usd=usd,
    )


def means(cases: Iterable[CaseDiff]) -> tuple[Pair | None, Pair | None]:
    """Tokens and US dollars of a request before and after, as means of cases that render.

    None if no case renders on both sides; dollars are also None if a price is unknown.
    """
    both = [case for case in cases if not (case.before_error or case.after_error)]
    usd = [
        (case.before_usd, case.after_usd)
        for case in both
        if case.before_usd is not None and case.after_usd is not None
    ]
    tokens = [(case.before_tokens, case.after_tokens) for case in both]
    return _mean(tokens), _mean(usd) if len(usd) == len(both) else None


def _mean(pairs: Sequence[Pair]) -> Pair | None:
    if not pairs:
        return None
    return sum(one for one, _ in pairs) / len(pairs), sum(other for _, other in pairs) / len(pairs)


def _change_view(page: _PageBudget, change: Change) -> ChangeView:
    sides = (change.before, change.after)
    witness = _cut(_json(change.witness.value, indent=2)) if change.witness else ""
    before, after = (None if side is ABSENT else _json(side) for side in sides)
    if all(text is None or len(text) <= _SHORT for text in (before, after)):
        return ChangeView(change=change, before=before, after=after, witness=witness)
    if all(side is ABSENT or isinstance(side, str) for side in sides):
        texts = ["" if side is ABSENT else side for side in sides]
    else:
        texts = ["" if side is ABSENT else _json(side, indent=2) for side in sides]
    return ChangeView(change=change, compared=page.show(*texts), witness=witness)


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(json_data(value), ensure_ascii=False, indent=indent)


def _cut(text: str) -> str:
    left_out = len(text) - _LONGEST_WITNESS
    return f"{text[:_LONGEST_WITNESS]}\n… ({left_out} more characters)" if left_out > 0 else text


def _differences(page: _PageBudget, anchor: str, prompt: PromptDiff) -> Iterator[RequestDifference]:
    """The differences of a prompt's cases, equal ones merged, in the order of their first cases."""
    alike: dict[object, list[CaseDiff]] = {}
    for case in prompt.cases:
        alike.setdefault(_appearance(page, case), []).append(case)
    for number, (appearance, cases) in enumerate(alike.items(), 1):
        # Other fields are known only by name and may differ in another way there.
        twin = None if cases[0].rest else page.shown.get(appearance)
        difference = RequestDifference(
            anchor=f"{anchor}-difference-{number}",
            prompt=prompt.id,
            cases=tuple(cases),
            messages=() if twin else tuple(_messages(page, cases[0])),
            twin=twin,
        )
        page.shown.setdefault(appearance, difference)
        yield difference


def _appearance(page: _PageBudget, case: CaseDiff) -> object:
    """A key that is equal for cases whose visible differences are equal."""
    return (
        case.rest,
        case.verdicts,
        case.before_error,
        case.after_error,
        tuple(_appearance_of_pair(page, pair) for pair in case.pairs if pair.differs),
    )


def _appearance_of_pair(page: _PageBudget, pair: SeenPair) -> object:
    before, after = _text(pair.before), _text(pair.after)
    compared = page.compare(before, after)
    rows = tuple(
        (row.before and row.before.pieces, row.after and row.after.pieces, row.ends)
        for row in compared.rows
        if isinstance(row, DiffRow)
    )
    roles = tuple(seen.role if seen else None for seen in (pair.before, pair.after))
    return roles, rows, (before, after) if compared.left_out else None


def _messages(page: _PageBudget, case: CaseDiff) -> Iterator[MessageView]:
    for number, pair in enumerate(case.pairs, 1):
        compared = page.show(_text(pair.before), _text(pair.after))
        yield MessageView(number, pair, compared)


def _text(seen: Seen | None) -> str:
    return seen.text if seen else ""


# Rows for two texts side by side; matching lines share a row.

_CONTEXT = 2
_FEWEST_TO_FOLD = 3
_MOST_PIECES = 2_000
_MOST_LINES = 100_000
_MOST_ROWS = 4_000
_ROW_CHARACTERS = 200  # of the markup of a row


@record(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """A line of one side, without its line end.

    Attributes:
        number: 1-based.
        shared: Parts that the other side has, too: segment number, line number in the segment.
        end: Whether its line end is on both sides, only on this side, or missing.
    """

    number: int
    pieces: tuple[Segment, ...]
    shared: tuple[tuple[int, int], ...]
    end: Literal["kept", "changed", "none"]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def whole(self) -> bool:
        """Whether the other side has no part of it."""
        return all(piece.kind != "same" for piece in self.pieces)

    @property
    def changed(self) -> bool:
        return not self.shared or any(piece.kind != "same" for piece in self.pieces)


@record(frozen=True, slots=True, kw_only=True)
class DiffRow:
    """A row with a line on at least one side.

    Attributes:
        ends: Whether the line ends are part of the difference.
    """

    before: DiffLine | None = None
    after: DiffLine | None = None
    ends: bool = False

    @property
    def same(self) -> bool:
        before, after = self.before, self.after
        if before is None or after is None or self.ends:
            return False
        return not (before.changed or after.changed) and before.text == after.text


@record(frozen=True, slots=True, kw_only=True)
class Fold:
    """Equal lines, far from any difference; shown folded."""

    lines: int
    text: str


@record(frozen=True, slots=True)
class Compared:
    """Two texts side by side, as rows.

    Attributes:
        left_out: The number of lines not shown because of the limit.
    """

    rows: tuple[DiffRow | Fold, ...]
    left_out: int = 0

    @property
    def weight(self) -> int:
        """The size on the page in characters, including the markup of rows."""
        return sum(map(_weight, self.rows))


def compare(before: str, after: str) -> Compared:
    """Two texts side by side; with too many lines or rows, the rest is only counted."""
    lines = max(before.count("\n"), after.count("\n")) + 1
    if lines > _MOST_LINES:
        return not_compared(before, after)
    if before == after:
        return Compared((Fold(lines=lines, text=after),))
    rows = tuple(folded(list(side_by_side(word_difference(before, after)))))
    return Compared(rows[:_MOST_ROWS], height(rows[_MOST_ROWS:]))


def not_compared(before: str, after: str) -> Compared:
    """No rows, only the number of lines."""
    return Compared((), max(before.count("\n"), after.count("\n")) + 1)


def height(rows: Iterable[DiffRow | Fold]) -> int:
    """The number of lines of some rows, folded ones included."""
    return sum(row.lines if isinstance(row, Fold) else 1 for row in rows)


def _weight(row: DiffRow | Fold) -> int:
    if isinstance(row, Fold):
        return _ROW_CHARACTERS + len(row.text)
    return _ROW_CHARACTERS + sum(len(line.text) for line in (row.before, row.after) if line)


def side_by_side(segments: Sequence[Segment]) -> Iterator[DiffRow]:
    """The rows of a word difference, in order."""
    before = list(_lines(segments, "removed"))
    after = list(_lines(segments, "added"))
    left = right = 0
    while left < len(before) and right < len(after):
        one, other = before[left], after[right]
        left_stays, right_stays = _waiting(one, other)
        if left_stays or right_stays:
            yield DiffRow(after=other) if left_stays else DiffRow(before=one)
        else:
            last = left + 1 == len(before) and right + 1 == len(after)
            ends = one.end != other.end and (last or "none" not in (one.end, other.end))
            yield DiffRow(before=one, after=other, ends=ends)
        left += not left_stays
        right += not right_stays
    yield from (DiffRow(before=line) for line in before[left:])
    yield from (DiffRow(after=line) for line in after[right:])


def folded(rows: Sequence[DiffRow]) -> Iterator[DiffRow | Fold]:
    """Rows that differ with two rows of context; each stretch between them is one fold."""
    near = {
        index + away
        for index, row in enumerate(rows)
        if not row.same
        for away in range(-_CONTEXT, _CONTEXT + 1)
    }
    for is_near, stretch in groupby(enumerate(rows), key=lambda item: item[0] in near):
        found = [row for _, row in stretch]
        if is_near or len(found) < _FEWEST_TO_FOLD:
            yield from found
        else:
            text = "\n".join(row.before.text for row in found if row.before)
            yield Fold(lines=len(found), text=text)


def _waiting(before: DiffLine, after: DiffLine) -> tuple[bool, bool]:
    """The one of two lines whose partner comes later on the other side; at most one has one."""
    if not before.shared or not after.shared:
        return bool(before.shared), bool(after.shared)
    if set(before.shared) & set(after.shared):
        return False, False
    # The partner of the first one was already shown: a line was split or joined.
    return before.shared > after.shared, before.shared < after.shared


def _lines(segments: Iterable[Segment], own: Kind) -> Iterator[DiffLine]:
    """The lines of one side; segments of `kind` are only on this side."""
    number = 1
    pieces: list[Segment] = []
    shared: list[tuple[int, int]] = []
    for index, segment in enumerate(segments):
        if segment.kind not in ("same", own):
            continue
        *ended, rest = segment.text.split("\n")
        kept = segment.kind == "same"
        for part, text in enumerate(ended):
            pieces += [Segment(segment.kind, text)] if text else []
            shared += [(index, part)] if kept else []
            yield _line(number, pieces, shared, "kept" if kept else "changed")
            number, pieces, shared = number + 1, [], []
        if rest:
            pieces.append(Segment(segment.kind, rest))
            shared += [(index, len(ended))] if kept else []
    if pieces:
        yield _line(number, pieces, shared, "none")


def _line(
    number: int,
    pieces: Sequence[Segment],
    shared: Sequence[tuple[int, int]],
    end: Literal["kept", "changed", "none"],
) -> DiffLine:
    if len(pieces) > _MOST_PIECES:
        kind = next(piece.kind for piece in pieces if piece.kind != "same")
        pieces = [Segment(kind, "".join(piece.text for piece in pieces))]
    return DiffLine(number=number, pieces=tuple(pieces), shared=tuple(shared), end=end)
