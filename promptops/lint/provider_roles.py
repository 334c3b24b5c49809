"""The conversations that providers accept, according to their documentation.

Providers that are not listed are not checked. Checked in November 2026 against the providers'
references and the error messages of their APIs.
"""

from __future__ import annotations

from typing import Literal

from promptops.analysis.models import canonical_provider
from promptops.patterns import lazy_pattern
from promptops.records import record

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
