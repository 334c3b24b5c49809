"""Rendered cases for people: messages side by side, with tokens and prices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.analysis.models import input_cost_usd
from promptops.diff.alignment import align
from promptops.diff.rendering import RenderedPair, error_text, sent
from promptops.diff.side import PromptSide
from promptops.model.change import CaseDiff, Seen, SeenPair
from promptops.records import replace
from promptops.runtime.request.render import RenderError, TracedRequest

Count = Callable[[str], int]
"""Counts the tokens of a text."""


def case_diff(
    before: PromptSide, after: PromptSide, rendered: RenderedPair, count: Count
) -> CaseDiff:
    """One case with all its messages, changed and unchanged.

    Without messages if a side can't render it, because then there is nothing to compare.
    """
    sides = (rendered.before, rendered.after) if rendered.requests is not None else ()
    old, new = [_messages(each, count) for each in sides] or ([], [])
    diff = CaseDiff(
        name=rendered.name,
        messages=tuple(SeenPair(*pair) for pair in align(old, new, _role_and_text)),
        rest=rendered.rest,
        before_error=error_text(rendered.before),
        after_error=error_text(rendered.after),
    )
    return _priced(diff, before, after)


def _messages(side: TracedRequest | RenderError, count: Count) -> list[Seen]:
    if isinstance(side, RenderError):
        return []
    texts = [(str(message["role"]), _text(message)) for message in sent(side.request)]
    return [Seen(role=role, text=text, tokens=count(text)) for role, text in texts]


def _role_and_text(message: Seen) -> tuple[str, str]:
    return message.role, message.text


def _text(message: Mapping[str, Any]) -> str:
    """The text of a message; each part that is not text becomes a line."""
    content = message.get("content")
    lines = [content] if isinstance(content, str) else [*_parts(content or ())]
    lines += [f"[call {_json(call)}]" for call in message.get("tool_calls") or ()]
    lines += [f"[{key} {message[key]}]" for key in ("name", "tool_call_id") if key in message]
    return "\n".join(line for line in lines if line)


def _parts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        if part["type"] == "text":
            yield str(part["text"])
            continue
        rest = {key: value for key, value in part.items() if key != "type"}
        yield f"[{part['type']} {_json(rest)}]"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _priced(diff: CaseDiff, before: PromptSide, after: PromptSide) -> CaseDiff:
    return replace(
        diff,
        before_usd=_price(before, diff.before_tokens) if diff.messages else None,
        after_usd=_price(after, diff.after_tokens) if diff.messages else None,
    )


def _price(side: PromptSide, tokens: int) -> float | None:
    model = side.prompt.model
    profile = side.catalog.config.models.get(model.profile or "")
    return input_cost_usd(tokens, model.provider, model.id, profile.price if profile else None)
