"""Prompty files, version 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.exported import ExportedFile, ExportSubject, NotExported
from promptops.formats.parts import ExpressionPart, TagPart, TemplatePart
from promptops.formats.parts import TextPart as Text
from promptops.formats.plain_variables import case_messages, fixed_inputs
from promptops.formats.role_lines import ROLE_LINE
from promptops.formats.template_parts import NotATemplate, template_parts, untrimmed_jinja
from promptops.formats.written_messages import stripped
from promptops.formats.yaml_file import yaml_file
from promptops.model.prompt import ConversationHistory, ForEach, Message, Model, TextPart, Tool
from promptops.patterns import lazy_pattern

NAME = "prompty"
MARKS = "`ID.prompty`, version 2: a header, role lines, Jinja"
TAKES_CASE = True

_JSON = lazy_pattern(r"\|\s*json\b|\|\s*parse_json\b|\|\s*split\b")
_KINDS = ("string", "number", "integer", "boolean", "array", "object")


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """A file for each prompt that this format can express."""
    for subject in subjects:
        try:
            body = "\n".join(_turns(subject))
        except NotExported as error:
            yield error.loss
            continue
        yield from _lost(subject)
        text = f"---\n{yaml_file(_header(subject))}---\n{body}"
        yield subject.file(f"{subject.prompt.id}.prompty", text)


def _turns(subject: ExportSubject) -> Iterator[str]:
    if subject.case is not None:
        for message in case_messages(subject, subject.case):
            yield _written(subject, message.role, message.parts, "/messages")
        return
    for turn in subject.prompt.messages:
        if isinstance(turn, ConversationHistory):
            if turn.last is not None:
                raise _refused(subject, "the last messages of a conversation", turn.at)
            yield f"user:\n{{{{ {turn.source} }}}}\n"
        elif isinstance(turn, ForEach):
            inner = "".join(_message(subject, message) for message in turn.messages)
            yield f"{{% for {turn.name} in {turn.source} %}}\n{inner}{{% endfor %}}\n"
        else:
            yield _message(subject, turn)


def _message(subject: ExportSubject, message: Message) -> str:
    if message.role == "tool" or message.tool_calls:
        raise subject.refused("this format can't express a call of a tool", message.at)
    texts = [part for part in message.parts if isinstance(part, TextPart)]
    if len(texts) != 1 or len(message.parts) != 1 or texts[0].when is not None:
        raise _refused(subject, "a message of several parts", message.at)
    try:
        parts = template_parts(texts[0].text, subject.load)
    except NotATemplate as error:
        raise _refused(subject, str(error), message.at) from None
    written = _written(subject, message.role, parts, message.at)
    if message.when is None:
        return written
    return f"{{% if {message.when.value} %}}\n{written}{{% endif %}}\n"


def _written(subject: ExportSubject, role: str, given: Sequence[TemplatePart], pointer: str) -> str:
    parts = stripped(given)
    if any(isinstance(part, Text) and ROLE_LINE.search(part.text) for part in parts):
        raise subject.refused("this format can't express a line that looks like a role", pointer)
    code = (part.source for part in parts if isinstance(part, ExpressionPart | TagPart))
    if any(map(_JSON.search, code)):
        raise _refused(subject, "the filters `json`, `parse_json` and `split`", pointer)
    return f"{role}:\n{untrimmed_jinja(parts)}\n"


def _header(subject: ExportSubject) -> dict[str, Any]:
    prompt = subject.prompt
    header: dict[str, Any] = {"name": prompt.id.replace("/", "-")}
    if prompt.title:
        header["displayName"] = prompt.title
    if prompt.description:
        header["description"] = prompt.description
    metadata = {
        **prompt.metadata,
        **({"authors": list(prompt.owners)} if prompt.owners else {}),
        **({"tags": list(prompt.tags)} if prompt.tags else {}),
    }
    if metadata:
        header["metadata"] = metadata
    if prompt.model.id:
        header["model"] = _model(prompt.model)
    inputs = list(_inputs(subject))
    if inputs:
        header["inputs"] = inputs
    tools = list(map(_tool, prompt.tools))
    if tools:
        header["tools"] = tools
    header["template"] = {"format": {"kind": "jinja2"}, "parser": {"kind": "prompty"}}
    return header


def _model(model: Model) -> dict[str, Any]:
    options = {"options": dict(model.params)} if model.params else {}
    return {"id": model.id, "provider": model.provider, **options}


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "kind": "function",
        "description": tool.description,
        "parameters": dict(tool.parameters),
        **({"strict": True} if tool.strict else {}),
    }


def _inputs(subject: ExportSubject) -> Iterator[dict[str, Any]]:
    histories = {
        turn.source for turn in subject.prompt.messages if isinstance(turn, ConversationHistory)
    }
    required = subject.prompt.inputs.get("required", ())
    properties = subject.prompt.inputs.get("properties", {})
    if subject.case is not None:
        messages = case_messages(subject, subject.case)
        variables = {name for message in messages for name in message.variables}
        properties = {name: one for name, one in properties.items() if name in variables}
    for name, schema in properties.items():
        if name in histories:
            yield {"name": name, "kind": "thread"}
            continue
        given: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
        kinds = given.get("type", "string")
        first = kinds if isinstance(kinds, str) else kinds[0]
        yield {
            "name": name,
            "kind": first if first in _KINDS else "string",
            **({"required": True} if name in required else {}),
            **({"default": given["default"]} if "default" in given else {}),
            **({"enumValues": given["enum"]} if "enum" in given else {}),
            **({"description": given["description"]} if "description" in given else {}),
        }


def _lost(subject: ExportSubject) -> Iterator[Loss]:
    prompt = subject.prompt
    yield from fixed_inputs(subject)
    yield from subject.without_cases()
    yield from subject.without("budget")
    if prompt.tool_choice is not None:
        yield subject.lost("EXP104", "`tool_choice` is not exported", "/tool_choice")
    yield from subject.without_evaluation()
    yield from subject.without_output()
    yield from subject.without_provider_options()
    yield from subject.without_message_keys("cache", "name")
    if prompt.inputs.get("properties"):
        message = "of the inputs only name, kind, default and enum are exported"
        yield subject.lost("EXP103", message, "/inputs")


def _refused(subject: ExportSubject, what: str, pointer: str) -> NotExported:
    return subject.refused(f"this format can't express {what}", pointer, subject.case_hint)
