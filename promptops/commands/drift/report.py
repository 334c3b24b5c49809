"""A night of `drift` in words: for a terminal, and for an issue."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator

from promptops.model.night import (
    LEARNING_NIGHTS,
    NOTES_REF,
    SIGNALS,
    Chart,
    Drift,
    Night,
    NightVerdict,
    ProfileDrift,
    PromptDrift,
    Visible,
)
from promptops.model.report import Style, plain
from promptops.model.test_run import Worse
from promptops.plurals import counted, some
from promptops.report.document import (
    LIMIT,
    Cell,
    Column,
    Controls,
    Document,
    Fact,
    Level,
    Remark,
    Row,
    Table,
    ended_early,
    last_lines,
    more,
    table_lines,
    table_text,
)
from promptops.report.markdown_text import code, escape, fitting, sentence, shown_sentence
from promptops.report.test import facts as scores
from promptops.report.test.facts import Differences, cost, problem_lines, short
from promptops.report.test.report import worst_case
from promptops.report.visible import visible, visible_path

ALL = "--format json=FILE"
"""The option with which the same run would show all of it: another run may call a model."""
LONG = f"too long to compare here: {ALL}"
NONE = "-"
RECORDED, TONIGHT = "recorded", "tonight"

LEVELS: dict[NightVerdict, Level] = {
    "drifted": "error",
    "suspect": "warning",
    "incomplete": "warning",
    "steady": "info",
    "learning": "note",
    "accepted": "note",
}
_WORST_FIRST = tuple(LEVELS)
_COLUMNS = (
    Column("verdict", number=False),
    *map(Column, ("tonight", "baseline")),
    Column("ewma", heading="EWMA"),
    *map(Column, ("nights", "contracts")),
    Column("same", heading="Same answers"),
    Column("sees"),
)
_NAMES_SHOWN = 3


def document(drift: Drift) -> Document:
    """What all formats say about the whole night."""
    return Document(
        command="drift",
        summary=summary(drift),
        verdict=("drifted", "error") if drift.drifted else None,
        title=headline(drift),
        lead="" if drift.prompts else summary(drift),
        facts=tuple(_figures(drift)) if drift.prompts else (),
        remarks=(
            *(Remark(each, "warning") for each in warnings(drift)),
            ended_early(drift.ended, drift.unasked),
        ),
        next=visible(drift.next),
        parts="prompts" if drift.prompts else "",
        controls=Controls(
            "signals-only",
            "Signals only",
            "s",
            "nights",
            "prompts",
            "prompt",
            "only prompts with a signal, or all",
        ),
    )


def _figures(drift: Drift) -> Iterator[Fact]:
    yield Fact("Release", short(drift.release), short(drift.channel))
    for verdict, number in verdicts(drift):
        yield Fact(verdict.capitalize(), f"{number:,}")
    yield Fact("Answers tonight", f"{answers(drift):,}")
    if cost(drift.cost_usd):
        yield Fact("Cost of this night", cost(drift.cost_usd))


def tonight_table(drift: Drift) -> Table:
    """A row for each prompt, drifted ones first."""
    return Table(unit="prompt", columns=_COLUMNS, rows=tuple(map(_row, in_order(drift))))


def _row(prompt: PromptDrift) -> Row:
    chart = main_chart(prompt)
    figures = (
        measured(prompt),
        baseline(chart),
        ewma(chart),
        nights(prompt),
        contracts(prompt.night),
        same(prompt.night),
        visible_loss(prompt.visible),
    )
    verdict = Cell(prompt.verdict, LEVELS[prompt.verdict])
    return Row(name=visible_path(short(prompt.prompt)), cells=(verdict, *map(Cell, figures)))


def headline(drift: Drift) -> str:
    """The result in a few words: `support/triage drifted`, `No prompt drifted`."""
    if not drift.prompts:
        return "No prompt was checked"
    drifted = [short(each.prompt) for each in drift.prompts if each.verdict == "drifted"]
    if drifted:
        return f"{some(drifted, _NAMES_SHOWN)} drifted"
    profiles = [short(each.profile) for each in drift.profiles if each.verdict == "drifted"]
    if profiles:
        return f"Prompts of {some(profiles, _NAMES_SHOWN)} drifted together"
    return "No prompt drifted"


def summary(drift: Drift) -> str:
    """The last line: `1 drifted, 12 steady · v1.8.0 (production) · 3 cases · $0.04`."""
    if drift.accepted:
        accepted = some([short(each) for each in drift.accepted], _NAMES_SHOWN)
        nights = counted(LEARNING_NIGHTS, "night")
        return f"accepted: {accepted} · {release(drift)} · the next {nights} learn"
    if not drift.prompts:
        return f"nothing to check{f', {visible(drift.nothing)}' if drift.nothing else ''}"
    given = counted(answers(drift), "answer") if answers(drift) else ""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in verdicts(drift))
    parts = [counts, release(drift), given, cost(drift.cost_usd)]
    return " · ".join(filter(None, parts))


def answers(drift: Drift) -> int:
    """The number of answers of tonight, without prompts that lack some."""
    complete = (each.night for each in drift.prompts if each.verdict != "incomplete")
    return sum(night.n * night.k for night in complete)


def verdicts(drift: Drift) -> list[tuple[NightVerdict, int]]:
    """How many prompts have each verdict, drifted ones first."""
    found = Counter(prompt.verdict for prompt in drift.prompts)
    return [(each, found[each]) for each in _WORST_FIRST if found[each]]


def release(drift: Drift) -> str:
    """The release with its channel: `v1.8.0 (production)`."""
    channel = f" ({short(drift.channel)})" if drift.channel else ""
    return f"{short(drift.release)}{channel}"


def in_order(drift: Drift) -> list[PromptDrift]:
    """The prompts, drifted ones first."""
    return sorted(drift.prompts, key=lambda prompt: _WORST_FIRST.index(prompt.verdict))


def points(share: float | None) -> str:
    """A share in points: `91.3`; `-` without one."""
    return NONE if share is None else f"{100 * share:.1f}"


def main_chart(prompt: PromptDrift) -> Chart | None:
    """The chart of the score, or of the contracts for a prompt without measures."""
    return prompt.chart("score") or prompt.chart("contracts")


def tonight(prompt: PromptDrift) -> str:
    """The mean of the score in points, or the percentage of answers that keep all contracts."""
    night = prompt.night
    return points(night.mean if night.score else kept(night))


def measured(prompt: PromptDrift) -> str:
    """The same with its name: `quality 91.3`, or `contracts 99.3`."""
    return f"{short(prompt.score) if prompt.score else 'contracts'} {tonight(prompt)}"


def kept(night: Night) -> float | None:
    """The share of answers that keep all contracts; None without contracts."""
    return night.kept / night.of if night.of else None


def baseline(chart: Chart | None) -> str:
    """The learned level in points."""
    return NONE if chart is None or chart.baseline is None else points(chart.baseline.mean)


def ewma(chart: Chart | ProfileDrift | None) -> str:
    """The weighted mean with its limit, in standard errors: `-0.6 of -0.9`."""
    if chart is None or chart.ewma is None:
        return NONE
    return f"{signed(chart.ewma)} of {signed(chart.limit)}"


def signed(value: float) -> str:
    """A number of standard errors, without a minus before zero."""
    return f"{round(value, 1) or 0.0:.1f}"


def nights(prompt: PromptDrift) -> str:
    """How many nights count: `14`, or `4 of 10` while the level is learned."""
    found = prompt.counting
    learned = sum(night.verdict == "learning" for night in found)
    return f"{learned} of {LEARNING_NIGHTS}" if learned < LEARNING_NIGHTS else str(len(found))


def contracts(night: Night) -> str:
    """The answers that keep all contracts: `149 of 150`."""
    return f"{night.kept:,} of {night.of:,}" if night.of else NONE


def same(night: Night) -> str:
    """The share of answers equal to a recorded one."""
    return NONE if night.same is None else f"{100 * night.same:.0f}%"


def visible_loss(found: Visible | None) -> str:
    """What the cases can see: `-5 in 3 nights`."""
    if found is None:
        return NONE
    loss = f"-{found.points:g}"
    return f"{loss} in {counted(found.nights, 'night')}" if found.nights else f"not even {loss}"


def visible_sentence(prompt: PromptDrift) -> str:
    """The same as a sentence; "" if it is unknown."""
    found = prompt.visible
    if found is None:
        return ""
    loss = f"-{found.points:g} points"
    if found.nights is None:
        return f"this suite does not see {loss} within 30 nights: more cases or repeats would"
    return f"this suite sees {loss} in about {counted(found.nights, 'night')}"


def day(night: Night) -> str:
    """The date of a night, as in `2026-11-27`."""
    return short(night.at[:10])


def signal(prompt: PromptDrift) -> str:
    """Since when: `since 2026-11-26, confirmed by fresh answers (z -3.1)`; "" without a signal.

    The fresh answers are the latest ones: a drifted prompt gets no more of them.
    """
    first = prompt.since
    return f"since {short(first)}{_confirmed(prompt)}" if first else ""


def blame(prompt: PromptDrift) -> str:
    """Who caused it, with the deciding reason; "" without a signal."""
    found = prompt.blame
    if found is None:
        return ""
    why = f": {visible(found.why[0])}" if found.why else ""
    return f"{found.who}{why}"


def other_reasons(prompt: PromptDrift) -> tuple[str, ...]:
    """The other evidence, each a sentence."""
    return tuple(map(visible, prompt.blame.why[1:])) if prompt.blame else ()


def remarks(prompt: PromptDrift) -> Iterator[str]:
    """Remarks about a prompt besides its row and its blame, each a sentence."""
    if prompt.night.reason:
        yield f"{prompt.verdict}: {visible(prompt.night.reason)}"
    chart = prompt.chart("contracts")
    if chart and contracts_signal(prompt):
        last = points(chart.points[-1].mean) if chart.points else NONE
        level = f"{last}% of answers keep all, {baseline(chart)}% in the learned nights"
        yield f"contracts: {level}, ewma {ewma(chart)}"


def contracts_signal(prompt: PromptDrift) -> bool:
    """Whether the contracts of a prompt with a score are below their limit."""
    chart = prompt.chart("contracts")
    if chart is None or chart.ewma is None or chart is main_chart(prompt):
        return False
    return chart.ewma < chart.limit


def _confirmed(prompt: PromptDrift) -> str:
    for night in reversed(prompt.counting):
        found = night.confirmed
        values = [z for z in (found.score, found.contracts) if z is not None] if found else []
        if values and night.verdict in SIGNALS:
            on = "" if night is prompt.night else f" on {day(night)}"
            return f", confirmed by fresh answers{on} (z {min(values):.1f})"
        if night.verdict not in SIGNALS:
            break
    return ""


def shows_worst(prompt: PromptDrift) -> tuple[Worse, ...]:
    """The worst cases of a prompt with a signal."""
    return prompt.worst if prompt.verdict in SIGNALS else ()


def pooled(drift: Drift) -> list[ProfileDrift]:
    """The pooled charts that have learned their level."""
    return [profile for profile in drift.profiles if profile.ewma is not None]


def pooled_line(profile: ProfileDrift) -> str:
    """A pooled chart: `profile fast, 13 prompts together: steady: ewma -0.2 of -0.9`."""
    return (
        f"profile {short(profile.profile)}, {counted(len(profile.prompts), 'prompt')} together:"
        f" {profile.verdict}: ewma {ewma(profile)}"
    )


def warnings(drift: Drift) -> list[str]:
    """What did not work and does not change a verdict."""
    return [visible(each) for each in (*drift.warnings, drift.unpushed) if each]


# What changed between nights behind the same prompt

RELEASE = "release"
_SHOWN_TONIGHT = ("model", "judge")


def changes(prompt: PromptDrift) -> Iterator[tuple[int, str, str]]:
    """What changed behind the same prompt: index into the history, kind, and a sentence.

    The kind is `release`, `model`, `fingerprint` or `judge`.
    """
    before: Night | None = None
    for index, night in enumerate(prompt.history):
        if night.verdict == "accepted":
            continue
        if before is not None:
            for kind, values in _changed(before, night):
                yield index, kind, f"{kind} {values}"
        before = night


def changed_tonight(prompt: PromptDrift) -> Iterator[str]:
    """Another model or judge than the night before; the cause of a signal names it already."""
    tonight = len(prompt.history) - 1
    for index, kind, change in changes(prompt) if prompt.blame is None else ():
        if index == tonight and kind in _SHOWN_TONIGHT:
            yield f"changed since the night before: {change}"


def _changed(before: Night, night: Night) -> Iterator[tuple[str, str]]:
    """The kind of each change, and its values before and after."""
    if before.release != night.release:
        yield RELEASE, f"{short(before.release)} → {short(night.release)}"
    if before.models and night.models and before.models != night.models:
        yield "model", f"{_listed(before.models)} → {_listed(night.models)}"
    if before.fingerprints and night.fingerprints and before.fingerprints != night.fingerprints:
        yield "fingerprint", f"{_listed(before.fingerprints)} → {_listed(night.fingerprints)}"
    if before.judge and night.judge and before.judge != night.judge:
        yield "judge", f"{_judge(before)} → {_judge(night)}"


def _listed(names: Iterable[str]) -> str:
    return some([short(each) for each in names], _NAMES_SHOWN)


def _judge(night: Night) -> str:
    judge = night.judge
    assert judge is not None
    kappa = "" if judge.kappa is None else f" (kappa {judge.kappa:.2f})"
    return f"{short(judge.id)}{kappa}"


# What to do about a prompt that drifted


def next_steps(prompt: PromptDrift, drift: Drift) -> Iterator[tuple[str, str]]:
    """Pairs of a purpose and its command, in the order to try; empty without a drift."""
    if prompt.verdict != "drifted":
        return
    name = shlex.quote(prompt.prompt)
    judge = prompt.night.judge
    if prompt.blame and prompt.blame.who == "judge" and judge:
        yield "see what the judge answers today", _command(f"test {shlex.quote(judge.id)} --live")
    else:
        command = _command(f"compare {name} --model PROFILE --record")
        yield "find a model that is not worse", command
    refresh = "or record today's answers, and fix the prompt until its cases pass"
    yield refresh, _command(f"test {name} --refresh")
    history = " --push" if drift.pushes else ""  # the accepted level goes where this night went
    if drift.history != NOTES_REF:
        history = f" --history {shlex.quote(drift.history)}"
    accept = "or accept the new level, which the next nights learn"
    yield accept, _command(f"drift --accept {name} --reason 'WHY'{history}")


def _command(words: str) -> str:
    return visible(f"promptops {words}")


# For a person at a terminal: a row for each prompt, then what happened, then a summary line.


def write_text(drift: Drift, *, style: Style = plain, figures: bool = False, **_: object) -> str:
    """The whole text.

    Args:
        figures: Also show the figures of each prompt in one line.
    """
    lines = _DriftWriter(drift, style, figures=figures).lines()
    return "".join(f"{line}\n" for line in lines)


class _DriftWriter:
    def __init__(self, drift: Drift, style: Style, *, figures: bool) -> None:
        self._drift = drift
        self._style = style
        self._figures = figures
        self._differences = Differences(style)

    def lines(self) -> Iterator[str]:
        if self._drift.prompts:
            yield from table_lines(tonight_table(self._drift), self._style)
            lines = [line for prompt in in_order(self._drift) for line in self._prompt(prompt)]
            lines += [pooled_line(each) for each in pooled(self._drift)]
            yield from ["", *lines] if lines else []
            yield ""
        for broken in self._drift.broken:
            where = visible_path(str(broken.place))
            yield f"{where}: {self._style('error', 'error')}: {visible(broken.message)}"
        for problem in problem_lines(self._drift.problems):
            yield f"{self._style('error', 'error')}: {problem}"
        yield from last_lines(document(self._drift), self._style)

    def _prompt(self, prompt: PromptDrift) -> Iterator[str]:
        name = self._style("path", visible_path(short(prompt.prompt)))
        if self._figures:
            yield f"{name}: {visible(prompt.line)}"
        if signal(prompt):
            verdict = self._style(LEVELS[prompt.verdict], prompt.verdict)
            yield f"{name}: {verdict} {signal(prompt)}"
        for remark in (*remarks(prompt), *changed_tonight(prompt)):
            yield f"{name}: {remark}"
        if prompt.blame:
            yield f"  {self._style('note', 'cause')}: {blame(prompt)}"
        for reason in other_reasons(prompt):
            yield f"  {self._style('note', 'also')}: {reason}"
        if shows_worst(prompt):
            yield f"  worst cases, {self._differences.legend(RECORDED, TONIGHT)}:"
        for worse in shows_worst(prompt):
            lines = scores.case_lines(worse, self._differences, LONG)
            yield from (f"  {line}".rstrip() for line in lines)
        for purpose, command in next_steps(prompt, self._drift):
            yield f"  {self._style('hint', purpose)}: {command}"


# The text of an issue: what drifted since when, who caused it, the worst cases, what to do.

MARKER = "<!-- promptops drift -->"
"""Identifies the issue, so that it is updated and not repeated."""

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_TABLE = 15_000
_PROBLEMS_SHOWN = 10
_CHANGES_SHOWN = 10


def write_markdown(drift: Drift, **_: object) -> str:
    """One text below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = f"{MARKER}\n# {sentence(headline(drift))}\n\n{shown_sentence(summary(drift))}\n"
    if drift.prompts:
        head += "\nEvery night, the model answers the test cases of a release again.\n"
    after = _after(drift)
    room = LIMIT - _RESERVED - len(head) - len(after)
    table = _table(drift, min(room, _ROOM_FOR_TABLE))
    signalled = [prompt for prompt in in_order(drift) if prompt.verdict in SIGNALS]
    sections = list(fitting(room - len(table), (_section(each, drift) for each in signalled)))
    rest = more(len(signalled) - len(sections), "prompt", ALL)
    return "".join([head, *sections, rest, table, after])


def _section(prompt: PromptDrift, drift: Drift) -> str:
    return "".join(
        [f"\n## {code(short(prompt.prompt))}\n\n", *_signal(prompt), *_below(prompt, drift)]
    )


def _signal(prompt: PromptDrift) -> Iterator[str]:
    """The level with the limit, and the cause."""
    kept = "% of answers keep all contracts"
    unit = f" points of {code(short(prompt.score))}" if prompt.score else kept
    word = f" {escape(signal(prompt))}" if signal(prompt) else ""
    learned = f"{baseline(main_chart(prompt))} in the learned nights"
    yield f"**{prompt.verdict.capitalize()}**{word}: {tonight(prompt)}{unit} tonight, {learned}.\n"
    yield from (f"{shown_sentence(remark)}\n" for remark in remarks(prompt))
    if prompt.blame:
        yield f"\n**Cause**: {shown_sentence(blame(prompt))}\n"
        yield from (f"- {shown_sentence(reason)}\n" for reason in other_reasons(prompt))


def _below(prompt: PromptDrift, drift: Drift) -> Iterator[str]:
    """What changed, the worst cases, and what to do."""
    found = list(changes(prompt))[-_CHANGES_SHOWN:]
    if found:
        yield "\n**What changed behind the same prompt**\n\n"
    for index, _kind, change in found:
        yield f"- {escape(day(prompt.history[index]))}: {shown_sentence(change)}\n"
    if shows_worst(prompt):
        yield "\n**Worst cases**, the recorded answer (-) and tonight's (+)\n\n"
    yield from (worst_case(worse, LONG) for worse in shows_worst(prompt))
    if prompt.verdict == "drifted":
        yield "\n**What to do**\n\n"
    for purpose, command in next_steps(prompt, drift):
        yield f"- {shown_sentence(purpose)}: {code(command)}\n"


def _table(drift: Drift, room: int) -> str:
    if not drift.prompts:
        return ""
    rows = table_text(tonight_table(drift), room, ALL)
    lines = [f"\n{shown_sentence(pooled_line(each))}\n" for each in pooled(drift)]
    return "".join(["\n## All prompts\n\n", rows, *lines])


def _after(drift: Drift) -> str:
    problems = [
        *(f"{visible_path(str(each.place))}: {visible(each.message)}" for each in drift.broken),
        *problem_lines(drift.problems),
        *warnings(drift),
    ]
    lines = [shown_sentence(problem) for problem in problems[:_PROBLEMS_SHOWN]]
    if problems[_PROBLEMS_SHOWN:]:
        lines.append(counted(len(problems) - _PROBLEMS_SHOWN, "more problem"))
    if drift.ended:
        lines.append(f"Ended early: {sentence(ended_early(drift.ended, drift.unasked).text)}")
    if drift.next:
        lines.append(f"Next: {code(visible(drift.next))}")
    return "".join(["\n", *(f"- {line}\n" for line in lines)]) if lines else ""
