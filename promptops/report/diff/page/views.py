"""The parts of a report that the page shows, in the order of its template."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

from promptops.model.change import ABSENT, CaseDiff, Change, DiffReport, PromptDiff, Seen, SeenPair
from promptops.records import field, record, replace
from promptops.report.diff.page.rows import DiffRow, Fold, folded, side_by_side
from promptops.report.diff.parts.distinct import DistinctPrompt, distinct_prompts
from promptops.report.diff.parts.facts import label, worst_first
from promptops.report.parts.json_data import json_data
from promptops.report.parts.words import word_difference

MOST_TO_SHOW = 30_000_000
"""Characters of a page with which a browser is still fast."""

# Some seconds of work, at the worst.
_MOST_TO_COMPARE = 40_000_000
_MOST_LINES = 100_000
# A row weighs what its markup does.
_ROW_WEIGHS = 200
_MOST_ROWS = 4_000
_SHORT = 60
_LONGEST_WITNESS = 20_000

Pair = tuple[float, float]
"""Of a request before and after."""


@record(frozen=True, slots=True)
class Compared:
    """Two texts side by side.

    Attributes:
        left_out: Number of lines that are too many to show.
    """

    rows: tuple[DiffRow | Fold, ...]
    left_out: int = 0


@record(frozen=True, slots=True)
class MessageView:
    """A message of a request.

    Attributes:
        number: 1-based.
        compared: Both texts; one that is the same on both sides is folded as a whole.
    """

    number: int
    pair: SeenPair
    compared: Compared


@record(frozen=True, slots=True, kw_only=True)
class RequestDifference:
    """How requests differ, once for all cases of a prompt that differ so.

    Attributes:
        cases: At least one; the messages are those of the first.
        twin: The same difference further up, in another prompt, instead of messages.
    """

    anchor: str
    prompt: str
    cases: tuple[CaseDiff, ...]
    messages: tuple[MessageView, ...] = ()
    twin: RequestDifference | None = None


@record(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A change; its values on a line each, or side by side where they are long."""

    change: Change
    before: str | None = None
    after: str | None = None
    compared: Compared | None = None
    witness: str = ""

    @property
    def sides(self) -> str:
        """Which side alone has a value: `only-before`, `only-after`, or "" for none or both."""
        if (self.change.before is ABSENT) == (self.change.after is ABSENT):
            return ""
        return "only-before" if self.change.after is ABSENT else "only-after"

    @property
    def quiet(self) -> bool:
        """Whether it is irrelevant for a reader who looks for important changes."""
        return self.label == "neutral"

    @property
    def label(self) -> str:
        """Such as `breaking`, `neutral`, `risk`."""
        return label(self.change)


@record(frozen=True, slots=True, kw_only=True)
class PromptChangesView:
    """A section of the page.

    Attributes:
        tokens, usd: Of a request before and after, the mean of the cases that differ and render on
            both sides; None where there is none, or where a price is not known.
        twin: The prompt that changed in the same way and is shown in full; None for that one.
        also: The prompts whose twin this one is.
    """

    anchor: str
    prompt: PromptDiff
    changes: tuple[ChangeView, ...]
    differences: tuple[RequestDifference, ...]
    tokens: Pair | None
    usd: Pair | None
    twin: PromptChangesView | None = None
    also: tuple[PromptDiff, ...] = ()

    @property
    def quiet(self) -> bool:
        return not self.prompt.cases and all(change.quiet for change in self.changes)


def prompt_views(
    report: DiffReport, anchor: str = "prompt", to_show: int = MOST_TO_SHOW
) -> tuple[PromptChangesView, ...]:
    """One for each prompt, in the order of the report; those that changed alike follow each other.

    Args:
        anchor: What anchors of prompts begin with.
        to_show: Characters for which there is room.
    """
    page = _PageBudget(to_show=to_show)
    anchors = (f"{anchor}-{number}" for number in count(1))
    return tuple(view for each in distinct_prompts(report) for view in _alike(page, anchors, each))


def _alike(
    page: _PageBudget, anchors: Iterator[str], each: DistinctPrompt
) -> Iterator[PromptChangesView]:
    """One prompt in full, then those that changed in the same way."""
    twins = each.also if _is_explained(each.prompt) else ()
    first = replace(_prompt_view(page, next(anchors), each.prompt), also=twins)
    yield first
    for prompt in each.also:
        anchor = next(anchors)
        yield _twin_view(anchor, prompt, first) if twins else _prompt_view(page, anchor, prompt)


def _is_explained(prompt: PromptDiff) -> bool:
    """Whether its changes have the values of what a case only knows by name, such as `model`."""
    return bool(prompt.changes) or not any(case.rest for case in prompt.cases)


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
    """What is already on the page, and how much still fits.

    Attributes:
        to_compare, to_show: Characters for which there is time, and for which there is room.
    """

    to_compare: int = _MOST_TO_COMPARE
    to_show: int = MOST_TO_SHOW
    shown: dict[object, RequestDifference] = field(default_factory=dict)
    compared: dict[tuple[str, str], Compared] = field(default_factory=dict)

    def compare(self, before: str, after: str) -> Compared:
        if (before, after) not in self.compared:
            self.compared[before, after] = self._compare(before, after)
        return self.compared[before, after]

    def _compare(self, before: str, after: str) -> Compared:
        self.to_compare -= len(before) + len(after)
        lines = max(before.count("\n"), after.count("\n")) + 1
        if self.to_compare < 0 or lines > _MOST_LINES:
            return Compared((), lines)
        if before == after:
            return Compared((Fold(lines=lines, text=after),))
        rows = tuple(folded(list(side_by_side(word_difference(before, after)))))
        return Compared(rows[:_MOST_ROWS], _height(rows[_MOST_ROWS:]))

    def show(self, before: str, after: str) -> Compared:
        """The same, if there is room for it, which then is taken."""
        compared = self.compare(before, after)
        weight = sum(map(_weight, compared.rows))
        if weight > self.to_show:
            return Compared((), _height(compared.rows) + compared.left_out)
        self.to_show -= weight
        return compared


def _height(rows: Iterable[DiffRow | Fold]) -> int:
    """Number of lines."""
    return sum(row.lines if isinstance(row, Fold) else 1 for row in rows)


def _weight(row: DiffRow | Fold) -> int:
    if isinstance(row, Fold):
        return _ROW_WEIGHS + len(row.text)
    return _ROW_WEIGHS + sum(len(line.text) for line in (row.before, row.after) if line)


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
    """Tokens, then US dollars of a request before and after, where both sides render it.

    None where there is no such case; of dollars also where one of the prices is not known.
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
    """Those of the prompt's cases, equal ones as one, in the order of their first cases."""
    alike: dict[object, list[CaseDiff]] = {}
    for case in prompt.cases:
        alike.setdefault(_looks(page, case), []).append(case)
    for number, (looks, cases) in enumerate(alike.items(), 1):
        # What else differs is known by name only, and may differ in another way there.
        twin = None if cases[0].rest else page.shown.get(looks)
        difference = RequestDifference(
            anchor=f"{anchor}-difference-{number}",
            prompt=prompt.id,
            cases=tuple(cases),
            messages=() if twin else tuple(_messages(page, cases[0])),
            twin=twin,
        )
        page.shown.setdefault(looks, difference)
        yield difference


def _looks(page: _PageBudget, case: CaseDiff) -> object:
    """Equal for cases whose differences look the same, whatever is folded away."""
    return (
        case.rest,
        case.verdicts,
        case.before_error,
        case.after_error,
        tuple(_looks_of_pair(page, pair) for pair in case.shown if pair.differs),
    )


def _looks_of_pair(page: _PageBudget, pair: SeenPair) -> object:
    before, after = _text(pair.before), _text(pair.after)
    compared = page.compare(before, after)
    rows = tuple(_looks_of_row(row) for row in compared.rows if isinstance(row, DiffRow))
    roles = tuple(seen.role if seen else None for seen in (pair.before, pair.after))
    return roles, rows, (before, after) if compared.left_out else None


def _looks_of_row(row: DiffRow) -> object:
    return tuple(line and line.pieces for line in (row.before, row.after)), row.ends


def _messages(page: _PageBudget, case: CaseDiff) -> Iterator[MessageView]:
    for number, pair in enumerate(case.shown, 1):
        compared = page.show(_text(pair.before), _text(pair.after))
        yield MessageView(number, pair, compared)


def _text(seen: Seen | None) -> str:
    return seen.text if seen else ""
