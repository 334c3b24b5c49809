"""The checked prompts, each with its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from promptops.model.check import CheckReport
from promptops.model.finding import Finding, Severity
from promptops.records import record
from promptops.report.check.page.coverage import RowView
from promptops.report.check.page.findings import FileView
from promptops.report.diff.page.views import PromptChangesView as ChangesView
from promptops.report.mutate.html import RowView as MutatedView
from promptops.report.parts.summary import severities
from promptops.report.test.page.views import PromptResultsView as CasesView


@record(frozen=True, slots=True, kw_only=True)
class PromptRow:
    """A checked prompt; each view is None if there is nothing to show.

    Attributes:
        name: Its id, or its path if the id is unknown.
        why: Why it was selected, or "".
        fails: Whether one of its findings or changes fails the gate.
        files: The files with findings about it.
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

    @property
    def anchors(self) -> tuple[str, ...]:
        """The anchors of all parts of the page about it, in order."""
        parts = (self.changes, *self.files, self.cases, self.covered, self.mutated)
        return tuple(part.anchor for part in parts if part is not None)

    @property
    def quiet(self) -> bool:
        """Whether a filter for changes and failures hides it."""
        changed = self.changes is not None and not self.changes.quiet
        passed = self.cases is None or self.cases.quiet
        return passed and not (changed or self.fails)


@record(frozen=True, slots=True, kw_only=True)
class Parts:
    """The other views of prompts on the page."""

    changes: Sequence[ChangesView]
    files: Sequence[FileView]
    cases: Sequence[CasesView]
    covered: Sequence[RowView]
    mutated: Sequence[MutatedView]


def prompt_rows(report: CheckReport, parts: Parts) -> tuple[PromptRow, ...]:
    """The checked prompts: failing ones first, then changed ones, then the others."""
    rows = _Rows(report, parts)
    views = [rows.row(name) for name in rows.names()]
    return tuple(sorted(views, key=lambda row: (not _fails(row), row.changes is None)))


def _fails(row: PromptRow) -> bool:
    return row.fails or (row.cases is not None and not row.cases.quiet)


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
