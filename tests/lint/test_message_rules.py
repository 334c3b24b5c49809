"""MSG: roles, their order, and what stands in the texts."""

import pytest

from promptops.lint.conversation import accepts_prefill, conversation_of
from promptops.lint.examples import PROMPT_PATH, files, findings
from promptops.lint.registry import built_in

GOOGLE = "model: {provider: gemini, id: gemini-2.5-pro}\n"


def test_the_fix_for_developer_is_system_at_the_role() -> None:
    block = files(GOOGLE + 'messages: [{role: "developer", content: x}]\n')

    fix = findings(built_in()["MSG001"], block)[0].fix

    assert fix is not None
    assert [(str(edit.place), edit.text) for edit in fix.edits] == [
        (f"{PROMPT_PATH}:2:19", "system")
    ]
    assert not fix.safe


@pytest.mark.parametrize(
    ("model", "accepted"),
    [
        ("claude-3-5-haiku-latest", True),
        ("claude-opus-4-20250514", True),
        ("claude-opus-4-1", True),
        ("claude-sonnet-4-5-20250929", True),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", True),
        ("claude-opus-4-6", False),
        ("us.anthropic.claude-opus-4-6-v1", False),
        ("claude-sonnet-5", False),
        ("claude-mythos-preview", False),
    ],
)
def test_claude_continues_an_answer_up_to_4_5(model: str, accepted: bool) -> None:
    conversation = conversation_of("anthropic")

    assert conversation is not None
    assert accepts_prefill(conversation, model) is accepted
