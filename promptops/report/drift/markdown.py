"""The text of an issue: what drifted since when, who caused it, the worst cases, what to do."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.night import SIGNALS, Drift, PromptDrift
from promptops.plurals import counted
from promptops.report.document.blocks import ended_early
from promptops.report.document.markdown import LIMIT, more, table_text
from promptops.report.drift import facts
from promptops.report.parts.markdown_text import code, escape, fitting, sentence, shown_sentence
from promptops.report.parts.visible import visible, visible_path
from promptops.report.test.facts import problem_lines, short
from promptops.report.test.markdown import worst_case

MARKER = "<!-- promptops drift -->"
"""Identifies the issue, so that it is updated and not repeated."""

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_TABLE = 15_000
_PROBLEMS_SHOWN = 10
_CHANGES_SHOWN = 10


def write(drift: Drift, **_: object) -> str:
    """One text below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = f"{MARKER}\n# {sentence(facts.headline(drift))}\n\n{_intro(drift)}"
    after = _after(drift)
    room = LIMIT - _RESERVED - len(head) - len(after)
    table = _table(drift, min(room, _ROOM_FOR_TABLE))
    signalled = [prompt for prompt in facts.in_order(drift) if prompt.verdict in SIGNALS]
    sections = list(fitting(room - len(table), (_section(each, drift) for each in signalled)))
    rest = more(len(signalled) - len(sections), "prompt", facts.ALL)
    return "".join([head, *sections, rest, table, after])


def _intro(drift: Drift) -> str:
    if not drift.prompts:
        return f"{shown_sentence(facts.summary(drift))}\n"
    cases = "Every night, the model answers the test cases of a release again."
    return f"{shown_sentence(facts.summary(drift))}\n\n{cases}\n"


def _section(prompt: PromptDrift, drift: Drift) -> str:
    lines = [
        f"\n## {code(short(prompt.prompt))}\n\n",
        *_level(prompt),
        *_blame(prompt),
        *_changes(prompt),
        *_worst(prompt),
        *(_steps(prompt, drift) if prompt.verdict == "drifted" else ()),
    ]
    return "".join(lines)


def _level(prompt: PromptDrift) -> Iterator[str]:
    chart = facts.main_chart(prompt)
    kept = "% of answers keep all contracts"
    unit = f" points of {code(short(prompt.score))}" if prompt.score else kept
    word = f" {escape(facts.signal(prompt))}" if facts.signal(prompt) else ""
    level = f"{facts.tonight(prompt)}{unit} tonight, {facts.baseline(chart)} in the learned nights"
    yield f"**{prompt.verdict.capitalize()}**{word}: {level}.\n"
    yield from (f"{shown_sentence(remark)}\n" for remark in facts.remarks(prompt))


def _blame(prompt: PromptDrift) -> Iterator[str]:
    if prompt.blame:
        yield f"\n**Cause**: {shown_sentence(facts.blame(prompt))}\n"
        yield from (f"- {shown_sentence(reason)}\n" for reason in facts.other_reasons(prompt))


def _changes(prompt: PromptDrift) -> Iterator[str]:
    found = list(facts.changes(prompt))[-_CHANGES_SHOWN:]
    if found:
        yield "\n**What changed behind the same prompt**\n\n"
    for index, _kind, change in found:
        yield f"- {escape(facts.day(prompt.history[index]))}: {shown_sentence(change)}\n"


def _worst(prompt: PromptDrift) -> Iterator[str]:
    worst = facts.shows_worst(prompt)
    if worst:
        yield "\n**Worst cases**, the recorded answer (-) and tonight's (+)\n\n"
        yield from (worst_case(worse, facts.LONG) for worse in worst)


def _steps(prompt: PromptDrift, drift: Drift) -> Iterator[str]:
    yield "\n**What to do**\n\n"
    for purpose, command in facts.next_steps(prompt, drift):
        yield f"- {shown_sentence(purpose)}: {code(command)}\n"


def _table(drift: Drift, room: int) -> str:
    if not drift.prompts:
        return ""
    rows = table_text(facts.tonight_table(drift), room, facts.ALL)
    lines = [f"\n{shown_sentence(facts.pooled_line(each))}\n" for each in facts.pooled(drift)]
    return "".join(["\n## All prompts\n\n", rows, *lines])


def _after(drift: Drift) -> str:
    problems = [
        *(f"{visible_path(str(each.place))}: {visible(each.message)}" for each in drift.broken),
        *problem_lines(drift.problems),
        *facts.warnings(drift),
    ]
    lines = [shown_sentence(problem) for problem in problems[:_PROBLEMS_SHOWN]]
    if problems[_PROBLEMS_SHOWN:]:
        lines.append(counted(len(problems) - _PROBLEMS_SHOWN, "more problem"))
    if drift.ended:
        lines.append(f"Ended early: {sentence(ended_early(drift.ended, drift.unasked).text)}")
    if drift.advice:
        lines.append(f"Next: {code(visible(drift.advice))}")
    return "".join(["\n", *(f"- {line}\n" for line in lines)]) if lines else ""
