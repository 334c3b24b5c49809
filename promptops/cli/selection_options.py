"""Options of `check` and `report`, converted for their jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptops.untrusted import is_untrusted

if TYPE_CHECKING:
    from promptops.cli.output import OutputOptions
    from promptops.jobs.lint.lint import LintOptions
    from promptops.jobs.workspace.selection import SelectionOptions
    from promptops.jobs.workspace.workspace import Workspace


def selection_and_lint(options: Mapping[str, Any]) -> tuple[SelectionOptions, LintOptions]:
    """The selection and the lint options, from `patterns`, `since`, `select` and `no_cache`."""
    from promptops.jobs.lint.lint import LintOptions
    from promptops.jobs.workspace.selection import SelectionOptions

    wanted = SelectionOptions(
        patterns=options["patterns"], since=options["since"], selectors=options["select"]
    )
    untrusted = is_untrusted()
    cached = not options["no_cache"]
    return wanted, LintOptions(use_cache=cached, untrusted=untrusted, doubt_comments=untrusted)


def note_unjudged(output: OutputOptions, workspace: Workspace, options: Mapping[str, Any]) -> None:
    """Print which uncommitted changes a gate against a base leaves out, and how to include them."""
    from promptops.counting import some
    from promptops.jobs.workspace.workspace import managed
    from promptops.report.parts.visible import visible_path

    repository = workspace.repository
    named = options["revision"] is not None or options["staged"] or options["worktree"]
    if options["since"] is None or named or repository.bare:
        return
    changed = repository.uncommitted(managed(workspace.config))
    if changed:
        files = some([visible_path(path) for path in changed], 1, "file")
        output.note(f"not checked: uncommitted changes in {files}")
        output.note("  tip: --worktree checks the files on disk, --staged the index")
