"""Refuse missing roots: with a misspelt one every check would pass without prompts."""

from __future__ import annotations

from promptops.catalog.references import has_below
from promptops.errors import InputError
from promptops.jobs.workspace.workspace import Workspace
from promptops.model.config import Config

_NOT_NAMED = (*Config().prompts, ".")


def refuse_missing_roots(workspace: Workspace) -> None:
    """Raise InputError for a root of prompts with no file below it.

    The default one may be missing: a repository begins without prompts.
    """
    for root in workspace.config.prompts:
        entries = workspace.catalog.files.entries
        if root not in _NOT_NAMED and not has_below(entries, root):
            raise InputError(
                f"there are no files below `{root}`, which `prompts` names as a folder of prompts",
                where=workspace.config.path,
                hint="fix the name, or leave it out",
            )
