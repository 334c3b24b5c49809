"""For a comment on a pull request or an issue: the score, a table, then the survivors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.mutant import Mutant, MutationRow, MutationRun
from promptops.plurals import and_more, counted
from promptops.report.mutate.parts import facts
from promptops.report.parts.markdown_text import code, escape, fitting, sentence
from promptops.report.parts.visible import visible_path
from promptops.report.test.markdown import LIMIT

MARKER = "<!-- promptops mutate -->"
"""Identifies the comment, so that it is updated and not repeated."""

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_TABLE = 20_000
_MOST_OF_A_PROMPT = 20
_HEAD = (
    "\n| prompt | behaviour | with quotes | killed | quoted | survived | unseen |\n"
    "|---|--:|--:|--:|--:|--:|--:|\n"
)


def write(run: MutationRun, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    rows = facts.worst_first(run.rows)
    head = _head(run)
    table = list(fitting(_ROOM_FOR_TABLE, map(_row, rows)))
    more = _more(len(rows) - len(table), "prompt")
    room = LIMIT - _RESERVED - len(head) - sum(map(len, table))
    changed = run.survivors_in_changed_lines
    first = list(fitting(room, _changed(changed)))
    room -= sum(map(len, first))
    others = fitting(room, map(_others, rows))
    return "".join([head, *first, *([_HEAD, *table] if table else []), more, *others])


def _head(run: MutationRun) -> str:
    lines = [
        f"**Mutation**: {sentence(facts.summary(run))}",
        f"By operator: {sentence(facts.operators(run))}" if facts.operators(run) else "",
        *map(sentence, facts.remarks(run)),
        f"Ended early: {sentence(facts.ended(run))}" if run.ended else "",
        f"Next: {code(facts.advice(run))}" if run.advice else "",
    ]
    return f"{MARKER}\n" + "\n".join(f"{line}\n" for line in lines if line)


def _changed(survivors: Sequence[Mutant]) -> Iterator[str]:
    if survivors:
        yield "\nSurvivors in changed lines:\n\n"
        yield from map(_item, survivors[:_MOST_OF_A_PROMPT])
        yield _more(len(survivors) - _MOST_OF_A_PROMPT, "survivor")


def _row(row: MutationRow) -> str:
    name = code(visible_path(facts.name(row)))
    if facts.untested(row):
        return f"| {name} | {escape(facts.title(row))} | | | | | |\n"
    name = f"{name} ({escape(facts.remark(row))})" if row.nothing else name
    count = row.count
    shares = [facts.percent(count), facts.percent_with_quotes(count)]
    found = (count.killed, count.quoted, count.survived, count.unseen)
    numbers = [f"{number:,}" for number in found]
    return f"| {' | '.join([name, *shares, *numbers])} |\n"


def _others(row: MutationRow) -> str:
    """The survivors that are not in changed lines, and what no case renders."""
    found = [each for each in facts.with_status(row, "survived") if not each.in_changed_lines]
    unseen = facts.with_status(row, "unseen")
    if not found and not (unseen and row.cases):
        return ""
    title = f"{code(visible_path(facts.name(row)))}: {escape(facts.title(row))}"
    items = [
        *map(_item, found[:_MOST_OF_A_PROMPT]),
        _rest(len(found) - _MOST_OF_A_PROMPT),
        f"- No case renders {code(facts.places(unseen))}\n" if unseen and row.cases else "",
    ]
    return f"\n<details><summary>{title}</summary>\n\n{''.join(items)}\n</details>\n"


def _item(mutant: Mutant) -> str:
    place = mutant.place
    where = code(f"{visible_path(place.path)}:{place.line}:{place.column}")
    live = f" ({escape(facts.live(mutant))})" if mutant.live is not None else ""
    return f"- {where} {escape(facts.what(mutant))}: {sentence(facts.hint(mutant))}{live}\n"


def _rest(number: int) -> str:
    return f"- {and_more(number)}\n" if number > 0 else ""


def _more(number: int, noun: str) -> str:
    return f"\n{counted(number, f'more {noun}')}: {code(facts.ALL)}\n" if number > 0 else ""
