"""`promptops render --turn` shows the request of one turn, after the recorded answers before it."""

from __future__ import annotations

import json

import pytest

from promptops.runtime.request.openai import response_arguments
from promptops.workspace.render import render_turn
from promptops.workspace.workspace import workspace
from tests.conversation import ANSWERS, CASE, PATH, PROMPT, converse, profile, said

LOOK_UP = json.dumps({"id": "1182"})
RESULT = json.dumps({"status": "delivered", "days": 12})
BEGUN, _, _ = PROMPT.partition("      - user: Thanks, do it.\n")
SIMULATED = f"""{BEGUN}\
      - user: {{simulate: impatient, goal: "get a refund", max-turns: 2}}
    conversation:
      - {{type: max-turns, value: 4, score: quality}}
"""


@pytest.fixture
def spoken(repo):
    """A conversation whose three answers are recorded."""
    repo.write({"promptops.toml": profile(), PATH: PROMPT})
    converse(repo)
    return repo


@pytest.fixture
def render(say):
    """Render a turn of the case."""

    def rendering(repo, *arguments):
        return say("render", "refund", "-C", str(repo.root), *arguments)

    return rendering


def test_the_request_of_a_turn_has_the_recorded_answers_before_it(spoken, render):
    done = render(spoken, "--case", CASE, "--turn", "2")

    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "--- system\n"
        "You support users of the hub.\n"
        "--- user\n"
        "I want my money back for order 1182.\n"
        "--- assistant\n"
        '[call {"arguments": {"id": "1182"}, "name": "lookup_order", "id": "call_1_1"}]\n'
        "--- tool\n"
        f"{RESULT}\n"
    )


@pytest.mark.parametrize("arguments", [(), ("--case", "a refund")])
def test_without_a_number_it_is_the_request_of_the_first_turn(spoken, render, arguments):
    (spoken.root / "prompts/refund.recordings.jsonl").unlink()

    done = render(spoken, *arguments)

    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "--- system\nYou support users of the hub.\n"
        "--- user\nI want my money back for order 1182.\n"
    )


def test_json_names_the_turn_and_each_line_has_its_source(spoken, render):
    done = render(spoken, "--case", CASE, "--turn", "3", "--annotate", "--format", "json")

    rendered = json.loads(done.out)
    lines = [
        (line["message"], line["role"], line["text"], line["place"]["line"])
        for line in rendered["lines"]
    ]
    assert (rendered["case"], rendered["turn"], len(rendered["request"]["messages"])) == (
        CASE,
        3,
        6,
    )
    assert lines == [
        (0, "system", "You support users of the hub.", 16),
        (1, "user", "I want my money back for order 1182.", 21),
        (
            2,
            "assistant",
            '[calls {"arguments": {"id": "1182"}, "id": "call_1_1", "name": "lookup_order"}]',
            21,
        ),
        (3, "tool", RESULT, 23),
        (4, "assistant", "Delivered 12 days ago: within 14 days. Refund it?", 23),
        (5, "user", "Thanks, do it.", 25),
    ]


def test_the_digest_of_a_turn_is_the_key_of_its_recording(spoken, render):
    digests = [
        json.loads(render(spoken, "--case", CASE, "--turn", str(number), "--format", "json").out)[
            "digest"
        ]
        for number in (1, 2, 3)
    ]

    lines = (spoken.root / "prompts/refund.recordings.jsonl").read_text().splitlines()
    assert sorted(digests) == sorted(json.loads(line)["request"] for line in lines)


def test_a_chat_has_the_calls_and_the_results_of_tools(spoken, render):
    done = render(spoken, "--case", CASE, "--turn", "2", "--format", "openai")

    function = {"name": "lookup_order", "arguments": LOOK_UP}
    assert json.loads(done.out)["messages"] == [
        {"role": "system", "content": "You support users of the hub."},
        {"role": "user", "content": "I want my money back for order 1182."},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_1_1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "call_1_1", "content": RESULT},
    ]


def test_a_response_has_the_calls_and_the_results_of_tools(spoken):
    with workspace(spoken.root) as opened:
        request = render_turn(opened, PATH, CASE, 2).request

    assert response_arguments(request)["input"] == [
        {"role": "system", "content": "You support users of the hub."},
        {"role": "user", "content": "I want my money back for order 1182."},
        {
            "type": "function_call",
            "call_id": "call_1_1",
            "name": "lookup_order",
            "arguments": LOOK_UP,
        },
        {"type": "function_call_output", "call_id": "call_1_1", "output": RESULT},
    ]


def test_messages_of_anthropic_have_the_calls_and_the_results_of_tools(repo, render):
    repo.write({"promptops.toml": profile("anthropic", "claude-sonnet-5"), PATH: PROMPT})
    converse(repo)

    done = render(repo, "--case", CASE, "--turn", "3", "--format", "anthropic")

    arguments = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert arguments["system"] == [{"type": "text", "text": "You support users of the hub."}]
    assert arguments["messages"] == [
        {
            "role": "user",
            "content": [{"type": "text", "text": "I want my money back for order 1182."}],
        },
        {
            "role": "assistant",
            "content": [
                {
                    "type": "tool_use",
                    "id": "call_1_1",
                    "name": "lookup_order",
                    "input": {"id": "1182"},
                }
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "call_1_1",
                    "content": [{"type": "text", "text": RESULT}],
                }
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Delivered 12 days ago: within 14 days. Refund it?"}
            ],
        },
        {"role": "user", "content": [{"type": "text", "text": "Thanks, do it."}]},
    ]


def test_contents_of_gemini_have_the_calls_and_the_results_of_tools(repo, render):
    repo.write({"promptops.toml": profile("gemini", "gemini-2.5-flash"), PATH: PROMPT})
    converse(repo)

    done = render(repo, "--case", CASE, "--turn", "2", "--format", "gemini")

    called = {"id": "call_1_1", "name": "lookup_order"}
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["contents"] == [
        {"role": "user", "parts": [{"text": "I want my money back for order 1182."}]},
        {"role": "model", "parts": [{"function_call": {**called, "args": {"id": "1182"}}}]},
        {
            "role": "user",
            "parts": [
                {
                    "function_response": {
                        **called,
                        "response": {"status": "delivered", "days": 12},
                    }
                }
            ],
        },
    ]


RECORD = "  tip: promptops test refund --record\n"


@pytest.mark.parametrize(
    ("answers", "arguments", "code", "error"),
    [
        (
            ANSWERS,
            ("--turn", "2"),
            2,
            "error: --turn is the turn of a test case\n  tip: name the case: --case NAME\n",
        ),
        (
            ANSWERS,
            ("--case", CASE, "--turn", "4"),
            2,
            f"{PATH}:18:5: error: the case {CASE!r} has 3 turns\n"
            "  tip: leave out --turn, or write 1 to 3\n",
        ),
        (
            ANSWERS,
            ("--case", CASE, "--turn", "2", "--resolved"),
            2,
            "error: --case and --resolved exclude each other\n",
        ),
        (
            ANSWERS[:1],
            ("--case", CASE, "--turn", "3"),
            3,
            f"{PATH}:23:9: error: the answer to turn 2 is not recorded, and turn 3 of the case"
            f" {CASE!r} needs it\n{RECORD}",
        ),
        (
            [said("I can't."), *ANSWERS[3:]],
            ("--case", CASE, "--turn", "2"),
            3,
            f"{PATH}:18:5: error: the conversation of the case {CASE!r} ended before turn 2:"
            " turn 2 answers `lookup_order`, which turn 1 does not call\n",
        ),
    ],
)
def test_an_error_names_the_turn_and_the_way_out(repo, render, answers, arguments, code, error):
    repo.write({"promptops.toml": profile(), PATH: PROMPT})
    converse(repo, answers)

    done = render(repo, *arguments)

    assert (done.code, done.out, done.err) == (code, "", error)


def test_a_case_without_turns_has_no_turn_to_render(repo, render):
    alone = PROMPT.partition("    turns:")[0] + "    rendered: [{type: contains, value: hub}]\n"
    repo.write({"promptops.toml": profile(), PATH: alone})

    done = render(repo, "--case", CASE, "--turn", "1")

    assert (done.code, done.out, done.err) == (
        2,
        "",
        f"{PATH}:18:5: error: the case {CASE!r} has no turns\n  tip: leave out --turn\n",
    )


def test_the_message_of_a_simulated_user_comes_from_its_recording(repo, render):
    config = f'{profile()}[test]\nuser = "main"\n'
    repo.write({"promptops.toml": config, PATH: SIMULATED})
    converse(repo, [*ANSWERS[:2], said("Just do it."), said("Done."), said("GOAL REACHED")])

    third = render(repo, "--case", CASE, "--turn", "3")
    fourth = render(repo, "--case", CASE, "--turn", "4")
    fifth = render(repo, "--case", CASE, "--turn", "5")

    assert third.out.endswith("--- user\nJust do it.\n")
    assert fourth.err == (
        f"{PATH}:18:5: error: the conversation of the case {CASE!r} ended before turn 4:"
        " the simulated user reached the goal\n"
    )
    assert fifth.err == (
        f"{PATH}:18:5: error: the case {CASE!r} has at most 4 turns\n"
        "  tip: leave out --turn, or write 1 to 4\n"
    )


def test_a_message_of_a_simulated_user_without_recording_is_named(repo, render):
    config = f'{profile()}[test]\nuser = "main"\n'
    repo.write({"promptops.toml": config, PATH: SIMULATED})
    converse(repo, ANSWERS[:2])

    done = render(repo, "--case", CASE, "--turn", "3")

    assert (done.code, done.err) == (
        3,
        f"{PATH}:25:9: error: the simulated user's message of turn 3 is not recorded, and turn 3"
        f" of the case {CASE!r} needs it\n{RECORD}",
    )
