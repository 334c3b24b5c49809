"""Findings at their source, by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.model.check import CheckReport
from promptops.model.finding import Finding, Related, Severity
from promptops.records import record
from promptops.report.page.source import (
    AnnotatedLine,
    Note,
    Stretch,
    excerpt,
    excerpt_of,
    stretches,
)
from promptops.report.parts.summary import severities

MOST = 1_000
"""The limit of findings on the page; a browser still opens this many quickly."""

_MOST_LINES_OF_A_FINDING = 20


@record(frozen=True, slots=True)
class RelatedView:
    """Another place that a finding refers to; its line is None if the file is unknown."""

    related: Related
    line: AnnotatedLine[None] | None


@record(frozen=True, slots=True)
class FindingView:
    """A finding.

    Attributes:
        fails: Whether the gate fails because of it.
    """

    finding: Finding
    fails: bool
    related: tuple[RelatedView, ...]


@record(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file with findings.

    Attributes:
        loose: Findings without a line to show.
        left_out: The number of findings not shown because of the limit.
    """

    anchor: str
    path: str
    stretches: tuple[Stretch[FindingView], ...]
    loose: tuple[FindingView, ...]
    counts: Counter[Severity]
    left_out: int

    @property
    def prompts(self) -> frozenset[str]:
        """The prompts of its findings."""
        shown = [*self.loose, *(note for each in self.stretches for note in each.notes)]
        return frozenset(view.finding.prompt for view in shown)


def file_views(report: CheckReport) -> tuple[FileView, ...]:
    """The files with findings, in the order of their worst: those that fail the gate first."""
    found: dict[str, list[Finding]] = {}
    for finding in sorted(report.lint.findings, key=lambda each: each.severity < report.fail_on):
        found.setdefault(finding.place.path, []).append(finding)
    page = _FindingViews(report)
    return tuple(
        page.file(f"file-{number}", path, findings)
        for number, (path, findings) in enumerate(found.items(), 1)
    )


class _FindingViews:
    """Creates the views of one report and counts how many findings still fit."""

    def __init__(self, report: CheckReport) -> None:
        self.fail_on = report.fail_on
        self.sources: Mapping[str, str] = report.shown.sources if report.shown else {}
        self.room = MOST
        self._lines: dict[str, Sequence[str]] = {}

    def file(self, anchor: str, path: str, findings: Sequence[Finding]) -> FileView:
        shown = findings[: max(self.room, 0)]
        self.room -= len(shown)
        views = [self.finding(finding) for finding in shown]
        lines = self.lines(path)
        loose = tuple(view for view in views if not (lines or view.finding.source_line.strip()))
        return FileView(
            anchor=anchor,
            path=path,
            stretches=tuple(_placed([view for view in views if view not in loose], lines)),
            loose=loose,
            counts=severities(findings),
            left_out=len(findings) - len(shown),
        )

    def finding(self, finding: Finding) -> FindingView:
        related = tuple(
            RelatedView(each, self._line(each))
            for each in finding.related[:_MOST_LINES_OF_A_FINDING]
        )
        return FindingView(finding, finding.severity >= self.fail_on, related)

    def lines(self, path: str) -> Sequence[str]:
        """The lines of a file; empty if the file is unknown."""
        if path not in self._lines:
            source = self.sources.get(path)
            self._lines[path] = () if source is None else source.removesuffix("\n").split("\n")
        return self._lines[path]

    def _line(self, related: Related) -> AnnotatedLine[None] | None:
        lines, place = self.lines(related.place.path), related.place
        return excerpt(lines[place.line - 1], place) if 0 < place.line <= len(lines) else None


def _placed(views: Sequence[FindingView], lines: Sequence[str]) -> Iterator[Stretch[FindingView]]:
    """Findings of an unknown file, each with the source line that it carries itself."""
    if lines:
        yield from stretches(lines, (Note(view.finding.place, view) for view in views))
    else:
        for view in views:
            yield excerpt_of(view.finding.source_line, Note(view.finding.place, view))


def quiet(notes: Iterable[FindingView]) -> bool:
    """Whether a filter for failures hides it."""
    return not any(note.fails for note in notes)
