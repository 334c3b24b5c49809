"""Calls of models in TypeScript and JavaScript, by the object that they pass."""

from __future__ import annotations

from promptops.formats.typescript_values import ObjectValue, Value
from promptops.patterns import lazy_pattern

_CALL = lazy_pattern(r"([A-Za-z_$][\w$]*)\s*\(\s*\Z")
_TEMPLATE = lazy_pattern(r"(?:Chat)?PromptTemplate\s*\.\s*from(?:Template|Messages)\(\s*")
_LONGEST_CALL = 100
_OF_AI_SDK = frozenset(("generateText", "streamText", "generateObject", "streamObject"))
_METHODS = frozenset(("create", "parse", "stream"))
_OF_SYSTEM = frozenset(("system", "instructions"))
_PASSED = lazy_pattern(
    r"\b(?:system|systemPrompt|systemInstruction|instructions"
    r"|role\s*:\s*[\"'](?:system|developer|user)[\"']\s*,\s*content)"
    r"\s*:\s*(?:this\.)?([A-Za-z_$][\w$]*)(?![\w$(.])"
)
"""A variable that is a system prompt or the text of a message."""
_TEXTS = ("system", "instructions", "prompt", "input", "messages")


def calls_model(source: str, at: int) -> bool:
    """Whether an object at an offset is the first argument of a call of a model, by its name."""
    call = _CALL.search(source[max(at - _LONGEST_CALL, 0) : at])
    return call is not None and call[1] in (_OF_AI_SDK | _METHODS)


def sent_names(source: str) -> frozenset[str]:
    """The variables that code sends to a model, as a system prompt or the text of a message."""
    return frozenset(match[1] for match in _PASSED.finditer(source))


def template_argument(source: str, at: int) -> int | None:
    """The offset of what a prompt template of LangChain is made of; None for anything else."""
    match = _TEMPLATE.match(source, at)
    return match.end() if match is not None else None


def texts_of(source: str, request: ObjectValue) -> list[Value]:
    """The system message, the prompt and the messages of a call of the AI SDK.

    Of another call only with a system message that is apart from the messages.
    """
    fields = dict(request.fields)
    call = _CALL.search(source[max(request.start - _LONGEST_CALL, 0) : request.start])
    is_method = call is None or call[1] in _METHODS
    if is_method and not _OF_SYSTEM & fields.keys():
        return []
    return [fields[key] for key in _TEXTS if key in fields]
