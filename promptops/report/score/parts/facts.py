"""The wording of scored samples in all formats, without any markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.score import Score
from promptops.model.score_group import AssertionRate, ScoreGroup
from promptops.plurals import counted
from promptops.report.parts.visible import visible, visible_path
from promptops.report.score.parts.figures import held, percent
from promptops.report.score.parts.names import Section, group_name, time_dimension
from promptops.report.test.parts.facts import cost, short

ALL = "--format json=FILE"
"""The option with which the same run would show all of it: another run may call a model."""

_TINY = 10  # a group with so many times fewer samples than the mean shows little

_RateOfGroup = tuple[AssertionRate, ScoreGroup]


def summary(score: Score) -> str:
    """The last line: `1 alert · 3 prompts, 12 groups · 9,800 of 10,000 samples scored`."""
    if not score.groups:
        return nothing(score)
    parts = [*verdict(score), _counts(score), scored(score)]
    parts += [spent(score)]
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
