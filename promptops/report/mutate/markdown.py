"""For a comment on a pull request or an issue: the score, a table, then the survivors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.model.mutant import Mutant, MutationRow, MutationRun
from promptops.plurals import and_more
from promptops.report.document.markdown import LIMIT, more, opening, table_text
from promptops.report.mutate import facts
from promptops.report.parts.markdown_text import code, escape, fitting, sentence
from promptops.report.parts.visible import visible_path

_RESERVED = 1_000  # for the notes on omitted parts
_ROOM_FOR_TABLE = 20_000
_MOST_OF_A_PROMPT = 20


def write(run: MutationRun, **_: object) -> str:
    """One comment below GitHub's limit of 65,536 characters; it notes how much is left out."""
    rows = facts.worst_first(run.rows)
    head = opening(facts.document(run))
    table = f"\n{table_text(facts.scores(rows), _ROOM_FOR_TABLE, facts.ALL)}" if rows else ""
    room = LIMIT - _RESERVED - len(head) - len(table)
    first = list(fitting(room, _changed(run.survivors_in_changed_lines)))
    others = fitting(room - sum(map(len, first)), map(_others, rows))
    return "".join([head, *first, table, *others])


def _changed(survivors: Sequence[Mutant]) -> Iterator[str]:
    if survivors:
        yield "\nSurvivors in changed lines:\n\n"
        yield from map(_item, survivors[:_MOST_OF_A_PROMPT])
        yield more(len(survivors) - _MOST_OF_A_PROMPT, "survivor", facts.ALL)


def _others(row: MutationRow) -> str:
    """The survivors that are not in changed lines, and what no case renders."""
    found = [each for each in facts.with_status(row, "survived") if not each.in_changed_lines]
    unseen = facts.with_status(row, "unseen")
    if not found and not (unseen and row.cases):
        return ""
    rest = and_more(len(found) - _MOST_OF_A_PROMPT)
    heading = f"{code(visible_path(facts.name(row)))}: {escape(facts.title(row))}"
    items = [
        *map(_item, found[:_MOST_OF_A_PROMPT]),
        f"- {rest}\n" if rest else "",
        f"- No case renders {code(facts.places(unseen))}\n" if unseen and row.cases else "",
    ]
    return f"\n<details><summary>{heading}</summary>\n\n{''.join(items)}\n</details>\n"


def _item(mutant: Mutant) -> str:
    place = mutant.place
    where = code(f"{visible_path(place.path)}:{place.line}:{place.column}")
    note = f" ({escape(facts.live(mutant))})" if mutant.live is not None else ""
    return f"- {where} {escape(facts.what(mutant))}: {sentence(facts.hint(mutant))}{note}\n"
