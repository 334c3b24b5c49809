"""Errors in prompts that can be found although the configuration has errors."""

from __future__ import annotations

from pathlib import Path

from promptops.commands.lint.lint import LintOptions, lint
from promptops.errors import PromptopsError
from promptops.model.config import Config, LintSettings
from promptops.model.finding import Severity
from promptops.model.report import LintReport
from promptops.records import replace
from promptops.repo.repository import WORKTREE, Repository
from promptops.source.config import FILES, valid_part
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace_with

_RULES = ("SCH", "TPL", "VAR", "SEC", "TST002")
"""Rules that read no setting except the roots."""

_WITHOUT_ROOTS = ("SCH001", "SCH003", "SCH010", "SCH011", "SCH012", "TPL001", "TPL002", "VAR001")
"""Rules that follow no reference to another file, or are silent without it."""


def errors_despite_config(
    directory: Path, revision: str, wanted: SelectionOptions
) -> LintReport | None:
    """The errors that do not depend on the wrong settings; None if the prompts can't be read.

    Neither lint settings nor the baseline are applied: warnings are left out, because they may be
    ignored there.
    """
    try:
        with Repository.open(directory) as repository:
            at = "HEAD" if revision == WORKTREE and repository.bare else revision
            valid = valid_part(repository.tree(at, under=FILES).read(FILES))
            config = replace(valid or Config(), lint=LintSettings())
            rules = _RULES if valid is not None else _WITHOUT_ROOTS
            options = LintOptions(
                select=rules, use_cache=False, use_baseline=False, untrusted=True, processes=1
            )
            # A changed configuration selects every prompt.
            whole = replace(wanted, staged=False, since=None)
            report = lint(workspace_with(repository, at, config), whole, options)
    except PromptopsError:
        return None
    errors = tuple(
        each
        for each in report.findings
        if each.severity is Severity.ERROR and each.place.path not in FILES
    )
    return replace(report, findings=errors)
