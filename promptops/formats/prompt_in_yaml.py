"""A `.prompt` file that is one mapping in YAML, without a body: its keys, its texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.patterns import lazy_pattern

SYSTEM_KEYS = (
    "system",
    "system_prompt",
    "system_message",
    "systemPrompt",
    "system_template",
    "system_prompt_template",
    "instructions",
    "persona",
)
USER_KEYS = (
    "user",
    "user_prompt",
    "userPrompt",
    "user_message",
    "user_template",
    "user_prompt_template",
    "human",
    "prompt",
    "template",
    "text",
    "content",
)
_KEY = lazy_pattern(r"[a-z][\w-]*")


def prompt_mapping(file: SourceFile) -> Mapping[str, Any]:
    """The keys of a `.prompt` file in YAML that has `prompts`, messages or texts with roles.

    {} for any other file, such as a text that begins with `Role: editor`.
    """
    if file.suffix != ".prompt":
        return {}
    try:
        value = file.yaml.value
    except UnreadableSource:
        return {}
    if not isinstance(value, dict) or not all(_KEY.fullmatch(str(key)) for key in value):
        return {}
    texts = [value[key] for key in (*SYSTEM_KEYS, *USER_KEYS) if key in value]
    has_texts = bool(texts) and all(isinstance(text, str) for text in texts)
    has_parts = any(isinstance(value.get(key), list | dict) for key in ("messages", "prompts"))
    return value if has_texts or has_parts else {}
