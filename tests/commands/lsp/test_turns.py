"""A case with turns in an editor: keys, assertions, outline, state, preview, recorded answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lsprotocol import types

from promptops.commands.lint.live import Live
from promptops.commands.lsp.commands import code_lenses, preview_of, recorded_answer
from promptops.commands.lsp.structure import document_symbols
from promptops.commands.run.tried import Tried
from promptops.runtime.request.canonical import request_digest
from promptops.workspace.render import render_turn
from promptops.workspace.workspace import workspace
from tests.commands.lsp.at_mark import hovered, labels
from tests.commands.lsp.opened_files import about, opened
from tests.conftest import GitRepository
from tests.conversation import ANSWERS, CASE, PATH, PROMPT, converse, profile

CONVERSATION = "{type: max-turns, value: 4}"
THANKS = 'output: [{type: tool-calls, value: [{name: refund, arguments: {id: "1182"}}]}]'
LOOK_UP = '[calls {"arguments": {"id": "1182"}, "id": "call_1_1", "name": "lookup_order"}]'
RESULT = '{"status": "delivered", "days": 12}'


@pytest.fixture
def spoken(repo: GitRepository) -> Iterator[Live]:
    """An open repository with a recorded conversation."""
    repo.write({"promptops.toml": profile(), PATH: PROMPT})
    converse(repo)
    found = Live(repo.root)
    yield found
    found.close()


def with_mark(old: str, new: str) -> str:
    assert PROMPT.count(old) == 1
    return PROMPT.replace(old, new)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (with_mark("    conversation:\n", "    ¦\n    conversation:\n"), {"expected", "tags"}),
        (with_mark("    turns:\n", "    ¦\n    other:\n"), {"turns"}),
        (with_mark(f"        {THANKS}\n", "        ¦\n"), {"tool", "output"}),
        (
            with_mark("{name: lookup_order, result: {status: delivered, days: 12}}", "{¦}"),
            {"name", "result"},
        ),
        (with_mark("user: Thanks, do it.", "user: {¦}"), {"simulate", "goal", "max-turns"}),
    ],
)
def test_the_keys_of_turns_are_offered(spoken: Live, text: str, expected: set[str]) -> None:
    assert expected <= set(labels(spoken, PATH, text))


OF_CONVERSATIONS = {"max-turns", "no-repeat", "tool-sequence", "tool-set"}
OF_BOTH = {"llm-rubric", "max-cost", "max-latency"}


@pytest.mark.parametrize(
    ("text", "offered", "others"),
    [
        (
            with_mark(CONVERSATION, "{type: ¦}"),
            OF_CONVERSATIONS | OF_BOTH,
            {"contains", "tool-calls", "message-count"},
        ),
        (
            with_mark(f"        {THANKS}", "        output: [{type: ¦}]"),
            {"contains", "tool-calls"} | OF_BOTH,
            OF_CONVERSATIONS | {"message-count"},
        ),
    ],
)
def test_assertions_are_offered_where_they_can_be(
    spoken: Live, text: str, offered: set[str], others: set[str]
) -> None:
    found = set(labels(spoken, PATH, text))

    assert (offered - found, others & found) == (set(), set())


@pytest.mark.parametrize(
    "text",
    [
        with_mark(
            "{name: lookup_order, result: {status: delivered, days: 12}}", "{name: lo¦, result: x}"
        ),
        with_mark("value: [lookup_order, refund]", "value: [¦]"),
    ],
)
def test_tools_are_offered(spoken: Live, text: str) -> None:
    assert spoken.catalog.loaded(PATH).prompt is not None  # as it was when it was opened

    assert labels(spoken, PATH, text) == ["lookup_order", "refund"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            with_mark("    turns:", "    tur¦ns:"),
            "A conversation: each turn is a message and assertions on its answer.",
        ),
        (
            with_mark("- user: Thanks", "- us¦er: Thanks"),
            "The message of the user, or a user that a model plays.",
        ),
        (
            with_mark("    conversation:", "    conver¦sation:"),
            "Assertions on the whole conversation of `turns`.",
        ),
        (
            with_mark("{type: max-turns,", "{type: max-tu¦rns,"),
            "The model answers at most so many times",
        ),
    ],
)
def test_keys_and_assertions_are_explained(spoken: Live, text: str, expected: str) -> None:
    assert expected in hovered(spoken, PATH, text)


def test_the_outline_has_the_turns_of_a_case(spoken: Live) -> None:
    file = opened(spoken, PATH)

    symbols = document_symbols(file, types.DocumentSymbolParams(text_document=about(file)))

    (case,) = symbols[-1].children or ()
    assert (case.name, [(each.name, each.detail) for each in case.children or ()]) == (
        CASE,
        [
            ("turn 1", "I want my money back for order 1182."),
            ("turn 2", "lookup_order"),
            ("turn 3", "Thanks, do it."),
        ],
    )


@pytest.mark.parametrize(
    ("answers", "summary", "of_case"),
    [
        (3, "1 case", ["render", "run (recorded)"]),
        (2, "1 case, 1 stale", ["render", "not recorded"]),
    ],
)
def test_a_case_is_recorded_if_all_its_turns_are(
    repo: GitRepository, spoken: Live, answers: int, summary: str, of_case: list[str]
) -> None:
    converse(repo, ANSWERS[:answers])
    spoken.refreshed()
    file = opened(spoken, PATH)

    lenses = code_lenses(file, types.CodeLensParams(text_document=about(file)))

    titles = [lens.command.title for lens in lenses if lens.command is not None]
    assert titles == [summary, *of_case]


def test_a_preview_shows_the_recorded_conversation(spoken: Live) -> None:
    value = preview_of(opened(spoken, PATH), Tried(case=CASE))

    shown = [
        (each.role, "".join(piece.text for piece in each.pieces), str(each.pieces[-1].place))
        for each in value.messages[1:]
    ]
    with workspace(spoken.workspace.repository.root) as files:
        last = render_turn(files, PATH, CASE, 3)
    assert shown == [
        ("user", "I want my money back for order 1182.", f"{PATH}:21:9"),
        ("assistant", LOOK_UP, f"{PATH}:21:9"),
        ("tool", RESULT, f"{PATH}:23:9"),
        ("assistant", "Delivered 12 days ago: within 14 days. Refund it?", f"{PATH}:23:9"),
        ("user", "Thanks, do it.", f"{PATH}:25:9"),
    ]
    assert (value.errors, value.digest) == ((), request_digest(last.request))


def test_a_preview_shows_the_conversation_up_to_the_turn_without_a_recording(
    repo: GitRepository, spoken: Live
) -> None:
    converse(repo, ANSWERS[:1])
    spoken.refreshed()
    file = opened(spoken, PATH)

    value = preview_of(file, Tried(case=CASE))

    assert [each.role for each in value.messages] == ["system", "user", "assistant", "tool"]
    assert recorded_answer(file, Tried(case=CASE)) is None


def test_the_recorded_answer_is_the_last_one_judged_turn_by_turn(spoken: Live) -> None:
    run = recorded_answer(opened(spoken, PATH), Tried(case=CASE))

    assert run is not None
    (answer,) = run.answers
    assert answer.answer is not None
    assert (answer.status, answer.answer.tool_calls) == ("passed", ANSWERS[2].tool_calls)
    assert [(each.turn, each.type) for each in answer.assertions] == [
        (1, "tool-calls"),
        (2, "contains"),
        (2, "not-contains"),
        (3, "tool-calls"),
        (None, "max-turns"),
        (None, "tool-sequence"),
        (None, "no-repeat"),
    ]
