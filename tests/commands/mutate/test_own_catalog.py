"""The cases of this repository's own prompts notice when a prompt is broken."""

from pathlib import Path

import pytest

from promptops.commands.mutate.mutate import MutateOptions, mutate
from promptops.testing.options import RunOptions
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace

ROOT = Path(__file__).parents[3]
FLOOR = 0.85


@pytest.mark.slow
def test_the_cases_of_our_own_catalog_notice_most_mutants():
    with workspace(ROOT) as opened:
        found = mutate(opened, SelectionOptions(), MutateOptions(run=RunOptions()))

    rules = [found.by_operator[name] for name in ("sentence", "item", "obligation", "tool")]
    assert found.count.score >= FLOOR, f"{found.count.survived} of {len(found.mutants)} survived"
    assert [count.score >= FLOOR for count in rules] == [True] * 4
    assert [row.name for row in found.rows if row.nothing] == []
    assert found.count.killed + found.count.survived > 250
