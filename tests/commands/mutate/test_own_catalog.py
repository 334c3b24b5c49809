"""The cases of this repository's own prompts notice when a prompt is broken."""

from pathlib import Path

import pytest

from promptops.commands.mutate.mutate import MutateOptions, mutate
from promptops.testing.options import RunOptions
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace

ROOT = Path(__file__).parents[3]
FLOOR_WITH_QUOTES = 0.97
FLOOR_BY_BEHAVIOUR = 0.56


@pytest.mark.slow
def test_the_cases_of_our_own_catalog_notice_most_mutants():
    with workspace(ROOT) as opened:
        found = mutate(opened, SelectionOptions(), MutateOptions(run=RunOptions()))

    of = found.by_operator
    rules = [of[name] for name in ("sentence", "item", "obligation", "tool")]
    assert found.count.score >= FLOOR_WITH_QUOTES
    assert [count.score >= FLOOR_WITH_QUOTES for count in rules] == [True] * 4
    assert found.count.behaviour_score >= FLOOR_BY_BEHAVIOUR
    facts = ("value", "condition", "loop", "message", "example")
    assert [of[name].behaviour_score for name in facts] == [1.0] * 5
    assert of["schema"].behaviour_score >= 0.87
    assert [row.name for row in found.rows if row.nothing] == []
    assert found.count.all > 330
