"""The wording of scored samples in all formats, without any markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.score import (
    AssertionRate,
    LeftOutAssertion,
    Score,
    ScoreGroup,
    WrittenCases,
)
from promptops.plurals import counted, some
from promptops.report.parts.visible import visible, visible_path
from promptops.report.score.parts.figures import held
from promptops.report.score.parts.names import Section, group_name, time_dimension
from promptops.report.test.parts.facts import cost, rounded_down, short

ALL = "promptops score --format json"

_TYPES_SHOWN = 8
_TINY = 10  # a group with so many times fewer samples than the mean shows little

_RateOfGroup = tuple[AssertionRate, ScoreGroup]


def summary(score: Score) -> str:
    """The last line: `1 alert · 3 prompts, 12 groups · 9,800 of 10,000 samples scored`."""
    if not score.groups:
        return nothing(score)
    raised = len(score.alerts)
    alerts = counted(raised, "alert") if raised else "no alert"
    parts = [alerts if raised or score.quiet else "", _counts(score), scored(score)]
    parts += [spent(score)]
    return " · ".join(filter(None, parts))


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


def notes(score: Score) -> Iterator[tuple[str, str]]:
    """What is to know besides the figures: a label, and a sentence."""
    found = score.samples
    if found.sampled != found.read:
        yield "sampled", f"{found.sampled:,} of {counted(found.read, 'sample')}"
    for kind, count in found.ignored.items():
        yield "ignored", f"{counted(count, short(kind))} without a request to a model"
    for key, nearest in found.similar_keys.items():
        yield "unknown key", f"`{short(key)}`, did you mean `{short(nearest)}`?"
    if found.unjoined_samples:
        yield "not joined", unjoined(score)
        if not found.scored:
            yield "hint", "releases are known by their tags: `git fetch --tags`"
    if found.by_id_only:
        yield "joined by id only", f"{counted(found.by_id_only, 'sample')} without a version"
    if found.altered:
        many = counted(found.altered, "sample")
        yield "altered", f"{many} of a prompt that differs from its release"
    if found.without_cost:
        many = counted(found.without_cost, "sample")
        yield "cost unknown", f"{many} without a cost, or without usage and a price"
    for line in left_out(score):
        yield "not checked", line
    for line in unscorable(score):
        yield "can't be checked", line
    if score.cases is not None:
        yield "cases", cases(score.cases)
    if score.unanswered:
        yield "judges", f"{counted(score.unanswered, 'request')} without an answer"
    if score.ended:
        yield "ended early", visible(score.ended)


def cases(found: WrittenCases) -> str:
    """What `--to-cases` wrote, and what it left out."""
    skipped = f"; {counted(found.skipped, 'sample')} with too much personal data skipped"
    written = f"{counted(found.written, 'case')} written to {visible_path(found.file)}"
    if not found.written:
        why = "" if found.skipped else ": no sample fails an assertion and has inputs"
        written = f"none written{why}"
    return written + (skipped if found.skipped else "")


def unjoined(score: Score) -> str:
    """Samples of unknown prompts by name: `240 samples: support/old 1.2.0 (200), x (40)`."""
    found = score.samples
    names = [f"{short(name)} ({count:,})" for name, count in found.unjoined.items()]
    rest = found.unjoined_samples - sum(found.unjoined.values())
    more = [f"{rest:,} of other names"] if rest else []
    return f"{counted(found.unjoined_samples, 'sample')}: {', '.join([*names, *more])}"


def broken(score: Score) -> Iterator[str]:
    """The first lines that can't be read, the number of the others, and bugs of promptops."""
    found = score.samples
    for each in found.broken:
        where = f"{visible_path(each.path)}:{each.line}:{each.column}"
        yield f"{where}: {visible(each.message)}"
    rest = found.broken_lines - len(found.broken)
    if rest:
        yield f"{counted(rest, 'more line')} can't be read"
    yield from map(visible, score.failed)


def left_out(score: Score) -> Iterator[str]:
    """Assertions that are not checked: `support/triage: needs "expected": equals, similar`."""
    found: dict[tuple[str, str], list[LeftOutAssertion]] = {}
    for each in score.left_out:
        found.setdefault((each.prompt, each.why), []).append(each)
    for (prompt, why), every in found.items():
        types = list(dict.fromkeys(short(each.type) for each in every))
        yield f"{short(prompt)}: {some(types, _TYPES_SHOWN)}: {visible(why)}"


def unscorable(score: Score) -> Iterator[str]:
    """Assertions that look at what samples lack: `support/triage: no-leak: 40 of 100 samples`.

    Those that are left out anyway are not listed again.
    """
    left_out = {(each.prompt, each.type) for each in score.left_out}
    counts: dict[tuple[str, str], list[int]] = {}
    for group in score.groups:
        for each in group.assertions:
            key = group.by.get("prompt", ""), each.type
            if (each.n or each.unscorable) and key not in left_out:
                both = counts.setdefault(key, [0, 0])
                both[0] += each.unscorable
                both[1] += each.n + each.unscorable
    for (prompt, kind), (without, of) in counts.items():
        if without:
            name = f"{short(prompt)}: " if prompt else ""
            yield f"{name}{short(kind)}: {without:,} of {counted(of, 'sample')}"


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
    return f"{counts}, {rounded_down(kept, n)}; {lowest}"


def _rate(found: _RateOfGroup) -> float:
    return found[0].held / found[0].n
