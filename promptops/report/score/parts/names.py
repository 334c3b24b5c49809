"""Names of groups, and the groups of each prompt."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from promptops.model.score import Dimension, Score, ScoreGroup
from promptops.records import record
from promptops.report.test.parts.facts import short

SEPARATOR = " · "
EVERY_PROMPT = "all prompts"


@record(frozen=True, slots=True, kw_only=True)
class Section:
    """The groups of one prompt, or all groups if prompts are not separated.

    Attributes:
        prompt: The id; "" for all prompts.
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


def sections(score: Score) -> tuple[Section, ...]:
    """A section for each prompt, in the order of the groups."""
    found: dict[str, list[ScoreGroup]] = {}
    for group in score.groups:
        found.setdefault(group.by.get("prompt", ""), []).append(group)
    return tuple(_section(prompt, tuple(groups)) for prompt, groups in found.items())


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


def group_name(by: Mapping[Dimension, str], without: Collection[Dimension] = ()) -> str:
    """The values of a group: `support/triage · 1.8.0 · no channel · 2026-11-27`."""
    return SEPARATOR.join(
        short(value) or f"no {dimension}"
        for dimension, value in by.items()
        if dimension not in without
    )
