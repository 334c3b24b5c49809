"""The views that the page of a diff shows, in the order of its template."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

from promptops.model.change import ABSENT, CaseDiff, Change, DiffReport, PromptDiff, Seen, SeenPair
from promptops.records import field, record, replace
from promptops.report.diff.page.rows import Compared, DiffRow, compare, height, not_compared
from promptops.report.diff.parts.distinct import DistinctPrompt, distinct_prompts
from promptops.report.diff.parts.facts import label, worst_first
from promptops.report.parts.json_text import json_data

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
    """One prompt in full, then those with the same changes."""
    twins = each.also if _is_explained(each.prompt) else ()
    first = replace(_prompt_view(page, next(anchors), each.prompt), also=twins)
    yield first
    for prompt in each.also:
        anchor = next(anchors)
        yield _twin_view(anchor, prompt, first) if twins else _prompt_view(page, anchor, prompt)


def _is_explained(prompt: PromptDiff) -> bool:
    """Whether changes contain the values of fields that cases only name, such as `model`."""
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
            self.compared[before, after] = self._compare(before, after)
        return self.compared[before, after]

    def _compare(self, before: str, after: str) -> Compared:
        self.to_compare -= len(before) + len(after)
        return compare(before, after) if self.to_compare >= 0 else not_compared(before, after)

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
    rows = tuple(_appearance_of_row(row) for row in compared.rows if isinstance(row, DiffRow))
    roles = tuple(seen.role if seen else None for seen in (pair.before, pair.after))
    return roles, rows, (before, after) if compared.left_out else None


def _appearance_of_row(row: DiffRow) -> object:
    return tuple(line and line.pieces for line in (row.before, row.after)), row.ends


def _messages(page: _PageBudget, case: CaseDiff) -> Iterator[MessageView]:
    for number, pair in enumerate(case.pairs, 1):
        compared = page.show(_text(pair.before), _text(pair.after))
        yield MessageView(number, pair, compared)


def _text(seen: Seen | None) -> str:
    return seen.text if seen else ""
