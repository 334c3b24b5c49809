"""A configuration of promptfoo whose prompts are chats in JSON with Nunjucks templates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.exported import (
    ExportedFile,
    ExportSubject,
    NotExported,
    case_messages,
    fixed_inputs,
)
from promptops.formats.languages.jinja import NotATemplate, template_parts
from promptops.formats.languages.nunjucks import nunjucks_text
from promptops.formats.prompt_file import stripped, yaml_file
from promptops.formats.writers.promptfoo import (
    configuration,
    distinctly_named,
    function_name,
)
from promptops.model.prompt import ConversationHistory, ForEach, Message, TextPart

NAME = "promptfoo-templates"
MARKS = "`promptfooconfig.yaml` for each prompt, and its chat as JSON with Nunjucks templates"
TAKES_CASE = True


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """A configuration and a chat for each prompt that Nunjucks renders the same."""
    for subject in distinctly_named(subjects):
        if isinstance(subject, Loss):
            yield subject
            continue
        losses = list(fixed_inputs(subject))
        try:
            chat = list(_chat(subject))
        except NotExported as error:
            yield error.loss
            continue
        name = function_name(subject)
        value = configuration(subject, losses, native=True)
        value["prompts"] = [{"id": f"file://{name}.chat.json", "label": subject.prompt.id}]
        del value["env"]
        yield from losses
        text = json.dumps(chat, indent=2, ensure_ascii=False)
        yield subject.file(f"{name}.chat.json", f"{text}\n")
        yield subject.file(f"{name}.promptfooconfig.yaml", yaml_file(value))


def _chat(subject: ExportSubject) -> Iterator[dict[str, str]]:
    if subject.case is not None:
        inputs = {name: {"type": "string"} for name in subject.prompt.inputs.get("properties", {})}
        for message in case_messages(subject, subject.case):
            yield {"role": message.role, "content": nunjucks_text(message.parts, inputs)}
        return
    for turn in subject.prompt.messages:
        yield {"role": _role(subject, turn), "content": _content(subject, turn)}


def _role(subject: ExportSubject, turn: Message | ConversationHistory | ForEach) -> str:
    if not isinstance(turn, Message):
        raise _refused(subject, "a conversation or repeated messages", turn.at)
    if turn.when is not None or turn.tool_calls or turn.role == "tool":
        raise _refused(subject, "a condition of a message, or a call of a tool", turn.at)
    return turn.role


def _content(subject: ExportSubject, turn: Any) -> str:
    texts = [part for part in turn.parts if isinstance(part, TextPart) and part.when is None]
    if len(texts) != 1 or len(turn.parts) != 1:
        raise _refused(subject, "a message of several parts", turn.at)
    try:
        parts = stripped(template_parts(texts[0].text, subject.load))
        return nunjucks_text(parts, subject.prompt.inputs.get("properties", {}))
    except NotATemplate as error:
        raise _refused(subject, str(error), turn.at) from None


def _refused(subject: ExportSubject, what: str, pointer: str) -> NotExported:
    hint = "leave out --templates, or export a case of it: --case NAME"
    return subject.refused(f"this format can't express {what}", pointer, hint)
