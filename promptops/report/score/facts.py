"""The wording of scored samples in all formats, without any markup, and names of groups."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from promptops.model.score import AssertionRate, Dimension, Score, ScoreGroup
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record
from promptops.report.parts.visible import visible, visible_path
from promptops.report.score.figures import held, percent
from promptops.report.test.facts import cost, short

ALL = "--format json=FILE"
"""The option with which the same run would show all of it: another run may call a model."""

_TINY = 10  # a group with so many times fewer samples than the mean shows little

_RateOfGroup = tuple[AssertionRate, ScoreGroup]


def summary(score: Score) -> str:
    """The last line: `1 alert · 3 prompts, 12 groups · 9,800 of 10,000 samples scored`."""
    if not score.groups:
        return nothing(score)
    parts = [*verdict(score), _counts(score), scored(score), spent(score)]
    return " · ".join(filter(None, parts))


def verdict(score: Score) -> list[str]:
    """`1 alert`, `2 alerts without a value`, or `no alert`; empty without alerts to evaluate."""
    raised, missing = len(score.alerts), score.alerts_without_value
    if not raised and not missing:
        return ["no alert"] if score.quiet else []
    found = [counted(raised, "alert")] if raised else []
    words = "1 alert without a value" if missing == 1 else f"{missing:,} alerts without a value"
    return [*found, words] if missing else found


def nothing(score: Score) -> str:
    """Why nothing was scored."""
    return "nothing scored" + (f", {visible(score.nothing)}" if score.nothing else "")


def _counts(score: Score) -> str:
    groups = counted(len(score.groups), "group")
    prompts = len({group.by.get("prompt") for group in score.groups})
    return f"{counted(prompts, 'prompt')}, {groups}" if "prompt" in score.by else groups


def scored(score: Score) -> str:
    """How many samples count: `9,800 of 10,000 samples scored`."""
    found = score.samples
    if found.scored == found.sampled:
        return f"{counted(found.scored, 'sample')} scored"
    return f"{found.scored:,} of {counted(found.sampled, 'sample')} scored"


def spent(score: Score) -> str:
    """The cost of calls to judges, or ""."""
    if not score.judged:
        return ""
    judged = f"{counted(score.judged, 'sample')} judged"
    return f"{judged}, {cost(score.cost_usd)}" if cost(score.cost_usd) else judged


def production_cost(score: Score) -> str:
    """What the samples cost in production; "" if that is unknown."""
    known = [group.cost_usd for group in score.groups if group.cost_usd is not None]
    return cost(sum(known))


def period(score: Score) -> str:
    """The first and the last day or hour of the groups; "" if they have no time."""
    dimension = time_dimension(score)
    if dimension is None:
        return ""
    times = sorted(group.by[dimension] for group in score.groups if group.by[dimension])
    return " – ".join(dict.fromkeys(map(short, (*times[:1], *times[-1:]))))


def violated(section: Section) -> Iterator[str]:
    """Each assertion that does not always hold, over all groups, with the group that is worst.

    Such as `contains (prompts/ask.prompt.yaml:12:5): 950 of 1,000 hold, 95%; lowest: 1.8.0 · beta,
    80% [70.1, 87.2]`.
    """
    found: dict[tuple[str, str], list[_RateOfGroup]] = {}
    for group in section.groups:
        for each in group.assertions:
            found.setdefault((str(each.place), each.type), []).append((each, group))
    for (place, kind), every in found.items():
        kept, n = sum(each.held for each, _ in every), sum(each.n for each, _ in every)
        if kept < n:
            yield f"{short(kind)} ({visible_path(place)}): {_held(section, every, kept, n)}"


def _held(section: Section, every: Sequence[_RateOfGroup], kept: int, n: int) -> str:
    counts = f"{kept:,} of {n:,} hold"
    if len(every) == 1:
        return f"{counts}, {held(every[0][0])}"
    least = n / len(every) / _TINY
    worst, group = min((each for each in every if each[0].n >= least), key=_rate)
    lowest = f"lowest: {group_name(group.by, ('prompt', *section.shared))}, {held(worst)}"
    return f"{counts}, {percent(100 * kept / n)}; {lowest}"


def _rate(found: _RateOfGroup) -> float:
    return found[0].held / found[0].n


# Names of groups, and the groups of each prompt.

SEPARATOR = " · "
EVERY_PROMPT = "all prompts"

_NUMBER = lazy_pattern(r"(\d{1,18})", re.ASCII)
_TIMES: tuple[Dimension, ...] = ("hour", "day")


@record(frozen=True, slots=True, kw_only=True)
class Section:
    """The groups of one prompt, or all groups if prompts are not separated.

    Attributes:
        prompt: The id; "" for all prompts.
        groups: By the values of their dimensions; version 1.9.0 comes before 1.10.0.
        shared: The values that all groups have in common, besides the prompt.
        varying: The other dimensions.
    """

    prompt: str
    groups: tuple[ScoreGroup, ...]
    shared: Mapping[Dimension, str]
    varying: tuple[Dimension, ...]

    @property
    def title(self) -> str:
        """Safe to print: `support/triage · production`."""
        values = (short(value) for value in self.shared.values() if value)
        return SEPARATOR.join([short(self.prompt) or EVERY_PROMPT, *values])

    def latest(self, number: int) -> tuple[ScoreGroup, ...]:
        """So many groups with the latest times, in their order."""
        by_time = sorted(range(len(self.groups)), key=lambda index: _time(self.groups[index]))
        return tuple(self.groups[index] for index in sorted(by_time[-number:]))


def time_dimension(score: Score) -> Dimension | None:
    """The finer one of the dimensions with a time; None if groups have no time."""
    return next((each for each in _TIMES if each in score.by), None)


def sections(score: Score) -> tuple[Section, ...]:
    """A section for each prompt, in the order of the groups."""
    found: dict[str, list[ScoreGroup]] = {}
    for group in score.groups:
        found.setdefault(group.by.get("prompt", ""), []).append(group)
    return tuple(
        _section(prompt, tuple(sorted(groups, key=_order))) for prompt, groups in found.items()
    )


def _section(prompt: str, groups: tuple[ScoreGroup, ...]) -> Section:
    dimensions = [each for each in groups[0].by if each != "prompt"]
    first = groups[0].by
    shared = [each for each in dimensions if all(g.by[each] == first[each] for g in groups)]
    return Section(
        prompt=prompt,
        groups=groups,
        shared={each: first[each] for each in shared},
        varying=tuple(each for each in dimensions if each not in shared),
    )


def _order(group: ScoreGroup) -> tuple[tuple[str | int, ...], ...]:
    return tuple(
        _by_numbers(value) if dimension in ("version", "release") else (value,)
        for dimension, value in group.by.items()
    )


def _by_numbers(text: str) -> tuple[str | int, ...]:
    """Texts and numbers in turn, so that `1.9.0` comes before `1.10.0`."""
    parts = _NUMBER.split(text)
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))


def _time(group: ScoreGroup) -> str:
    return max((group.by.get(each, "") for each in _TIMES), default="")


def group_name(by: Mapping[Dimension, str], without: Collection[Dimension] = ()) -> str:
    """The values of a group: `support/triage · 1.8.0 · no channel · 2026-11-27`."""
    return SEPARATOR.join(
        short(value) or f"no {dimension}"
        for dimension, value in by.items()
        if dimension not in without
    )
