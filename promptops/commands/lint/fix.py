"""Fix findings in the work tree by editing text, and prove that a safe fix changes no request."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.commands.lint.lint import LintOptions, lint
from promptops.errors import GitError, InputError, UsageError, os_reason
from promptops.model.finding import Edit, Finding
from promptops.model.report import LintReport
from promptops.records import record, replace
from promptops.repo.repository import INDEX, WORKTREE
from promptops.workspace.edits import (
    case_requests,
    edit_end,
    edit_start,
    edited_contents,
    with_changes,
)
from promptops.workspace.listing import plain_value
from promptops.workspace.selection import SelectionOptions, select
from promptops.workspace.workspace import Workspace, workspace_at

MAX_PASSES = 8


@record(frozen=True, slots=True)
class Fixed:
    """The result of `--fix`.

    Attributes:
        report: The remaining findings.
        workspace: The workspace after the fixes.
        difference: A unified diff of what would change, for a dry run.
    """

    report: LintReport
    workspace: Workspace
    difference: str


def fix(
    workspace: Workspace, wanted: SelectionOptions, options: LintOptions, *, unsafe: bool, dry: bool
) -> Fixed:
    """Apply fixes, pass after pass, because one fix may uncover another.

    Raises GitError for a partly staged file: fixes could not be separated from its unstaged
    changes.
    """
    if workspace.revision != WORKTREE:
        raise UsageError("only the work tree can be fixed", hint="leave out --at")
    _refuse_partly_staged(workspace, wanted)
    options = replace(options, use_cache=False)
    fixed_files: dict[str, bytes] = {}
    first = report = lint(workspace, wanted, options)
    for _ in range(MAX_PASSES):
        added = _contents_after_pass(workspace, report, unsafe=unsafe)
        if not added:
            break
        fixed_files |= added
        workspace = with_changes(workspace, added)
        report = lint(workspace, wanted, options)
    difference = "".join(_difference(workspace, fixed_files)) if dry else ""
    if not dry:
        for path, data in fixed_files.items():
            _write_file(workspace.repository.root / path, data, path)
    gone = len(first.findings) - len(report.findings) if fixed_files else 0
    return Fixed(replace(report, fixed=max(gone, 0)), workspace, difference)


def _refuse_partly_staged(workspace: Workspace, wanted: SelectionOptions) -> None:
    if not wanted.staged:
        return
    selected = select(workspace, wanted)
    unstaged = {change.path for change in workspace.repository.changed(INDEX, WORKTREE)}
    partly = sorted(unstaged & (selected.changed or frozenset()))
    if partly:
        raise GitError(
            "partly staged: its unstaged changes would be fixed too",
            where=partly[0],
            hint="stage or stash its other changes, or run `promptops lint --fix` by hand",
        )


def _contents_after_pass(
    workspace: Workspace, report: LintReport, *, unsafe: bool
) -> dict[str, bytes]:
    """The new content of each file that a fix changes."""
    fixes = [finding for finding in report.findings if finding.fix is not None]
    safe = _proved(workspace, [finding for finding in fixes if finding.fix and finding.fix.safe])
    rest = [finding for finding in fixes if unsafe and finding.fix and not finding.fix.safe]
    return _apply_fixes(workspace.catalog, [*safe, *rest])


def safe_edits(workspace: Workspace, findings: Iterable[Finding]) -> list[Edit]:
    """The edits of safe fixes that together are proved to change no request.

    Edits do not overlap. A fix that changes a request is left out, and so is any unsafe one.
    """
    safe = [finding for finding in findings if finding.fix is not None and finding.fix.safe]
    return _without_overlaps(_proved(workspace, safe))


def _proved(workspace: Workspace, safe: Sequence[Finding]) -> Sequence[Finding]:
    """The fixes that are proved safe: all together, or else each by itself."""
    if _change_no_request(workspace, safe):
        return safe
    alone = [finding for finding in safe if _change_no_request(workspace, [finding])]
    return alone if _change_no_request(workspace, alone) else alone[:1]


def _change_no_request(workspace: Workspace, findings: Sequence[Finding]) -> bool:
    """Whether the prompts that fixes touch parse and render as before."""
    contents = _apply_fixes(workspace.catalog, findings)
    if not contents:
        return True
    before, after = workspace.catalog, with_changes(workspace, contents).catalog
    above = {path for touched in contents for path in before.graph.dependents(touched)}
    concerned = sorted(path for path in above.union(contents) if path in before.ids)
    before.files.prefetch(concerned)
    return all(_meaning(before, path) == _meaning(after, path) for path in concerned)


def _meaning(catalog: Catalog, path: str) -> tuple[Any, ...]:
    """The meaning of a prompt file: its content, and the rendered request of each case."""
    prompt = catalog.loaded(path).prompt
    if prompt is None:
        return (catalog.document(path).value,)
    return (plain_value(prompt), *case_requests(catalog, prompt))


def _apply_fixes(catalog: Catalog, findings: Iterable[Finding]) -> dict[str, bytes]:
    """The files with the edits of all fixes."""
    contents = edited_contents(catalog, _without_overlaps(findings))
    return {path: new for path, new in contents.items() if new != catalog.files.data(path)}


def _without_overlaps(findings: Iterable[Finding]) -> list[Edit]:
    """The edits of all fixes; of two fixes that overlap, those of the first."""
    edits: dict[str, list[Edit]] = {}
    for finding in findings:
        assert finding.fix is not None
        if not any(_overlaps(edit, edits.get(edit.place.path, [])) for edit in finding.fix.edits):
            for edit in finding.fix.edits:
                edits.setdefault(edit.place.path, []).append(edit)
    return [edit for own in edits.values() for edit in own]


def _overlaps(edit: Edit, others: Iterable[Edit]) -> bool:
    start, end = edit_start(edit), edit_end(edit)
    return any(
        start == edit_start(other) or (start < edit_end(other) and edit_start(other) < end)
        for other in others
    )


def _difference(workspace: Workspace, fixed_files: Mapping[str, bytes]) -> Iterator[str]:
    before = workspace_at(workspace.repository, WORKTREE).catalog
    for path, data in sorted(fixed_files.items()):
        name = f"{path}\t" if " " in path else path  # as git writes it, for `git apply`
        sides = (_lines_with_ends(before.files.data(path) or b""), _lines_with_ends(data))
        for line in difflib.unified_diff(*sides, f"a/{name}", f"b/{name}"):
            yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines_with_ends(data: bytes) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", data.decode("utf-8", "surrogateescape"))


def _write_file(file: Path, data: bytes, path: str) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise InputError(f"can't be fixed: {os_reason(error)}", where=path) from None
