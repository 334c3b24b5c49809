"""For the comment on a pull request: the verdict, the changes, the problems, then the details."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.model.change import Change, PromptDiff
from promptops.model.check import CheckReport
from promptops.model.config import Waiver
from promptops.model.probe import PromptProbes
from promptops.model.report import Risk
from promptops.plurals import counted
from promptops.report.check.facts import (
    counts,
    fixes,
    headline,
    reason,
    required,
    rows,
    waived,
    without_lint_errors,
)
from promptops.report.diff.markdown import details, summary
from promptops.report.document.markdown import LIMIT
from promptops.report.markdown import table
from promptops.report.parts.markdown_text import code, escape, fitting, sentence, within
from promptops.report.parts.visible import visible
from promptops.report.probe import facts
from promptops.report.test.facts import short
from promptops.report.test.markdown import body

MARKER = "<!-- promptops check -->"
"""Identifies the comment, so that it is updated and not repeated."""

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_NOTES = 2_000
_ROOM_FOR_RISKS = 4_000
_ROOM_FOR_REFUSED = 4_000
_ROOM_FOR_FINDINGS = 12_000
_ROOM_FOR_DETAILS = 24_000
_ROOM_FOR_REASONS = 4_000
_ROOM_FOR_ATTACKS = 4_000
_LONGEST_SENTENCE = 500
_GATE = "| the gate | | |\n|---|---|---|\n"
_ATTACKS = "| attacks | succeeded | 95% interval | most in |\n|---|--:|--:|---|\n"


def write(report: CheckReport, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes what is left out."""
    notes = _listed(
        [f"- note: {_sentence(note)}\n" for note in report.notes], _ROOM_FOR_NOTES, "note"
    )
    head = f"{MARKER}\n{_headline(report)}{notes}{_gate(report)}{_risks(report)}{_refused(report)}"
    changes = summary(report.diff) if report.diff is not None else ""
    changes += _attacks(report)
    last = _selection_reasons(report)
    room = LIMIT - _RESERVED - len(head) - len(changes) - len(last)
    return "".join([head, changes, *_parts(report, room), last])


def _parts(report: CheckReport, room: int) -> Iterator[str]:
    """Findings, cases, details of changes: each gets its share and what the others leave."""
    diff = report.diff if report.diff is not None and report.diff.prompts else None
    reserved = min(_ROOM_FOR_DETAILS, room // 2) if diff is not None else 0
    wanted = min(_ROOM_FOR_FINDINGS, len(table(report.lint, room)))
    cases = body(without_lint_errors(report), room - reserved - wanted)
    findings = table(report.lint, room - reserved - len(cases))
    yield from (findings, cases)
    if diff is not None:
        yield details(diff, room - len(findings) - len(cases))


def _headline(report: CheckReport) -> str:
    """The verdict, the number of risks, and the required version."""
    line = f"### promptops: {headline(report)}"
    if report.diff is not None and report.diff.bump:
        bump = str(report.diff.bump)
        line += f" · {escape(required(report.diff)).replace(bump, f'**{bump}**', 1)}"
    nothing = "" if report.looked else f"\n{_sentence(counts(report))}\n"
    return f"{line}\n{nothing}"


def _gate(report: CheckReport) -> str:
    lines = (
        f"| {row.name} | {'pass' if row.passed else '**fail**'} | {_sentence(row.result)} |\n"
        for row in rows(report)
    )
    return f"\n{_GATE}{''.join(lines)}" if report.looked else ""


def _risks(report: CheckReport) -> str:
    items = [f"- {_word(report, risk)}: {_sentence(str(risk))}\n" for risk in report.risks]
    return _listed(items, _ROOM_FOR_RISKS, "risk")


def _word(report: CheckReport, risk: Risk) -> str:
    return "refused" if risk in report.refused_risks else "risk"


def _refused(report: CheckReport) -> str:
    items = [_refusal(*each) for each in report.refused_changes]
    refused = _listed(items, _ROOM_FOR_REFUSED, "refused change")
    how = "".join(f"\n{_sentence(each[0].upper() + each[1:])}.\n" for each in fixes(report))
    let_through = [_let_through(*each) for each in waived(report)]
    return refused + how + _listed(let_through, _ROOM_FOR_REFUSED, "waived change")


def _attacks(report: CheckReport) -> str:
    """A row for each attacked prompt."""
    found = facts.attacked(report.probes) if report.probes is not None else []
    shown = list(fitting(_ROOM_FOR_ATTACKS, map(_attacked, found)))
    left_out = len(found) - len(shown)
    more = f"\n{counted(left_out, 'more attacked prompt')}: {code(facts.ALL)}\n" if left_out else ""
    return f"\n{_ATTACKS}{''.join(shown)}{more}" if found else ""


def _attacked(prompt: PromptProbes) -> str:
    cells = (facts.share(prompt.rate), facts.interval(prompt.rate), facts.worst(prompt))
    return f"| {code(short(prompt.prompt))} | {' | '.join(map(_sentence, cells))} |\n"


def _refusal(prompt: PromptDiff, change: Change) -> str:
    return f"- refused: {code(visible(prompt.id))}: {_sentence(reason(change))}\n"


def _let_through(prompt: PromptDiff, change: Change, waiver: Waiver) -> str:
    who = _sentence(f"{change.message}, by {waiver.who} until {waiver.expires}: {waiver.reason}")
    return f"- waived: {code(visible(prompt.id))}: {escape(change.code)} {who}\n"


def _listed(items: list[str], room: int, noun: str) -> str:
    shown = list(fitting(room, items))
    left_out = len(items) - len(shown)
    more = f"- {counted(left_out, f'more {noun}')}\n" if left_out else ""
    return "".join(["\n" if items else "", *shown, more])


def _selection_reasons(report: CheckReport) -> str:
    """Why each prompt was checked; empty if all were."""
    if report.diff is None or not report.why:
        return ""
    items = list(within(_ROOM_FOR_REASONS, _reasons(report)))
    left_out = len(report.why) - len(items)
    more = f"- {counted(left_out, 'more prompt')}\n" if left_out else ""
    title = f"Why {counted(len(report.why), 'prompt')}"
    return f"\n<details><summary>{title}</summary>\n\n{''.join(items)}{more}\n</details>\n"


def _reasons(report: CheckReport) -> Iterator[str]:
    for path, why in report.why.items():
        yield f"- {code(visible(path, _LONGEST_SENTENCE))}: {_sentence(why)}\n"


def _sentence(text: str) -> str:
    return sentence(visible(text, _LONGEST_SENTENCE))
