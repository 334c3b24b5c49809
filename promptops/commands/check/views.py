"""Findings, coverage and the overview of prompts as the page of the gate shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from promptops.commands.diff.page import Fold
from promptops.commands.diff.page import PromptChangesView as ChangesView
from promptops.commands.mutate.page import RowView as MutatedView
from promptops.model.check import CheckReport
from promptops.model.finding import Finding, Related, Severity
from promptops.model.place import Place
from promptops.model.test_run import CoverageRow
from promptops.records import record, replace
from promptops.report.findings.full import severities
from promptops.report.page.source import (
    AnnotatedLine,
    Note,
    Stretch,
    excerpt,
    quoted_or_around,
    source_lines,
    stretches,
)
from promptops.report.test.page import PromptResultsView as CasesView

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

    def file(self, anchor: str, path: str, findings: Sequence[Finding]) -> FileView:
        shown = findings[: max(self.room, 0)]
        self.room -= len(shown)
        views = [self.finding(finding) for finding in shown]
        lines = source_lines(self.sources, path)
        loose = tuple(view for view in views if not (lines or view.finding.source_line.strip()))
        notes = (
            (Note(view.finding.place, view), view.finding.source_line)
            for view in views
            if view not in loose
        )
        return FileView(
            anchor=anchor,
            path=path,
            stretches=tuple(quoted_or_around(lines, notes)),
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

    def _line(self, related: Related) -> AnnotatedLine[None] | None:
        lines, place = source_lines(self.sources, related.place.path), related.place
        return excerpt(lines[place.line - 1], place) if 0 < place.line <= len(lines) else None


def quiet(notes: Iterable[FindingView]) -> bool:
    """Whether a filter for failures hides it."""
    return not any(note.fails for note in notes)


# Branches that no case covers, in the source of their templates.

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
    shown = []
    for number, row in enumerate(rows, 1):
        paths = dict.fromkeys(branch.place.path for branch in row.uncovered)
        links = tuple((anchors[path], path) for path in paths)
        shown.append(RowView(f"covered-{number}", row, links))
    return tuple(shown), files


def _branches(rows: Iterable[CoverageRow]) -> dict[str, list[BranchView]]:
    """The uncovered branches by file; those of several prompts at one place are merged."""
    prompts: dict[tuple[Place, tuple[str, ...]], list[str]] = {}
    for row in rows:
        of_row: dict[Place, list[str]] = {}
        for branch in row.uncovered:
            of_row.setdefault(branch.place, []).append(branch.message)
        for place, found_labels in of_row.items():
            prompts.setdefault((place, tuple(found_labels)), []).append(row.prompt)
    found: dict[str, list[BranchView]] = {}
    for (place, labels), names in prompts.items():
        found.setdefault(place.path, []).append(BranchView(place, labels, tuple(names)))
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
        lines = source_lines(self.sources, path)
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


# The checked prompts, each with its results.


@record(frozen=True, slots=True, kw_only=True)
class PromptRow:
    """A checked prompt; each view is None if there is nothing to show.

    Attributes:
        name: Its id, or its path if the id is unknown.
        why: Why it was selected, or "".
        fails: Whether one of its findings or changes fails the gate.
        files: The files with findings about it.
        also: The names of prompts that the same edit reaches, and that have no row of their own.
    """

    name: str
    why: str
    changes: ChangesView | None
    cases: CasesView | None
    covered: RowView | None
    mutated: MutatedView | None
    findings: Counter[Severity]
    fails: bool
    files: tuple[FileView, ...]
    also: tuple[str, ...] = ()

    @property
    def anchors(self) -> tuple[str, ...]:
        """The anchors of all parts of the page about it, in order."""
        parts = (self.changes, *self.files, self.cases, self.covered, self.mutated)
        return tuple(part.anchor for part in parts if part is not None)

    @property
    def is_failing(self) -> bool:
        return self.fails or (self.cases is not None and not self.cases.quiet)

    @property
    def quiet(self) -> bool:
        """Whether a filter for changes and failures hides it."""
        return not self.is_failing and (self.changes is None or self.changes.quiet)


@record(frozen=True, slots=True, kw_only=True)
class Parts:
    """The other views of prompts on the page."""

    changes: Sequence[ChangesView]
    files: Sequence[FileView]
    cases: Sequence[CasesView]
    covered: Sequence[RowView]
    mutated: Sequence[MutatedView]


def prompt_rows(report: CheckReport, parts: Parts) -> tuple[PromptRow, ...]:
    """The checked prompts: failing ones first, then changed ones, then the others.

    Of the prompts that one edit reaches, the example and those that fail have a row.
    """
    rows = _Rows(report, parts)
    views = [rows.row(name) for name in rows.names()]
    reached = {
        each.id: view.prompt.id for view in parts.changes if view.through for each in view.also
    }
    also: dict[str, list[str]] = {}
    for row in views:
        if row.name in reached and not row.is_failing:
            also.setdefault(reached[row.name], []).append(row.name)
    left_out = {name for names in also.values() for name in names}
    shown = (
        replace(row, also=tuple(also.get(row.name, ())))
        for row in views
        if row.name not in left_out
    )
    return tuple(sorted(shown, key=lambda row: (not row.is_failing, row.changes is None)))


class _Rows:
    """The views of prompts by prompt name."""

    def __init__(self, report: CheckReport, parts: Parts) -> None:
        self.fail_on = report.fail_on
        ids = report.shown.ids if report.shown else {}
        self.why = {ids.get(path, path): why for path, why in report.why.items()}
        self.changes = {view.prompt.id: view for view in parts.changes}
        self.cases = {view.prompt: view for view in parts.cases}
        self.covered = {view.row.prompt: view for view in parts.covered}
        self.mutated = {view.row.name: view for view in parts.mutated}
        self.refused = {prompt.id for prompt, _ in report.refused_changes}
        users = report.shown.users if report.shown else {}
        self.findings = findings_by_prompt(report.lint.findings, users)
        self.files: dict[str, list[FileView]] = {}
        for file in parts.files:
            for prompt in file.prompts.union(users.get(file.path, ())):
                self.files.setdefault(prompt, []).append(file)

    def names(self) -> Iterable[str]:
        """The names of all checked prompts, each once; changed ones in the order of the diff."""
        return dict.fromkeys((*self.changes, *self.why, *self.cases, *self.covered))

    def row(self, name: str) -> PromptRow:
        findings = self.findings.get(name, [])
        failing = any(finding.severity >= self.fail_on for finding in findings)
        return PromptRow(
            name=name,
            why=self.why.get(name, ""),
            changes=self.changes.get(name),
            cases=self.cases.get(name),
            covered=self.covered.get(name),
            mutated=self.mutated.get(name),
            findings=severities(findings),
            fails=failing or name in self.refused,
            files=tuple(self.files.get(name, ())),
        )


def findings_by_prompt(
    findings: Iterable[Finding], users: Mapping[str, Sequence[str]]
) -> dict[str, list[Finding]]:
    """Findings by prompt; one in a shared file belongs to each prompt that uses the file."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        for prompt in (finding.prompt,) if finding.prompt else users.get(finding.place.path, ()):
            found.setdefault(prompt, []).append(finding)
    return found
