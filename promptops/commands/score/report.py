"""Scored samples in words and figures; the columns are those of every format, pages too."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from promptops.evals.deciding.decision import in_points
from promptops.model.config import AlertRule
from promptops.model.report import Style, plain
from promptops.model.score import (
    UNNAMED,
    AgainstVersion,
    Alert,
    AssertionRate,
    Dimension,
    LeftOutAssertion,
    ResponseTime,
    SampleCounts,
    Score,
    ScoreGroup,
    ScoreMean,
    Share,
    WrittenCases,
)
from promptops.patterns import lazy_pattern
from promptops.plurals import and_more, counted, some, usd
from promptops.records import record
from promptops.report.document import LIMIT, more
from promptops.report.markdown_text import code, escape, fitting, shown_sentence
from promptops.report.test.facts import NONE, UNKNOWN, cost, cost_1000, seconds, short, tokens
from promptops.report.visible import visible, visible_line, visible_path

_SECONDS = ("p50", "p95")
_COST = "cost_1000"


def share(found: Share) -> str:
    """With its interval, `98.1% [97.0, 98.8]`; `-` without samples."""
    return rate(found.count, found.n, found.low, found.high)


def held(found: AssertionRate) -> str:
    """How often an assertion holds: `98.1% [97.0, 98.8]`; `-` without samples."""
    return rate(found.held, found.n, found.low, found.high)


def rate(count: int, n: int, low: float | None, high: float | None) -> str:
    """A share of n samples; `-` for n = 0."""
    if not n:
        return NONE
    bounds = f" [{100 * low:.1f}, {100 * high:.1f}]" if low is not None and high is not None else ""
    return f"{percent(100 * count / n)}{bounds}"


def rare(found: Share) -> str:
    """A share that should be small, without its interval: `0.4%`; `-` without samples."""
    return NONE if found.value is None else percent(100 * found.value)


def percent(number: float) -> str:
    """One decimal; two significant digits of a small one, so that it does not look like 0.

    Below 100, it is at most 99.9%.
    """
    if number <= 0:
        return "0%"
    number = min(number, 99.9) if number < 100 else number
    return f"{number:.2g}%" if number < 0.1 else f"{number:.1f}".removesuffix(".0") + "%"


def score(found: ScoreMean) -> str:
    """In points with its interval: `91.2 [90.1, 92.4]`."""
    return f"{100 * found.mean:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def cost_of(group: ScoreGroup) -> str:
    """USD for 1,000 requests, beside the budget if there is one: `0.41 of 0.5`."""
    if group.cost_usd_1000 is None:
        return UNKNOWN
    shown = cost_1000(group.cost_usd_1000)
    budget = group.budget_usd_1000
    return shown if budget is None else f"{shown} of {cost_1000(budget)}"


def spent_by(amount: float | None) -> str:
    """What all samples of a group cost: `$0.42`."""
    if amount is None:
        return UNKNOWN
    return (
        f"${amount:,.2f}" if amount >= 1 else f"${float(f'{amount:.2g}'):f}".rstrip("0").rstrip(".")
    )


def latency(found: ResponseTime | None) -> str:
    """The median and the 95th percentile: `0.8/2.1 s`."""
    return NONE if found is None else f"{seconds(found.p50)}/{seconds(found.p95)} s"


def against(found: AgainstVersion | None) -> str:
    """The difference to the version before: `contracts -5.2 [-7.9, -2.4] from 1.7.0: worse`.

    Only a certain one is called better or worse.
    """
    if found is None:
        return ""
    points = in_points(found.difference, found.low, found.high)
    verdict = (": worse" if found.difference < 0 else ": better") if found.certain else ""
    return f"{short(found.metric)} {points} from {short(found.version)}{verdict}"


def of_metric(metric: str, number: float) -> str:
    """A value of an alert in the unit of its metric: `94.2%`, `4.6 s`, `$4.12`."""
    if metric in _SECONDS:
        return f"{number:.3g} s"
    return usd(number) if metric == _COST else percent(number)


def exact(metric: str, number: float) -> str:
    """The same with six digits."""
    if metric in _SECONDS:
        return f"{number:.6g} s"
    return f"${number:.6g}" if metric == _COST else f"{number:.6g}%"


def threshold_of(metric: str, threshold: float, *, below: bool) -> str:
    """The limit of an alert: `below 98%`."""
    return f"{'below' if below else 'above'} {exact(metric, threshold)}"


# The table of groups: a row for each group, without columns that are empty.


@record(frozen=True, slots=True)
class Column:
    """A column; `is_number` if its cells are aligned at the right."""

    title: str
    cells: tuple[str, ...]
    is_number: bool = True


def columns(groups: Sequence[ScoreGroup], dimensions: Sequence[Dimension]) -> tuple[Column, ...]:
    """The columns for these dimensions, then those of the figures; cells are safe to print."""
    every = [
        Column(each, tuple(short(group.by.get(each, "")) or NONE for group in groups), False)
        for each in dimensions
    ]
    every += _figures(groups)
    return tuple(column for column in every if set(column.cells) - {"", NONE, UNKNOWN})


def _figures(groups: Sequence[ScoreGroup]) -> Iterator[Column]:
    def column(title: str, cell: Callable[[ScoreGroup], str]) -> Column:
        return Column(title, tuple(map(cell, groups)))

    yield column("samples", lambda group: f"{group.n:,}")
    yield column("contracts", lambda group: share(group.contracts))
    for name in dict.fromkeys(each.name for group in groups for each in group.scores):
        yield Column(short(name), tuple(_score(group, name) for group in groups))
    yield column("refusals", lambda group: rare(group.refusals))
    yield column("errors", lambda group: rare(group.errors))
    yield column("tokens", lambda group: tokens(group.tokens))
    yield column("cost", lambda group: spent_by(group.cost_usd))
    yield column("$/1,000", cost_of)
    yield column("p50/p95", lambda group: latency(group.latency_s))
    yield column("change", lambda group: against(group.against))


def _score(group: ScoreGroup, name: str) -> str:
    found = next((each for each in group.scores if each.name == name), None)
    return NONE if found is None else score(found)


# The wording of scored samples in all formats, without any markup, and names of groups.

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


# Alerts and notes about scored samples as sentences, without any markup.

_DOUBTFUL_SHOWN = 5
_MISSING_SHOWN = 20


def raised(alert: Alert) -> str:
    """What is wrong, and how sure it is.

    Such as `contracts 92.1% of 1,200 samples, at most 94.2%: below the limit of 98%`.
    """
    side, end = ("at most", "below") if alert.below else ("at least", "above")
    the_limit = exact(alert.metric, alert.threshold)
    return f"{_value(alert)}, {side} {_bound(alert)}: {end} the limit of {the_limit}"


def doubtful(score: Score) -> Iterator[str]:
    """Groups beyond a limit, which may be chance; those with the most samples first."""
    beyond = [
        alert
        for alert in score.quiet
        if alert.n
        and (alert.value < alert.threshold if alert.below else alert.value > alert.threshold)
    ]
    beyond.sort(key=lambda alert: -alert.n)
    for alert in beyond[:_DOUBTFUL_SHOWN]:
        found = f"{group_name(alert.by)}: {_value(alert)} is {limit(alert)}"
        known = alert.raised_from is not None
        more = f": with so many samples, an alert is raised {_edge(alert)}" if known else ""
        yield f"{found}, but this may be chance{more}"
    if beyond[_DOUBTFUL_SHOWN:]:
        yield and_more(len(beyond) - _DOUBTFUL_SHOWN, "group")


def quiet(score: Score) -> Iterator[str]:
    """For each rule the groups without an alert, and what the smallest of them would show.

    Such as `contracts below 98%: 12 groups; the smallest, 240 samples, would raise it below
    94.2%`.
    """
    for rule, alerts in _by_rule(score.quiet).items():
        yield f"{rule}: {counted(len(alerts), 'group')}{_sensitivity(alerts)}"


def idle(score: Score) -> Iterator[str]:
    """Optional rules that no sample has a value for."""
    yield from (_idle(rule, score) for rule in score.idle if rule.optional)


def without_value(score: Score) -> Iterator[str]:
    """Rules that see nothing, so that the run fails: `p95 above 4 s: no sample has a value for it`.

    Also for one group: `ask · 1.8.0: contracts below 98%: all samples ended with an error (240)`.
    """
    yield from (_idle(rule, score) for rule in score.idle if not rule.optional)
    for each in score.without_value[:_MISSING_SHOWN]:
        the_limit = threshold_of(each.metric, each.threshold, below=each.below)
        where = f"{group_name(each.by)}: " if each.by else ""
        yield f"{where}{short(each.metric)} {the_limit}: {each.why} ({each.n:,})"
    if score.without_value[_MISSING_SHOWN:]:
        yield and_more(len(score.without_value) - _MISSING_SHOWN, "group")


def _idle(rule: AlertRule, score: Score) -> str:
    shown = threshold_of(rule.metric, rule.threshold, below=rule.below is not None)
    whose = f" of {', '.join(map(short, rule.prompts))}" if rule.prompts else ""
    why = f"no sample{whose} has a value for it"
    if rule.prompts and "prompt" not in score.by:
        why = "it is for some prompts, and groups have no prompt: add `prompt` to --by"
    return f"{short(rule.metric)} {shown}: {why}"


def limit(alert: Alert) -> str:
    """The limit: `below 98%`."""
    return threshold_of(alert.metric, alert.threshold, below=alert.below)


def _bound(alert: Alert) -> str:
    """With more digits if it would look like the limit."""
    bound = alert.bound if alert.bound is not None else alert.value
    shown = of_metric(alert.metric, bound)
    is_like_limit = shown == of_metric(alert.metric, alert.threshold)
    return exact(alert.metric, bound) if is_like_limit else shown


def _value(alert: Alert) -> str:
    number = of_metric(alert.metric, alert.value)
    return f"{short(alert.metric)} {number} of {counted(alert.n, 'sample')}"


def _by_rule(alerts: Iterable[Alert]) -> dict[str, list[Alert]]:
    found: dict[str, list[Alert]] = {}
    for alert in alerts:
        found.setdefault(f"{short(alert.metric)} {limit(alert)}", []).append(alert)
    return found


def _sensitivity(alerts: Sequence[Alert]) -> str:
    """From which value on the smallest group would raise it, if that is known."""
    known = [alert for alert in alerts if alert.raised_from is not None]
    if not known:
        return ""
    smallest = min(known, key=lambda alert: alert.n)
    size = counted(smallest.n, "sample")
    which = f"the smallest, {size}," if len(alerts) > 1 else size
    return f"; {which} would raise it {_edge(smallest)}"


def _edge(alert: Alert) -> str:
    side = "below" if alert.below else "above"
    return f"{side} {of_metric(alert.metric, alert.raised_from or 0.0)}"


# Notes about scored samples besides their figures, without any markup.

_TYPES_SHOWN = 8


def notes(score: Score) -> Iterator[tuple[str, str]]:
    """A label and a sentence for each."""
    yield from _read(score.samples)
    yield from _joined(score)
    for line in left_out(score):
        yield "not checked", line
    for line in unscorable(score):
        yield "can't be checked", line
    few = [group for group in score.groups if group.few_conversations]
    if few:
        yield "wide intervals", _few_conversations(few)
    if score.cases is not None:
        yield "cases", cases(score.cases)
        if score.cases.written:
            add = f"`- file: ./{visible_path(PurePath(score.cases.file).name)}`"
            use = f"move the file next to the prompt, add {add} to its `tests`"
            yield "hint", f"read and name the cases, {use}, and run `promptops test --record`"
    elif score.alerts:
        yield "hint", "to write failing samples as test cases: `--to-cases new.cases.yaml`"
    if any(not rule.optional for rule in score.idle):
        yield "hint", "`optional = true` in [[score.alerts]] accepts that samples lack a value"
    if score.unwatched:
        yield "hint", "no alert is about the answers: add `--alert 'contracts<98'`, or a score"
    if score.nothing_to_judge:
        yield "judges", "no scored answer has an assertion with a judge: --judge has no effect"
    if score.unanswered:
        yield "judges", f"{counted(score.unanswered, 'request')} without an answer"
    for reason, count in score.no_verdict.items():
        yield "judges", f"{counted(count, 'verdict')} missing: {visible(reason)}"
    if score.ended:
        yield "ended early", visible(score.ended)


def _read(found: SampleCounts) -> Iterator[tuple[str, str]]:
    if found.repeated:
        many = counted(found.repeated, "sample")
        yield "repeated", f"{many} with the id of an earlier one: each id counts once"
    if found.sampled != found.read - found.repeated:
        yield "sampled", f"{found.sampled:,} of {counted(found.read - found.repeated, 'sample')}"
    for kind, count in found.ignored.items():
        yield "ignored", f"{counted(count, short(kind))} without a request to a model"
    for key, nearest in found.similar_keys.items():
        yield "unknown key", f"`{short(key)}`, did you mean `{short(nearest)}`?"


def _joined(score: Score) -> Iterator[tuple[str, str]]:
    found = score.samples
    if answers(found):
        yield "answers", answers(found)
    if found.unjoined_samples:
        yield "not joined", unjoined(found)
        yield from (("hint", each) for each in _how_to_join(found))
    if found.by_id_only:
        yield "joined by id only", f"{counted(found.by_id_only, 'sample')} without a version"
    if found.altered:
        many = counted(found.altered, "sample")
        yield "altered", f"{many} of a prompt that differs from its release"
    if found.without_answer:
        many = counted(found.without_answer, "sample")
        yield "not checked", f"{many} whose answer was not recorded"
        yield "hint", "traces have content only if the application records it: `content=True`"
    if found.without_cost:
        many = counted(found.without_cost, "sample")
        yield "cost unknown", f"{many} without a cost, or without usage and a price"


def answers(found: SampleCounts) -> str:
    """The forms of the answers: `12 text, 3 JSON, 5 unwrapped from messages`; "" without any."""
    forms = {
        "text": found.text_answers,
        "JSON": found.json_answers,
        "unwrapped from messages or responses": found.unwrapped_answers,
    }
    return ", ".join(f"{count:,} {form}" for form, count in forms.items() if count)


def _few_conversations(groups: Sequence[ScoreGroup]) -> str:
    largest = max(groups, key=lambda group: group.n)
    figure = share(largest.contracts) if largest.contracts.n else ""
    named = ", ".join(filter(None, (group_name(largest.by) if largest.by else "", figure)))
    which = "this figure" if len(groups) == 1 else f"the figures of {counted(len(groups), 'group')}"
    example = "" if len(groups) == 1 else "the largest: "
    return f"few conversations make up {which}{f': {example}{named}' if named else ''}"


def _how_to_join(found: SampleCounts) -> Iterator[str]:
    unnamed = [name.startswith(UNNAMED) for name in found.unjoined]  # a release may follow
    if any(unnamed):
        yield "name the prompt of each request: `promptops.traced`, or `request.attributes()`"
    if not all(unnamed):
        yield (
            "`promptops list` shows the prompts;"
            " releases are known by their tags: `git fetch --tags`"
        )


def broken(score: Score) -> Iterator[str]:
    """Lines that can't be read, then bugs of promptops."""
    yield from unreadable(score)
    yield from map(visible, score.failed)


def unreadable(score: Score) -> Iterator[str]:
    """The first lines that can't be read, and the number of the others."""
    found = score.samples
    for each in found.broken:
        yield f"{visible_path(str(each.place))}: {visible(each.message)}"
    rest = found.broken_lines - len(found.broken)
    if rest:
        yield f"{counted(rest, 'more line')} can't be read"


def cases(found: WrittenCases) -> str:
    """What `--to-cases` wrote, and what it left out."""
    if found.written:
        written = f"{counted(found.written, 'case')} written to {visible_path(found.file)}"
    else:
        why = "" if found.skipped else ": no sample fails an assertion and has inputs"
        written = f"none written{why}"
    skipped = f"{counted(found.skipped, 'sample')} with too much personal data skipped"
    return f"{written}; {skipped}" if found.skipped else written


def unjoined(found: SampleCounts) -> str:
    """Samples of unknown prompts by name: `240 samples: support/old 1.2.0 (200), x (40)`."""
    names = [f"{short(name)} ({count:,})" for name, count in found.unjoined.items()]
    rest = found.unjoined_samples - sum(found.unjoined.values())
    more = [f"{rest:,} of other names"] if rest else []
    return f"{counted(found.unjoined_samples, 'sample')}: {', '.join([*names, *more])}"


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


# For a person at a terminal: a table for each prompt, alerts, then a summary line.

_ROWS = 20


def write_text(score: Score, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """The whole text.

    Args:
        figures: Show every group, and every assertion of each.
    """
    return "".join(f"{line}\n" for line in _lines(score, style, figures=figures))


def _lines(score: Score, style: Style, *, figures: bool) -> Iterator[str]:
    for section in sections(score):
        yield style("path", visible_path(section.title))
        yield from _text_table(section, style, figures=figures)
        yield from _assertions(section) if figures else (f"  {line}" for line in violated(section))
        yield ""
    for role, label, line in _remarks(score):
        yield f"{style(role, label)}: {line}"
    yield style("summary", visible_line(summary(score)))


def _text_table(section: Section, style: Style, *, figures: bool) -> Iterator[str]:
    shown = section.groups if figures else section.latest(_ROWS)
    earlier = len(section.groups) - len(shown)
    if earlier:
        yield f"  {counted(earlier, 'earlier group')}: -v shows all"
    padded = map(_padded, columns(shown, section.varying))
    header, *rows = (f"  {'  '.join(row)}".rstrip() for row in zip(*padded, strict=True))
    yield style("note", header)
    yield from rows


def _assertions(section: Section) -> Iterator[str]:
    for group in section.groups:
        name = group_name(group.by, ("prompt", *section.shared))
        for each in group.assertions:
            where = visible_path(str(each.place))
            prefix = f"{name}: " if name else ""
            yield f"  {prefix}{short(each.type)} ({where}): {held(each)} of {each.n:,}"


def _remarks(score: Score) -> Iterator[tuple[str, str, str]]:
    """A role, a label, and a sentence for each; the alerts last."""
    yield from (("warning", "warning", line) for line in unreadable(score))
    yield from (("error", "error", visible(bug)) for bug in score.failed)
    yield from (("note", label, line) for label, line in notes(score))
    yield from (("note", "alert without effect", line) for line in idle(score))
    yield from (("note", "no alert", line) for line in quiet(score))
    yield from (("warning", "not certain", line) for line in doubtful(score))
    yield from (("error", "alert without a value", line) for line in without_value(score))
    for alert in score.alerts:
        name = group_name(alert.by)
        yield "error", "alert", f"{name}: {raised(alert)}" if name else raised(alert)


def _padded(column: Column) -> list[str]:
    """The title and the cells, all of the same width."""
    cells = [column.title, *column.cells]
    width = max(map(len, cells))
    return [cell.rjust(width) if column.is_number else cell.ljust(width) for cell in cells]


# For an issue or a comment: the alerts, then a table for each prompt, then what is left out.

MARKER = "<!-- promptops score -->"
"""Identifies the comment, so that it is updated and not repeated."""

_RESERVED = 2_000  # for the notes on omitted parts
_ROOM_FOR_NOTES = 12_000
_ALERTS = 50


def write_markdown(score: Score, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = f"{MARKER}\n**Production**: {shown_sentence(summary(score))}\n{_alerts(score)}"
    lines = "".join(fitting(_ROOM_FOR_NOTES, map(_item, _notes(score))))
    remarks = f"\n<details><summary>Notes</summary>\n\n{lines}\n</details>\n" if lines else ""
    room = LIMIT - _RESERVED - len(head) - len(remarks)
    every = sections(score)
    tables = list(fitting(room, map(_table, every)))
    rest = more(len(every) - len(tables), "prompt", ALL)
    return "".join([head, *tables, rest, remarks])


def _alerts(score: Score) -> str:
    lines = []
    for alert in score.alerts[:_ALERTS]:
        name = f"**{escape(group_name(alert.by))}**: " if group_name(alert.by) else ""
        lines.append(f"- {name}{shown_sentence(raised(alert))}\n")
    rest = and_more(len(score.alerts) - _ALERTS, "alert")
    lines += [f"- {rest}: {code(ALL)}\n"] if rest else []
    lines += [_item(f"alert without a value: {line}") for line in without_value(score)]
    return f"\n{''.join(lines)}" if lines else ""


def _table(section: Section) -> str:
    found = columns(section.latest(_ROWS), section.varying)
    rows = [
        [escape(column.title) for column in found],
        ["--:" if column.is_number else "---" for column in found],
        *(map(escape, row) for row in zip(*(column.cells for column in found), strict=True)),
    ]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    number = len(section.groups) - _ROWS
    earlier = f"\n{counted(number, 'earlier group')}: {code(ALL)}\n" if number > 0 else ""
    lines = "".join(map(_item, violated(section)))
    below = f"\n{lines}" if lines else ""
    return f"\n**{code(section.title)}**\n{earlier}\n{table}{below}"


def _notes(score: Score) -> list[str]:
    return [
        *broken(score),
        *(f"{label}: {line}" for label, line in notes(score)),
        *(f"alert without effect: {line}" for line in idle(score)),
        *(f"no alert: {line}" for line in quiet(score)),
        *(f"not certain: {line}" for line in doubtful(score)),
    ]


def _item(line: str) -> str:
    return f"- {shown_sentence(line)}\n"
