"""Prompts to break, and what mutation testing finds in them."""

from __future__ import annotations

from collections.abc import Iterable

from promptops.commands.mutate.mutate import MutateOptions, mutate
from promptops.model.mutant import MutationRow, MutationRun
from promptops.testing.options import RunOptions
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.conftest import GitRepository

ASK = "prompts/ask.prompt.yaml"
HEAD = "format: promptops/1\nmodel: {provider: openai, id: m}\n"


def mutated(
    repo: GitRepository,
    *patterns: str,
    operators: Iterable[str] = (),
    since: str | None = None,
    live: bool = False,
    max_mutants: int = 20,
    fail_under: float | None = None,
    **run: object,
) -> MutationRun:
    """Mutation testing of the work tree."""
    wanted = SelectionOptions(patterns=patterns, since=since)
    options = MutateOptions(
        operators=tuple(operators),
        live=live,
        max_mutants=max_mutants,
        fail_under=fail_under,
        run=RunOptions(**{"mode": "live" if live else "replay", **run}),
    )
    with workspace(repo.root) as opened:
        return mutate(opened, wanted, options)


def statuses(found: MutationRun | MutationRow) -> list[tuple[str, str, str]]:
    """Operator, change and status of each mutant, in order."""
    return [(each.operator, each.change, each.status) for each in found.mutants]
