"""For a browser: one page without any external resources, with survivors in the source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from promptops.commands.mutate import report
from promptops.model.mutant import Mutant, MutationRow, MutationRun
from promptops.model.place import Place
from promptops.plurals import and_more
from promptops.records import record
from promptops.report.page.document import document
from promptops.report.page.source import PARTS as SOURCE
from promptops.report.page.source import Note, Stretch, quoted_or_around, source_lines
from promptops.report.test.facts import short
from promptops.report.test.page import PARTS as CASES

PARTS = "commands/mutate/mutants"
"""The path of the style of mutants, for `document`."""

MOST = 1_000
"""The limit of mutants on the page; a browser still opens this many quickly."""

_LONGEST_SIDE = 2_000
_FILTERS: dict[str, Callable[..., Any]] = {"short": short}


def write_html(run: MutationRun, **_: object) -> str:
    """The whole page."""
    return document(
        "commands/mutate",
        _FILTERS,
        parts=(CASES, SOURCE, PARTS),
        head=report.document(run),
        scores=report.scores(run.rows),
        operators=run.by_operator,
        rows=row_views(run),
        mutants=report,
    )


@record(frozen=True, slots=True, kw_only=True)
class MutantView:
    """A mutant that was not killed.

    Attributes:
        left, right: The text beside the replaced span, on its first and its last line.
        before, after: The replaced span and its replacement; the end of a long one is cut off.
        quiet: Whether the checkbox of the page hides it.
    """

    mutant: Mutant
    left: str
    before: str
    after: str
    right: str
    quiet: bool


@record(frozen=True, slots=True, kw_only=True)
class SourceView:
    """The parts of a file that have such mutants."""

    path: str
    stretches: tuple[Stretch[MutantView], ...]


@record(frozen=True, slots=True, kw_only=True)
class RowView:
    """A prompt or a partial.

    Attributes:
        left_out: The number of mutants not shown because of the limit.
        quiet: Whether the checkbox of the page hides all of it.
    """

    anchor: str
    row: MutationRow
    files: tuple[SourceView, ...]
    killed: tuple[Mutant, ...]
    left_out: int
    quiet: bool


def row_views(run: MutationRun, anchor: str = "prompt") -> tuple[RowView, ...]:
    """All rows in their order; `anchor` is the prefix of their anchors."""
    views = _RowViews(run)
    return tuple(views.row(f"{anchor}-{number}", row) for number, row in enumerate(run.rows, 1))


class _RowViews:
    """Creates the views of one run and counts how many mutants still fit."""

    def __init__(self, run: MutationRun) -> None:
        self.sources = run.sources
        self.since = run.since
        self.room = MOST

    def row(self, anchor: str, row: MutationRow) -> RowView:
        open_ = [mutant for mutant in row.mutants if mutant.status != "killed"]
        killed = [mutant for mutant in row.mutants if mutant.status == "killed"]
        views = [self._mutant(mutant) for mutant in self._fitting(open_)]
        shown_kills = self._fitting(killed)
        return RowView(
            anchor=anchor,
            row=row,
            files=tuple(self._files(views)),
            killed=tuple(shown_kills),
            left_out=len(row.mutants) - len(views) - len(shown_kills),
            quiet=all(view.quiet for view in views),
        )

    def _fitting(self, mutants: Sequence[Mutant]) -> Sequence[Mutant]:
        shown = mutants[: self.room]
        self.room -= len(shown)
        return shown

    def _files(self, views: Iterable[MutantView]) -> Iterator[SourceView]:
        found: dict[str, list[MutantView]] = {}
        for view in views:
            found.setdefault(view.mutant.place.path, []).append(view)
        for path, inside in found.items():
            notes = ((Note(each.mutant.place, each), each.mutant.source_line) for each in inside)
            around = quoted_or_around(source_lines(self.sources, path), notes)
            yield SourceView(path=path, stretches=tuple(around))

    def _mutant(self, mutant: Mutant) -> MutantView:
        left, right = _beside(source_lines(self.sources, mutant.place.path), mutant.place)
        # With `--since`, what is not in a changed line is hidden; else, what no case renders.
        quiet = not mutant.in_changed_lines if self.since else mutant.status == "unseen"
        indent = left[: len(left) - len(left.lstrip())]
        return MutantView(
            mutant=mutant,
            left=left.lstrip(),
            before=_side(mutant.before, indent),
            after=_side(mutant.after, indent),
            right=right.rstrip(),
            quiet=quiet,
        )


def _beside(lines: Sequence[str], place: Place) -> tuple[str, str]:
    """The text before the place on its first line, and the text after it on its last line."""
    if not 0 < place.line <= place.end_line <= len(lines):
        return "", ""
    return lines[place.line - 1][: place.column - 1], lines[place.end_line - 1][
        place.end_column - 1 :
    ]


def _side(text: str, indent: str) -> str:
    """The text without the indentation of its first line, cut if it is long."""
    shown = text.replace(f"\n{indent}", "\n")
    cut = len(shown) - _LONGEST_SIDE
    return shown if cut <= 0 else f"{shown[:_LONGEST_SIDE]}… {and_more(cut, 'character')}"
