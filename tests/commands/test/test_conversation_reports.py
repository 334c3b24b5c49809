"""Reports of `promptops test` name the turn, and show the conversation."""

from __future__ import annotations

import pytest

from promptops.report.page.document import Room
from promptops.report.test.page import prompt_views
from promptops.testing.options import RunOptions
from promptops.testing.runner import CaseRunner
from promptops.workspace.selection import Selected
from promptops.workspace.workspace import workspace
from tests.conversation import ANSWERS, PATH, PROMPT, converse, profile

WRONG = PROMPT.replace("{type: not-contains, value: sorry}", "{type: contains, value: sorry}")
WRONG = WRONG.replace("value: [lookup_order, refund]", "value: [refund, lookup_order]")
DELIVERED = "Delivered 12 days ago: within 14 days. Refund it?"
RESULT = '{"status": "delivered", "days": 12}'
LOOK_UP = '[calls {"arguments": {"id": "1182"}, "name": "lookup_order"}]'


@pytest.fixture
def failing(repo):
    """A conversation whose second answer, and whose order of calls, violate contracts."""
    repo.write({"promptops.toml": profile(), PATH: WRONG})
    converse(repo)
    return repo


@pytest.fixture
def stale(repo):
    """A conversation whose first answer alone is recorded."""
    repo.write({"promptops.toml": profile(), PATH: PROMPT})
    converse(repo, ANSWERS[:1])
    return repo


def _view(repo):
    with workspace(repo.root) as opened:
        selected = Selected({PATH: "it is asked for"})
        run = CaseRunner(opened, selected, RunOptions()).run()
    (prompt,) = prompt_views(run, Room())
    return prompt.columns, prompt.cases[0]


@pytest.mark.parametrize("name", ["text", "verbose", "markdown", "github"])
@pytest.mark.parametrize("state", ["failing", "stale"])
def test_a_report_names_the_turn(request, say, golden, state, name):
    root = str(request.getfixturevalue(state).root)
    form = ("-v",) if name == "verbose" else ("--format", name)

    done = say("test", "-C", root, *form)

    assert done.code == 1
    golden(f"{state}.{name}.txt", done.out)


def test_junit_shows_the_answer_of_the_turn(failing, say):
    done = say("test", "-C", str(failing.root), "--format", "junit")

    assert (
        '<failure message="turn 2: `contains` does not hold; `tool-sequence` does not hold"'
        in done.out
    )
    assert f"<system-out>{DELIVERED}</system-out>" in done.out


def test_a_page_shows_the_conversation_with_its_turns(failing):
    columns, view = _view(failing)

    assert [(each.on, each.type, each.begins) for each in columns] == [
        ("answer", "tool-calls", True),
        ("answer", "contains", False),
        ("conversation", "max-turns", True),
        ("conversation", "tool-sequence", False),
        ("conversation", "no-repeat", False),
    ]
    assert [(each.role, each.text.text, each.turn) for each in view.messages] == [
        ("system", "You support users of the hub.", None),
        ("user", "I want my money back for order 1182.", 1),
        ("assistant", LOOK_UP, None),
        ("tool", RESULT, 2),
        ("assistant", DELIVERED, None),
        ("user", "Thanks, do it.", 3),
    ]
    assert [
        (each.result.turn, each.result.on) for each in view.results if each.shown == "failed"
    ] == [
        (2, "answer"),
        (None, "conversation"),
    ]
    assert (view.turns, [call.text for call in view.calls]) == (3, ['refund({"id": "1182"})'])


def test_a_page_shows_a_conversation_up_to_the_turn_without_a_recording(stale):
    _, view = _view(stale)

    assert [(each.role, each.text.text, each.turn) for each in view.messages] == [
        ("system", "You support users of the hub.", None),
        ("user", "I want my money back for order 1182.", 1),
        ("assistant", LOOK_UP, None),
    ]
    assert (view.case.turn, view.case.place.line) == (2, 23)
    assert view.short_reason == "turn 2: its request has no recording"


def test_the_shards_of_a_conversation_are_merged_to_the_same_report(failing, say, tmp_path):
    root, shard = str(failing.root), tmp_path / "1.jsonl"
    say("test", "-C", root, "--shard", "1/1", "--format", f"jsonl={shard}")

    merged = say("test", "-C", root, "--merge-shards", str(shard), "--format", "markdown")

    assert merged.out == say("test", "-C", root, "--format", "markdown").out
