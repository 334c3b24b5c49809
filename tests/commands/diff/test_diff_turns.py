"""`promptops diff` shows a case with turns turn by turn: what is said, and what is answered."""

from __future__ import annotations

import json

import pytest

from tests.conversation import ANSWERS, PATH, PROMPT, converse, profile, said

POLITE = PROMPT.replace("Thanks, do it.", "Thanks, please do it.")
SHORT = PROMPT.replace("You support users", "You help users")


@pytest.fixture
def committed(repo):
    """A recorded conversation, committed."""
    repo.write({"promptops.toml": profile(), PATH: PROMPT})
    converse(repo)
    repo.commit("a conversation")
    return repo


@pytest.fixture
def diff(say, committed):
    """The difference between the commit and the files on disk."""

    def differing(*arguments):
        return say("diff", "--worktree", "-C", str(committed.root), *arguments)

    return differing


def _case(done):
    (prompt,) = json.loads(done.out)["prompts"]
    (case,) = prompt["cases"]
    return case


def _changes(done):
    (prompt,) = json.loads(done.out)["prompts"]
    return [(change["code"], change["message"]) for change in prompt["changes"]]


def _texts(case):
    return [
        (
            turn["number"],
            *(side and (side["role"], side["text"]) for side in turn["pair"].values()),
        )
        for turn in case["turns"]
    ]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_only_what_changed_in_a_turn_is_shown(committed, diff, golden, form):
    answers = (ANSWERS[0], said("It was delivered 12 days ago. Refund it?"), ANSWERS[2])
    committed.write({PATH: SHORT})
    converse(committed, answers)

    done = diff("--format", form)

    assert (done.code, done.err) == (0, "")
    golden(f"turns.{form}.txt", done.out)


def test_all_messages_and_answers_of_the_turns_are_in_json(committed, diff):
    committed.write({PATH: POLITE})
    converse(committed, (*ANSWERS[:2], said("It is refunded.")))

    case = _case(diff("--format", "json"))

    money = ("user", "I want my money back for order 1182.")
    look_up = ("answer", '[calls {"arguments": {"id": "1182"}, "name": "lookup_order"}]')
    result = ("tool", 'lookup_order: {"status": "delivered", "days": 12}')
    delivered = ("answer", "Delivered 12 days ago: within 14 days. Refund it?")
    refund = ("answer", '[calls {"arguments": {"id": "1182"}, "name": "refund"}]')
    assert _texts(case) == [
        (1, money, money),
        (1, look_up, look_up),
        (2, result, result),
        (2, delivered, delivered),
        (3, ("user", "Thanks, do it."), ("user", "Thanks, please do it.")),
        (3, refund, ("answer", "It is refunded.")),
    ]
    assert (case["answer"], case["verdicts"]) == (
        None,
        ["turn 3: `tool-calls` passed -> failed", "`tool-sequence` passed -> failed"],
    )


def test_a_turn_without_a_recording_is_named_and_hides_no_answer_before_it(committed, diff):
    committed.write({PATH: POLITE})

    case = _case(diff("--format", "json"))

    numbers = [
        turn["number"] for turn in case["turns"] if turn["pair"]["before"]["role"] == "answer"
    ]
    assert numbers == [1, 2]
    assert case["verdicts"] == [
        "the request of turn 3 has no recording yet: `promptops test --record`"
    ]


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (
            "Thanks, do it.",
            "Thanks, please do it.",
            [("CHG602", "case `a refund in two turns`: turn 3 says something else")],
        ),
        (
            "days: 12",
            "days: 13",
            [("CHG602", "case `a refund in two turns`: turn 2 says something else")],
        ),
        (
            ", {type: not-contains, value: sorry}",
            "",
            [
                (
                    "CHG602",
                    "case `a refund in two turns`, turn 2, `output`: `not-contains` was removed",
                )
            ],
        ),
        (
            "      - {type: no-repeat}\n",
            "",
            [("CHG602", "case `a refund in two turns`, `conversation`: `no-repeat` was removed")],
        ),
        (
            "{type: max-turns, value: 4}",
            "{type: max-turns, value: 3}",
            [
                (
                    "CHG601",
                    "case `a refund in two turns`, `conversation`: `max-turns` was tightened",
                )
            ],
        ),
        (
            PROMPT[PROMPT.index("      - user: Thanks") : PROMPT.index("    conversation:")],
            "",
            [("CHG602", "case `a refund in two turns`: 1 turn removed")],
        ),
        (
            "    conversation:\n",
            "      - user: Bye.\n        output: [{type: contains, value: Bye}]\n"
            "    conversation:\n",
            [("CHG601", "case `a refund in two turns`: 1 turn added")],
        ),
        (
            "name: a refund in two turns",
            "name: a refund",
            [("CHG601", "case `a refund in two turns` was renamed to `a refund`")],
        ),
    ],
)
def test_what_changed_in_the_script_of_a_case_is_a_change(committed, diff, old, new, changes):
    committed.write({PATH: PROMPT.replace(old, new)})

    assert _changes(diff("--format", "json")) == changes


EARLIER = """\
  - name: earlier
    inputs: {product: hub}
    turns: [{user: Hi., output: [{type: contains, value: a}]}]
"""


def test_conversations_with_equal_inputs_are_compared_by_name(committed, diff):
    committed.write({PATH: PROMPT.replace("tests:\n", f"tests:\n{EARLIER}")})

    (prompt,) = json.loads(diff("--format", "json").out)["prompts"]

    assert [case["name"] for case in prompt["cases"]] == ["earlier"]
    assert _texts(prompt["cases"][0]) == [(1, None, ("user", "Hi."))]


def test_a_renamed_conversation_is_one_that_says_the_same(committed, diff):
    committed.write({PATH: PROMPT.replace("a refund in two turns", "a refund") + EARLIER})

    (prompt,) = json.loads(diff("--format", "json").out)["prompts"]

    assert [(case["name"], _texts(case)) for case in prompt["cases"]] == [
        ("earlier", [(1, None, ("user", "Hi."))])
    ]
