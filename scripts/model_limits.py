"""What models refuse, for `update_models.py`, as far as litellm's facts show it.

A feature that these facts do not mention is unknown, not refused, except where a provider's models
have complete facts. Reasoning efforts have the neutral names of a prompt file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")
_FEATURES = {
    "images": "supports_vision",
    "tools": "supports_function_calling",
    "output_schema": "supports_response_schema",
    "begun_answer": "supports_assistant_prefill",
    "forced_tools": "supports_forced_tool_use",
}
"""From our name of a feature to litellm's."""

_BUDGETS = {
    "gemini-2.5-pro": (128, 32_768),
    "gemini-2.5-flash": (0, 24_576),
    "gemini-2.5-flash-lite": (0, 24_576),
}
"""From https://ai.google.dev/gemini-api/docs/thinking."""

_O_SERIES = re.compile(r"o[134](-(mini|pro))?(-\d{4}.*)?")
_ALWAYS_THINKS = re.compile(r"gemini-(2\.5|3(\.\d)?)-pro.*|claude-sonnet-5-5")
"""Where the providers' pages say so and litellm's facts do not."""

_NO_XHIGH = re.compile(r"gemini-3.*|gemini-4-argon")


# What no package has. Each pattern names its sources: the provider's documents, and error messages
# of its API in public reports, as `owner/repository number`. Looked up on 2026-12-01.

_NO_STOP = re.compile(r"(o3|o4-mini|gpt-5(-(mini|nano))?|gpt-5\.[12])(-\d{4}-.*)?")
"""o3 and o4-mini: OpenAI's API reference of `stop`. GPT-5: huggingface/smolagents 1662, 1868, 1893.

From GPT-5.5 on it is accepted (BerriAI/litellm 28650); nothing is known about GPT-5.4.
"""

_SIX = r"6(-(sol|terra|luna))?"
_SAMPLING_ONLY_WITHOUT_EFFORT = re.compile(
    rf"gpt-5\.([12]|4(-(mini|nano))?|5|{_SIX})(-\d{{4}}-.*)?"
)
"""OpenAI's guide to the latest model, "parameter compatibility"; BerriAI/litellm-docs 1064."""

_REASONS_BY_DEFAULT = re.compile(rf"gpt-5\.(5|{_SIX})(-\d{{4}}-.*)?")
"""Effort `medium` if none is set, others `none`: BerriAI/litellm 34210, khoj-ai/khoj 1377."""

_CHAT_TOOLS_ONLY_WITHOUT_EFFORT = re.compile(
    rf"(gpt-5\.(4(-(mini|nano))?|5|{_SIX})|gpt-6-sol)(-\d{{4}}-.*)?"
)
"""The error message of the API, which names the Responses API as the alternative.

openai/openai-openapi 541, dotnet/extensions 7407, charmbracelet/crush 2913,
onyx-dot-app/onyx 15008.
"""

_CHAT_TOOLS_REFUSED_BY_DEFAULT = re.compile(rf"gpt-5\.{_SIX}(-\d{{4}}-.*)?")
"""Tools are refused even if no effort is set: BerriAI/litellm 34569, livekit/agents 7169."""

_TOOLS_OR_JSON = re.compile(r"gemini-[12]\.\d.*")
"""Google's page on structured output; googleapis/python-genai 706 and 867; symfony/ai 1023."""


def refused_combinations(name: str, model: str) -> list[str]:
    """Features that a model has, but not together; see `ModelFacts.lacks`."""
    patterns = {
        "openai": {
            "sampling_with_effort": _SAMPLING_ONLY_WITHOUT_EFFORT,
            "sampling_by_default": _REASONS_BY_DEFAULT,
            "chat_tools_with_effort": _CHAT_TOOLS_ONLY_WITHOUT_EFFORT,
            "chat_tools_by_default": _CHAT_TOOLS_REFUSED_BY_DEFAULT,
        },
        "google": {"tools_with_json": _TOOLS_OR_JSON},
    }.get(name, {})
    return [feature for feature, models in patterns.items() if models.fullmatch(model)]


def refused_features(name: str, limits: Mapping[str, Any]) -> list[str]:
    """Features that a model does not have: `images`, `tools`, `output_schema`, and others.

    `begun_answer` is a last message of the assistant that the model continues, `forced_tools` is
    `tool_choice: required` or the name of a tool, `thinking_budget` a number of tokens for Claude.
    """
    complete = name == "openai" and limits.get("supports_function_calling")
    absent = {"images", "output_schema"} if complete else set()
    found = [
        feature
        for feature, key in _FEATURES.items()
        if limits.get(key, None if feature not in absent else False) is False
    ]
    adaptive = limits.get("supports_adaptive_thinking")
    only_adaptive = adaptive and not limits.get("supports_legacy_thinking")
    return [*found, *(["thinking_budget"] if name == "anthropic" and only_adaptive else [])]


def thinking_budget(model: str) -> tuple[int, int] | None:
    """The lowest and highest budget of a Gemini model in tokens; 0 turns thinking off."""
    return _BUDGETS.get(model)


def refused_efforts(name: str, model: str, limits: Mapping[str, Any]) -> list[str]:
    """Values of `reasoning_effort` that a model refuses."""
    if not limits.get("supports_reasoning"):
        return []
    refused = {"openai": _of_openai, "anthropic": _of_claude, "google": _of_gemini}.get(name)
    found = set(refused(model, limits)) if refused else set()
    return [effort for effort in _EFFORTS if effort in found]


def refused_params(name: str, model: str, limits: Mapping[str, Any]) -> tuple[str, ...]:
    """Parameters that this model refuses, and others of its provider do not."""
    if name != "openai" or not limits:
        return ()
    found = [] if limits.get("supports_reasoning") else ["reasoning_effort"]
    one_call = limits.get("supports_parallel_function_calling") is False
    if one_call or _O_SERIES.fullmatch(model):
        found.append("parallel_tool_calls")
    return (*found, *(["stop"] if _NO_STOP.fullmatch(model) else []))


def _of_openai(model: str, limits: Mapping[str, Any]) -> Iterator[str]:
    if _O_SERIES.fullmatch(model):
        yield from ("none", "minimal", "xhigh")
    yield from _written(limits)


def _of_claude(model: str, limits: Mapping[str, Any]) -> Iterator[str]:
    """litellm has all facts of Claude: an effort that is not mentioned is refused."""
    if limits.get("thinking_always_on") or _ALWAYS_THINKS.fullmatch(model):
        yield "none"
    if not limits.get("supports_output_config"):
        yield from ("low", "medium", "high")
    if not limits.get("supports_xhigh_reasoning_effort"):
        yield "xhigh"


def _of_gemini(model: str, limits: Mapping[str, Any]) -> Iterator[str]:
    if _ALWAYS_THINKS.fullmatch(model):
        yield "none"
    if _NO_XHIGH.fullmatch(model):
        yield "xhigh"
    yield from _written(limits)


def _written(limits: Mapping[str, Any]) -> Iterator[str]:
    for effort in _EFFORTS:
        if limits.get(f"supports_{effort}_reasoning_effort") is False:
            yield effort
