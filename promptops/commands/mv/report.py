"""The report of a move: moved files, changed files, what is left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from promptops.model.moving import MovePlan
from promptops.model.report import Style, plain
from promptops.plurals import and_more, counted
from promptops.report.visible import visible, visible_path

_MOST_LISTED = 20
"""At most this many files of each kind are listed; the others are counted."""


def write_text(plan: MovePlan, *, style: Style = plain, **_: object) -> str:
    """One line for each moved file, each changed file, and each alias; then the next command."""
    return "".join(f"{line}\n" for line in _lines(plan, style))


def _lines(plan: MovePlan, style: Style) -> Iterator[str]:
    verb = "would move" if plan.dry_run else "moved"
    old, new = (style("path", visible_path(name)) for name in (plan.old, plan.new))
    yield f"{verb} {old} to {new}"
    yield from _listed([f"  {visible_path(f.old)} -> {visible_path(f.new)}" for f in plan.files])
    yield from _listed([*_changed_files(plan)])
    yield from _listed(
        [f"  {visible(each.prompt)} has the alias {visible(each.alias)}" for each in plan.aliases]
    )
    for each in plan.manual:
        label = style("note", "note")
        yield f"{visible_path(str(each.place))}: {label}: {visible(each.message)}"
    if plan.next:
        yield f"{style('hint', 'next')}: {visible(plan.next)}"


def _changed_files(plan: MovePlan) -> Iterator[str]:
    verb = "would update" if plan.dry_run else "updated"
    moves = plan.moves
    numbers = Counter((each.place.path, each.kind) for each in plan.edits if each.kind != "alias")
    for (path, kind), number in numbers.items():
        yield f"  {verb} {counted(number, _NOUNS[kind])} in {visible_path(moves.get(path, path))}"


_NOUNS = {"reference": "reference", "recording": "recording", "config": "setting"}


def _listed(lines: list[str]) -> Iterator[str]:
    yield from lines[:_MOST_LISTED]
    if len(lines) > _MOST_LISTED:
        yield f"  {and_more(len(lines) - _MOST_LISTED)}"
