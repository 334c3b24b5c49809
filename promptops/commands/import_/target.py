"""The folder that imported prompts go to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from promptops.errors import UsageError
from promptops.lint.ids import better, is_fit
from promptops.records import record
from promptops.repo.repository import WORKTREE
from promptops.source.config import FILES
from promptops.workspace.workspace import Workspace


@record(frozen=True, slots=True, kw_only=True)
class Target:
    """A folder below a prompt root.

    Attributes:
        root: The prompt root, "" for the root of the repository.
        prefix: The folder below it, which begins each id; "" for the root itself.
    """

    root: str
    prefix: str


def target(workspace: Workspace, to: str | None) -> Target:
    """The folder of `--to`, by default the first prompt root.

    Raises UsageError for a folder outside of the prompt roots, and one whose name can't begin an
    id; GitError without a work tree.
    """
    workspace.repository.tree(WORKTREE, under=FILES)  # refuses a bare repository
    roots = {("" if root == "." else root.strip("/")): root for root in workspace.config.prompts}
    if to is None:
        return Target(root=next(iter(roots)), prefix="")
    inside = _below(workspace.repository.root, to)
    for root in roots:
        if inside is not None and (not root or inside == root or inside.startswith(f"{root}/")):
            return Target(root=root, prefix=_prefix(inside.removeprefix(root).strip("/"), to))
    first = next(iter(roots.values()))
    raise UsageError(f"`{to}` is not below a prompt root", hint=_hint(roots, first))


def _below(root: Path, to: str) -> str | None:
    """The path from the root of the repository; None outside of it."""
    inside = os.path.relpath(os.path.realpath(to), os.path.realpath(root)).replace(os.sep, "/")
    if inside == ".":
        return ""
    return None if inside.split("/")[0] == ".." else inside


def _hint(roots: Mapping[str, str], first: str) -> str:
    return "such as --to NAME" if "" in roots else f"such as --to {first}/NAME"


def _prefix(prefix: str, to: str) -> str:
    if prefix and not is_fit(prefix):
        near = better(prefix)
        hint = f"write {near!r}" if near else "use a-z, 0-9, '-', '_' and '/'"
        raise UsageError(f"`{to}` can't begin the ids of prompts", hint=hint)
    return prefix
