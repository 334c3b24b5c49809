"""The messages of a prompt as a provider receives them, as far as the file determines them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from promptops.analysis.models import canonical_provider
from promptops.lint.subject import RenderedCase
from promptops.model.prompt import ConversationHistory, ForEach, Message, Prompt
from promptops.patterns import lazy_pattern
from promptops.records import record

INSTRUCTIONS = ("system", "developer")


@record(frozen=True, slots=True)
class Turn:
    """A message that is sent.

    Attributes:
        at: JSON pointer of the message in the prompt file; "" for the caller's history.
        certain: Whether it is always sent: it has no `when`.
        case: The case that rendered it; None if it comes from the file itself.
    """

    role: str
    at: str
    certain: bool = True
    case: str | None = None


_HISTORY = Turn("", "", certain=False)


def neighbours(prompt: Prompt, renders: Sequence[RenderedCase]) -> Iterator[tuple[Turn, Turn]]:
    """Pairs of consecutive messages, of every request and of the cases' requests.

    Instructions are left out, because providers remove them from the conversation.
    """
    for before, after in pairwise(_without_instructions(written_turns(prompt))):
        if before.certain and after.certain:
            yield before, after
    for turn in prompt.messages:
        if isinstance(turn, ForEach):  # in a loop, the first message follows the last
            inner = _without_instructions(_turns_of(turn))
            if inner and inner[0].certain and inner[-1].certain:
                yield inner[-1], inner[0]
    for rendered in renders:
        for before, after in pairwise(_without_instructions(rendered_turns(rendered))):
            if before.at and after.at:
                yield before, after


def last_turns(prompt: Prompt, renders: Sequence[RenderedCase]) -> Iterator[Turn]:
    """The last message of every request, and those of the cases' requests."""
    turns = _without_instructions(written_turns(prompt))
    if turns and turns[-1].certain:
        yield turns[-1]
    for rendered in renders:
        sent = _without_instructions(rendered_turns(rendered))
        if sent and sent[-1].at:
            yield sent[-1]


def written_turns(prompt: Prompt) -> list[Turn]:
    """All messages in the order of the file, those of `for_each` once."""
    return [each for turn in prompt.messages for each in _turns_of(turn)]


def rendered_turns(rendered: RenderedCase) -> list[Turn]:
    """The messages of a case's request; messages without text have no pointer."""
    if rendered.traced is None:
        return []
    at = {text.message: _message_of(text.at) for text in rendered.traced.texts}
    return [
        Turn(message["role"], at.get(index, ""), case=rendered.case.name)
        for index, message in enumerate(rendered.traced.request.messages)
        if "role" in message
    ]


def _turns_of(turn: Message | ForEach | ConversationHistory) -> list[Turn]:
    if isinstance(turn, Message):
        return [Turn(turn.role, turn.at, certain=turn.when is None)]
    if isinstance(turn, ForEach):
        return [Turn(each.role, each.at, certain=each.when is None) for each in turn.messages]
    return [_HISTORY]


def _message_of(at: str) -> str:
    """The pointer of the message that contains a text part."""
    return at.partition("/content")[0]


def _without_instructions(turns: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if turn.role not in INSTRUCTIONS]


# The conversations that providers accept, according to their documentation.
#
# Providers that are not listed are not checked. Checked in November 2026 against the providers'
# references and the error messages of their APIs.

_COMMON = frozenset(("system", "user", "assistant", "tool"))
# Only generations up to 4.5 continue a prefilled answer.
_CLAUDE_WITH_PREFILL = lazy_pattern(
    r"(?:.*[./])?claude-"
    r"(?:(?:instant|[123])\b.*|[a-z]+-4(?:-[0-5])?(?:[-@]\d{8})?(?:-latest|-v\d.*)?)"
)


@record(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The rules of one provider.

    Attributes:
        repeats: How it treats two consecutive messages with the same role.
        prefill: Whether the last message may have the role assistant: always, never, by model.
        strict_tools: Whether a user message must not follow a tool message.
    """

    roles: frozenset[str]
    repeats: Literal["accepted", "joined", "refused"] = "accepted"
    prefill: Literal["always", "never", "by model"] = "always"
    strict_tools: bool = False


_PROVIDERS = {
    "openai": Conversation(roles=_COMMON | {"developer"}),
    "anthropic": Conversation(roles=_COMMON, repeats="joined", prefill="by model"),
    "google": Conversation(roles=_COMMON, repeats="refused", prefill="never"),
    "mistral": Conversation(roles=_COMMON, repeats="refused", prefill="never", strict_tools=True),
}


def conversation_of(provider: str | None) -> Conversation | None:
    """The rules of a provider by any of its names; None if they are unknown."""
    return _PROVIDERS.get(canonical_provider(provider)) if provider else None


def accepts_prefill(conversation: Conversation, model: str) -> bool:
    """Whether a request to a model may end with an assistant message."""
    if conversation.prefill == "by model":
        return "claude" not in model or _CLAUDE_WITH_PREFILL.fullmatch(model) is not None
    return conversation.prefill == "always"
