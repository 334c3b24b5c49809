"""What the tests of each prompt notice, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from promptops.model.check import BOUNDARIES, CheckReport
from promptops.records import record
from promptops.report.check.page.overview import PromptRow, findings_by_prompt


@record(frozen=True, slots=True, kw_only=True)
class TestsView:
    """How much the tests of a prompt are worth.

    Attributes:
        row: The prompt, with its cases and covered branches.
        faults: Places that break for inputs at the boundaries of their schema; None if they were
            not checked.
        anchor: The anchor of the first of these findings, or "".
    """

    row: PromptRow
    faults: int | None
    anchor: str = ""

    @property
    def quiet(self) -> bool:
        """Whether nothing is left to do: all branches are covered, and no place breaks."""
        covered = self.row.covered.row if self.row.covered is not None else None
        return not self.faults and (covered is None or covered.covered == covered.total)


def tests_views(report: CheckReport, rows: Iterable[PromptRow]) -> tuple[TestsView, ...]:
    """The prompts of which anything was measured, in the order of the page."""
    ids = report.shown.ids if report.shown else {}
    checked = {ids.get(path, path) for path in report.lint.opt_in.get(BOUNDARIES, ())}
    users = report.shown.users if report.shown else {}
    breaking = (each for each in report.lint.findings if each.code == BOUNDARIES)
    found = {
        name: [each.place.path for each in findings]
        for name, findings in findings_by_prompt(breaking, users).items()
    }
    views = [_view(row, found.get(row.name, ()), row.name in checked) for row in rows]
    return tuple(view for view in views if view.row.covered or view.faults is not None)


def _view(row: PromptRow, paths: Sequence[str], checked: bool) -> TestsView:
    anchors = {file.path: file.anchor for file in row.files}
    anchor = anchors.get(paths[0], "") if paths else ""
    return TestsView(row=row, faults=len(paths) if checked or paths else None, anchor=anchor)
