"""Names of groups, and the groups of each prompt."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from promptops.model.score import Score
from promptops.model.score_group import Dimension, ScoreGroup
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.report.test.parts.facts import short

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
