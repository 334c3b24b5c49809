"""MSG001."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.conversation import Conversation, conversation_of
from promptops.lint.subject import messages
from promptops.model.prompt import ConversationHistory, Message, Prompt


@rule("MSG001", severity=Severity.ERROR)
def invalid_role(prompt: Prompt) -> Iterator[Problem]:
    """The provider supports every role of the prompt.

    A provider refuses a request with an unknown role. `developer` is specific to OpenAI; others use
    `system`. A `tool` message is the result of a tool call: it needs the id of the call, and the
    call itself must precede it.

    Providers whose roles promptops does not know are not checked.

    Bad:
        model: {provider: anthropic, id: claude-opus-4-5-20251101}
        messages:
          - {role: developer, content: You answer in one sentence.}
          - {role: user, content: Why is the sky blue?}

    Bad:
        model: {provider: openai, id: gpt-5.4-mini-2026-03-17}
        messages:
          - {role: user, content: Where is order 7?}
          - {role: tool, content: "{\\"status\\": \\"sent\\"}"}

    Good:
        model: {provider: anthropic, id: claude-opus-4-5-20251101}
        messages:
          - {role: system, content: You answer in one sentence.}
          - {role: user, content: Why is the sky blue?}
    """
    conversation = conversation_of(prompt.model.provider)
    if conversation is None:
        return
    called: set[str] | None = set()
    for turn in prompt.messages:
        if isinstance(turn, ConversationHistory):
            called = None  # the caller's history may contain the call
    for message, _ in messages(prompt):
        if message.role not in conversation.roles:
            yield _unknown(prompt, message, conversation)
        elif message.role == "tool":
            yield from _answer(message, called)
        if called is not None:
            called |= {str(call.get("id")) for call in message.tool_calls}


def _unknown(prompt: Prompt, message: Message, conversation: Conversation) -> Problem:
    at = f"{message.at}/role"
    fix = None
    if message.role == "developer":
        fix = Fix((Edit(prompt.locate(at, False), "system"),))
    return Problem(
        f"{prompt.model.provider} has no role `{message.role}`",
        at=at,
        hint=f"use one of {', '.join(sorted(conversation.roles))}",
        fix=fix,
    )


def _answer(message: Message, called: set[str] | None) -> Iterator[Problem]:
    if message.tool_call_id is None:
        hint = "add the id of the tool call that it answers"
        yield Problem("a `tool` message without `tool_call_id`", at=f"{message.at}/role", hint=hint)
    elif called is not None and message.tool_call_id not in called:
        yield Problem(
            f"no earlier message has the tool call `{message.tool_call_id}`",
            at=f"{message.at}/tool_call_id",
            hint="add the assistant message with its `tool_calls`",
        )
