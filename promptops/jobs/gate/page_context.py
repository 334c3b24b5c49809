"""Details that only the HTML page of a gate shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.catalog.catalog import Catalog
from promptops.jobs.gate.changes import TITLES
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.check import CheckReport, Shown
from promptops.model.finding import Finding
from promptops.repo.repository import INDEX, WORKTREE


def shown(workspace: Workspace, report: CheckReport) -> Shown:
    """The revision that was checked, and the files of its findings."""
    catalog, revision = workspace.catalog, workspace.revision
    stands_on = "HEAD" if revision in (WORKTREE, INDEX) else revision
    paths = list(dict.fromkeys(_spoken_of(report)))
    catalog.files.prefetch(paths)
    return Shown(
        head=TITLES.get(revision, revision),
        commit=workspace.repository.find(stands_on) or "",
        ids={path: catalog.ids.get(path, path) for path in report.why},
        sources={
            path: catalog.masked(path).text
            for path in paths
            if catalog.files.text(path) is not None
        },
        users=dict(_users(catalog, report.lint.findings)),
    )


def _users(catalog: Catalog, findings: Iterable[Finding]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in dict.fromkeys(each.place.path for each in findings if not each.prompt):
        yield path, tuple(catalog.ids[user] for user in catalog.surroundings().includers(path))


def _spoken_of(report: CheckReport) -> Iterator[str]:
    for finding in report.lint.findings:
        yield finding.place.path
        yield from (related.place.path for related in finding.related)
    for row in report.test.coverage:
        yield from (branch.place.path for branch in row.uncovered)
