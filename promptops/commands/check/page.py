"""What only the HTML page of a gate needs: details to show, and whether git ignores its file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.commands.check.changes import TITLES
from promptops.model.check import CheckReport, Shown
from promptops.model.finding import Finding
from promptops.repo.repository import INDEX, WORKTREE, Repository
from promptops.workspace.workspace import Workspace


def page_details(workspace: Workspace, report: CheckReport) -> Shown:
    """The revision that was checked, and the files of its findings."""
    catalog, revision = workspace.catalog, workspace.revision
    commit_name = "HEAD" if revision in (WORKTREE, INDEX) else revision
    paths = list(dict.fromkeys(_mentioned_paths(report)))
    catalog.files.prefetch(paths)
    return Shown(
        head=TITLES.get(revision, revision),
        commit=workspace.repository.find(commit_name) or "",
        ids={path: catalog.ids.get(path, path) for path in report.why},
        sources={
            path: catalog.masked(path).text
            for path in paths
            if catalog.files.text(path) is not None
        },
        users=dict(_users(catalog, report.lint.findings)),
    )


def _users(catalog: Catalog, findings: Iterable[Finding]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in dict.fromkeys(finding.place.path for finding in findings if not finding.prompt):
        yield path, tuple(catalog.ids[user] for user in catalog.includers(path))


def _mentioned_paths(report: CheckReport) -> Iterator[str]:
    for finding in report.lint.findings:
        yield finding.place.path
        yield from (related.place.path for related in finding.related)
    for row in report.test.coverage:
        yield from (branch.place.path for branch in row.uncovered)


def unignored_files(repository: Repository, directory: Path, files: Iterable[str]) -> list[str]:
    """The written files below the root that git does not ignore.

    Args:
        files: Relative to `directory`; "-" is stdout.
    """
    if repository.bare:
        return []
    below = {file: (directory / file).resolve() for file in files if file != "-"}
    root = repository.root.resolve()
    return [
        file
        for file, path in below.items()
        if path.is_relative_to(root) and not repository.is_ignored(str(path.relative_to(root)))
    ]
