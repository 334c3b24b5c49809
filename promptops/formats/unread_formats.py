"""Formats that are recognised so that they are not taken for another one, and that are not read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.prompt_in_yaml import prompt_mapping
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.patterns import lazy_pattern

_ENDINGS = {".promptl": "PromptL", ".baml": "BAML", ".glass": "glass"}
_MARKS = {
    "Continue": lazy_pattern(
        r"\{\{\{[ \t]*(?:input|diff|currentFile|terminal|codebase|(?:url|docs)[ \t][^{}\n]*)"
        r"[ \t]*\}\}\}|\A(?:[^<]*^---[ \t]*\n)?\s*<system>[ \t]*$",
        re.MULTILINE,
    ),
    "PromptL": lazy_pattern(r"<step\b"),
    "glass": lazy_pattern(r"<System>"),
}
_MCP = "an MCP server"
_HINTS = {_MCP: "it has rendered messages, not templates: import the files that the server reads"}


def unread_format(file: SourceFile) -> Loss | None:
    """An IMP001 with the name of the format, for a file of one."""
    try:
        name = _name(file)
    except UnreadableSource:
        return None
    if name is None:
        return None
    message = f"it is a file of {name}, which is not read"
    hint = _HINTS.get(name, "write its texts to .txt or .md files, and import these")
    return Loss(code="IMP001", message=message, place=file.place(), hint=hint)


def _name(file: SourceFile) -> str | None:
    if file.suffix == ".prompt" and not file.text.value.lstrip().startswith("---"):
        if _is_of_dotprompt_net(file):
            return "DotPrompt.NET"
        found = (name for name, mark in _MARKS.items() if mark.search(file.text.value))
        return next(found, None)
    if file.suffix != ".json":
        return _ENDINGS.get(file.suffix)
    if _is_of_mcp(file.json.value):
        return _MCP
    return "DSPy" if _is_of_dspy(file.json.value) else None


def _is_of_dotprompt_net(file: SourceFile) -> bool:
    value = prompt_mapping(file)
    return "config" in value and isinstance(value.get("prompts"), Mapping)


def _is_of_mcp(value: Any) -> bool:
    """Whether it is the result of `prompts/list`, as `promptops export mcp` writes it."""
    listed = value.get("prompts") if isinstance(value, Mapping) else None
    return (
        isinstance(listed, list)
        and bool(listed)
        and all(
            isinstance(one, Mapping)
            and isinstance(one.get("name"), str)
            and isinstance(one.get("arguments"), list)
            and not {"prompt", "template", "messages"} & set(one)
            for one in listed
        )
    )


def _is_of_dspy(value: Any) -> bool:
    """Whether it is a predictor, or each value is one; those about the program itself aside."""
    if not isinstance(value, Mapping):
        return False
    predictors = [one for key, one in value.items() if key != "metadata"]
    return _is_predictor(value) or (bool(predictors) and all(map(_is_predictor, predictors)))


def _is_predictor(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    signature = value.get("signature")
    if isinstance(signature, Mapping):
        return "instructions" in signature
    return isinstance(value.get("demos"), list) and isinstance(value.get("traces"), list)
