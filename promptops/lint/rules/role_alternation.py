"""MSG004."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.conversation import Turn, last_turns, neighbours
from promptops.lint.provider_roles import Conversation, accepts_prefill, conversation_of
from promptops.lint.subject import RenderedCase
from promptops.model.prompt import Prompt

_REPEATS = {"refused": "wants `user` and `assistant` in turn", "joined": "makes one turn of them"}


@rule("MSG004", severity=Severity.WARNING)
def role_alternation(prompt: Prompt, renders: Sequence[RenderedCase]) -> Iterator[Problem]:
    """Turns follow each other as the provider accepts them.

    Google and Mistral refuse two turns of one role in a row; Anthropic makes one of them, so that
    an example ends up in the question. A last turn of the assistant's, meant as the beginning of
    the answer, is refused by Google, by Mistral and by Claude models since 4.6.

    Of the caller's own turns, of `history`, and of providers whose rules are not known here,
    nothing is said.

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
            f"two `{after.role}` turns in a row: {provider} {_REPEATS[rules.repeats]}",
            at=f"{after.at}/role",
            hint="make one message of them, with parts if they are of several kinds",
            case=after.case,
        )
    if rules.strict_tools and (before.role, after.role) == ("tool", "user"):
        message = f"`user` right after `tool`: {provider} wants the assistant's turn between them"
        return Problem(message, at=f"{after.at}/role", case=after.case)
    return None


def _prefill(last: Turn, model: str) -> Problem:
    return Problem(
        f"the last turn is the assistant's, which {model} does not continue",
        at=f"{last.at}/role",
        hint="say in the instructions how the answer begins, or use `output.schema`",
        case=last.case,
    )
