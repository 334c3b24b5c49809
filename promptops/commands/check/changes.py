"""The changes since the base of a gate, and the required version bump."""

from __future__ import annotations

from collections.abc import Container

from promptops.commands.diff.comparison import ComparisonSide, empty_side, sides_between
from promptops.commands.diff.diff import DiffOptions, diff
from promptops.model.change import DiffReport
from promptops.records import replace
from promptops.repo.repository import INDEX, WORKTREE
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import Workspace

TITLES = {WORKTREE: "the work tree", INDEX: "the index"}
"""Titles of sides that are not commits."""


def changes_since(
    base: Workspace, head: Workspace, wanted: SelectionOptions, selected: Container[str]
) -> DiffReport:
    """The changes of the selected and of the removed prompts.

    Everything is new if the base has no prompts. Tokens are estimated, so that the verdict does not
    depend on the machine.
    """
    newer = _side(head, TITLES.get(head.revision, head.revision))
    older = _side(base, base.revision[:12]) if base.catalog.prompt_files else empty_side(newer)
    chosen = DiffOptions(patterns=wanted.patterns, estimated=True)
    report = diff(sides_between(head.repository, older, newer), chosen)
    paths = head.catalog.paths
    every = wanted.selectors == ()  # removed prompts have no metadata to select them by
    remaining = (
        prompt
        for prompt in report.prompts
        if _is_included(paths.get(prompt.id), selected, gone=every)
    )
    return replace(report, prompts=tuple(remaining))


def _is_included(path: str | None, selected: Container[str], *, gone: bool) -> bool:
    return gone if path is None else path in selected


def _side(workspace: Workspace, title: str) -> ComparisonSide:
    """The side of an open workspace."""
    revision = workspace.revision
    is_commit = revision not in (WORKTREE, INDEX)
    commit = workspace.repository.resolve(revision) if is_commit else None
    return ComparisonSide(
        title=title,
        catalog=workspace.catalog,
        config=workspace.config,
        commit=commit,
        revision=commit or revision,
    )
