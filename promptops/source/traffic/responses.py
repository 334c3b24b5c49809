"""Answers as an API returned them, as fields of a sample."""

from __future__ import annotations

from typing import Any

from promptops.runtime.request.answer_text import answer_text
from promptops.runtime.request.message_attributes import answered_calls
from promptops.runtime.request.response_attributes import response_attributes
from promptops.source.traffic.attributes import usage_of
from promptops.source.traffic.values import tool_calls


def response_facts(body: Any) -> dict[str, Any]:
    """Output, tool calls, finish reason, model, fingerprint and usage of an answer of any API.

    They are those of the first choice. `body` is JSON data; of anything but an answer there is
    nothing.
    """
    output, finish_reason = answer_text(body)
    if output is None or isinstance(body, str):
        return {}
    attributes = response_attributes(body)
    reasons = attributes.get("gen_ai.response.finish_reasons", ())
    return {
        "output": output,
        "tool_calls": tool_calls(list(answered_calls(body))),
        "finish_reason": finish_reason or next(iter(reasons), ""),
        "model": attributes.get("gen_ai.response.model", ""),
        "fingerprint": attributes.get("openai.response.system_fingerprint", ""),
        "usage": usage_of(attributes),
    }
