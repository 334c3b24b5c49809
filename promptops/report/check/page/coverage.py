"""Branches that no case covers, in the source of their templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.model.check import CheckReport
from promptops.model.place import Place
from promptops.model.test_run import CoverageRow
from promptops.records import record
from promptops.report.diff.page.rows import Fold
from promptops.report.page.source import Note, Stretch, stretches

MOST = 1_000
_MOST_TO_SHOW = 1_000_000


@record(frozen=True, slots=True)
class RowView:
    """The coverage of a prompt, with links to the files of its uncovered branches.

    Attributes:
        files: Anchor and path of each file, once.
    """

    anchor: str
    row: CoverageRow
    files: tuple[tuple[str, str], ...]


@record(frozen=True, slots=True)
class BranchView:
    """A branch at one place that no case of some prompts covers."""

    place: Place
    labels: tuple[str, ...]
    prompts: tuple[str, ...]


@record(frozen=True, slots=True, kw_only=True)
class TemplateView:
    """A file with branches that no case covers.

    Attributes:
        parts: Its lines; lines far from such branches are folded; on a full page they are
            left out and have no text.
        loose: Branches without a line to show.
        left_out: The number of places not shown because of the limit.
    """

    anchor: str
    path: str
    places: int
    parts: tuple[Stretch[BranchView] | Fold, ...]
    loose: tuple[BranchView, ...]
    left_out: int


def coverage_views(report: CheckReport) -> tuple[tuple[RowView, ...], tuple[TemplateView, ...]]:
    """All prompts in the order of the run, and all files in the order of their branches."""
    rows = report.test.coverage
    found = _branches(rows)
    anchors = {path: f"template-{number}" for number, path in enumerate(found, 1)}
    page = _CoverageViews(report.shown.sources if report.shown else {})
    files = tuple(page.file(anchors[path], path, views) for path, views in found.items())
    shown = tuple(_row(number, row, anchors) for number, row in enumerate(rows, 1))
    return shown, files


def _row(number: int, row: CoverageRow, anchors: Mapping[str, str]) -> RowView:
    paths = dict.fromkeys(branch.place.path for branch in row.uncovered)
    return RowView(f"covered-{number}", row, tuple((anchors[path], path) for path in paths))


def _branches(rows: Iterable[CoverageRow]) -> dict[str, list[BranchView]]:
    """The uncovered branches by file; those of several prompts at one place are merged."""
    prompts: dict[tuple[Place, tuple[str, ...]], list[str]] = {}
    for row in rows:
        for place, found_labels in _labels(row).items():
            prompts.setdefault((place, tuple(found_labels)), []).append(row.prompt)
    found: dict[str, list[BranchView]] = {}
    for (place, labels), names in prompts.items():
        found.setdefault(place.path, []).append(BranchView(place, labels, tuple(names)))
    return found


def _labels(row: CoverageRow) -> dict[Place, list[str]]:
    found: dict[Place, list[str]] = {}
    for branch in row.uncovered:
        found.setdefault(branch.place, []).append(branch.message)
    return found


class _CoverageViews:
    """Creates the views of one report and counts the room that is left."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.sources = sources
        self.branches = MOST
        self.to_show = _MOST_TO_SHOW

    def file(self, anchor: str, path: str, views: Sequence[BranchView]) -> TemplateView:
        shown = views[: max(self.branches, 0)]
        self.branches -= len(shown)
        source = self.sources.get(path)
        lines = [] if source is None else source.removesuffix("\n").split("\n")
        return TemplateView(
            anchor=anchor,
            path=path,
            places=len(views),
            parts=tuple(self._parts(lines, shown)) if lines and shown else (),
            loose=() if lines else tuple(shown),
            left_out=len(views) - len(shown),
        )

    def _parts(
        self, lines: Sequence[str], views: Sequence[BranchView]
    ) -> Iterator[Stretch[BranchView] | Fold]:
        behind = 0
        for stretch in stretches(lines, (Note(view.place, view) for view in views)):
            yield from self._folded(lines[behind : stretch.lines[0].number - 1])
            yield stretch
            behind = stretch.lines[-1].number
        yield from self._folded(lines[behind:])

    def _folded(self, lines: Sequence[str]) -> Iterator[Fold]:
        if lines:
            text = "\n".join(lines)
            self.to_show -= len(text)
            yield Fold(lines=len(lines), text=text if self.to_show > 0 else "")
