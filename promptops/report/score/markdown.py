"""For an issue or a comment: the alerts, then a table for each prompt, then what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.model.score import Score, ScoreGroup
from promptops.plurals import and_more, counted
from promptops.report.document.markdown import LIMIT
from promptops.report.parts.markdown_text import code, escape, fitting, shown_sentence
from promptops.report.score import facts, notes
from promptops.report.score.facts import Section, group_name, sections
from promptops.report.score.figures import columns

MARKER = "<!-- promptops score -->"
"""Identifies the comment, so that it is updated and not repeated."""

_RESERVED = 2_000  # for the notes on omitted parts
_ROOM_FOR_NOTES = 12_000
_ALERTS = 50
_ROWS = 20


def write(score: Score, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    head = f"{MARKER}\n**Production**: {shown_sentence(facts.summary(score))}\n{_alerts(score)}"
    remarks = _details("Notes", fitting(_ROOM_FOR_NOTES, map(_item, _notes(score))))
    room = LIMIT - _RESERVED - len(head) - len(remarks)
    every = sections(score)
    tables = list(fitting(room, map(_table, every)))
    left_out = len(every) - len(tables)
    more = f"\n{counted(left_out, 'more prompt')}: {code(facts.ALL)}\n" if left_out else ""
    return "".join([head, *tables, more, remarks])


def _alerts(score: Score) -> str:
    lines = [_alert(group_name(each.by), notes.raised(each)) for each in score.alerts[:_ALERTS]]
    more = and_more(len(score.alerts) - _ALERTS, "alert")
    lines += [f"- {more}: {code(facts.ALL)}\n"] if more else []
    lines += [_item(f"alert without a value: {line}") for line in notes.without_value(score)]
    return f"\n{''.join(lines)}" if lines else ""


def _alert(name: str, text: str) -> str:
    return (
        f"- **{escape(name)}**: {shown_sentence(text)}\n" if name else f"- {shown_sentence(text)}\n"
    )


def _table(section: Section) -> str:
    found = columns(section.latest(_ROWS), section.varying)
    rows = [
        [escape(column.title) for column in found],
        ["--:" if column.is_number else "---" for column in found],
        *(map(escape, row) for row in zip(*(column.cells for column in found), strict=True)),
    ]
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    title = f"\n**{code(section.title)}**\n"
    return f"{title}{_earlier(section.groups)}\n{table}{_violated(section)}"


def _earlier(groups: Sequence[ScoreGroup]) -> str:
    earlier = len(groups) - _ROWS
    return f"\n{counted(earlier, 'earlier group')}: {code(facts.ALL)}\n" if earlier > 0 else ""


def _violated(section: Section) -> str:
    lines = [_item(line) for line in facts.violated(section)]
    return f"\n{''.join(lines)}" if lines else ""


def _notes(score: Score) -> list[str]:
    return [
        *notes.broken(score),
        *(f"{label}: {line}" for label, line in notes.notes(score)),
        *(f"alert without effect: {line}" for line in notes.idle(score)),
        *(f"no alert: {line}" for line in notes.quiet(score)),
        *(f"not certain: {line}" for line in notes.doubtful(score)),
    ]


def _details(title: str, items: Iterable[str]) -> str:
    body = "".join(items)
    return f"\n<details><summary>{title}</summary>\n\n{body}\n</details>\n" if body else ""


def _item(line: str) -> str:
    return f"- {shown_sentence(line)}\n"
