"""MSG004."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.conversation import (
    Conversation,
    Turn,
    accepts_prefill,
    conversation_of,
    last_turns,
    neighbours,
)
from promptops.lint.request_fields import request_api
from promptops.lint.subject import RenderedCase
from promptops.model.config import Config
from promptops.model.prompt import Prompt

_REPEATS = {
    "refused": "requires `user` and `assistant` messages to alternate",
    "joined": "makes one turn of them",
}


@rule("MSG004", severity=Severity.WARNING)
def role_alternation(
    prompt: Prompt, config: Config, renders: Sequence[RenderedCase]
) -> Iterator[Problem]:
    """Messages follow each other in an order that the provider accepts.

    Google and Mistral refuse two consecutive messages with the same role; Anthropic joins them, so
    that an example can end up in the question. Mistral and Claude models since 4.6 refuse a request
    that ends with an assistant message, meant as the beginning of the answer. So does Google, which
    CFG017 reports.

    The caller's own messages (`history`), and providers whose rules promptops does not know, are
    not checked.

    Bad:
        model: {provider: mistral, id: mistral-large-2512}
        messages:
          - {role: user, content: Here is the text.}
          - {role: user, content: Sum it up in one sentence.}

    Bad:
        model: {provider: anthropic, id: claude-opus-4-6}
        messages:
          - {role: user, content: Name a colour as JSON.}
          - {role: assistant, content: "{"}

    Good:
        model: {provider: mistral, id: mistral-large-2512}
        messages:
          - {role: user, content: Here is the text. Sum it up in one sentence.}
    """
    provider, model = prompt.model.provider, prompt.model.id
    conversation = conversation_of(provider)
    if conversation is None:
        return
    seen: set[str] = set()
    for before, after in neighbours(prompt, renders):
        problem = _pair(before, after, conversation, str(provider))
        if problem is not None and after.at not in seen:
            seen.add(after.at)
            yield problem
    api = request_api(prompt, config)
    if api is not None and not api.begun_answers:
        return
    for last in last_turns(prompt, renders):
        refused = last.role == "assistant" and not accepts_prefill(conversation, str(model))
        if refused and last.at not in seen:
            seen.add(last.at)
            yield _prefill(last, f"{provider}/{model}")


def _pair(before: Turn, after: Turn, rules: Conversation, provider: str) -> Problem | None:
    if before.role == after.role and after.role in ("user", "assistant"):
        if rules.repeats == "accepted":
            return None
        return Problem(
            f"two `{after.role}` messages in a row: {provider} {_REPEATS[rules.repeats]}",
            at=f"{after.at}/role",
            hint="join them to one message; use parts if they have different types",
            case=after.case,
        )
    if rules.strict_tools and (before.role, after.role) == ("tool", "user"):
        message = (
            f"`user` right after `tool`: {provider} requires an assistant message between them"
        )
        return Problem(message, at=f"{after.at}/role", case=after.case)
    return None


def _prefill(last: Turn, model: str) -> Problem:
    return Problem(
        f"the last message is the assistant's, which {model} does not continue",
        at=f"{last.at}/role",
        hint="describe in the instructions how the answer begins, or use `output.schema`",
        case=last.case,
    )
