"""Prompty files, version 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.chat_messages import ROLE_LINE
from promptops.formats.document import ExpressionPart, Loss, TagPart, TemplatePart
from promptops.formats.document import TextPart as Text
from promptops.formats.exported import (
    ExportedFile,
    ExportSubject,
    NotExported,
    case_messages,
    fixed_inputs,
)
from promptops.formats.languages.jinja import NotATemplate, template_parts, untrimmed_jinja
from promptops.formats.prompt_file import stripped, yaml_file
from promptops.model.prompt import ConversationHistory, ForEach, Message, Model, TextPart, Tool
from promptops.patterns import lazy_pattern

NAME = "prompty"
MARKS = "`ID.prompty`, version 2: a header, role lines, Jinja"
TAKES_CASE = True

_JSON = lazy_pattern(r"\|\s*json\b|\|\s*parse_json\b|\|\s*split\b")
_OTHER_LINE_END = lazy_pattern("[\x0b-\x0d\x1c-\x1e\x85\u2028\u2029]")
"""Prompty joins lines that end with these with LF."""
_OPTIONS = {
    "max_output_tokens": "maxOutputTokens",
    "top_p": "topP",
    "stop": "stopSequences",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "reasoning_effort": "reasoningEffort",
    "parallel_tool_calls": "allowMultipleToolCalls",
}
"""Parameters by their names in Prompty, which ignores any other; the rest have the same name."""
_ANY = "any"
"""The kind of what has no type: Prompty sends no type for a kind that it does not know."""
_JSON_TYPES: Mapping[type, str] = {
    bool: "boolean",
    str: "string",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}
_PROPERTIES = "kinds, items, properties, defaults, enums and descriptions are exported"
_CARRIED = frozenset(str.split("type properties required items anyOf enum const description"))


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
                raise subject.inexpressible("the last messages of a conversation", turn.at)
            yield f"user:\n{{{{ {turn.source} }}}}\n"
        elif isinstance(turn, ForEach):
            inner = "".join(_message(subject, message) for message in turn.messages)
            yield f"{{% for {turn.name} in {turn.source} -%}}\n{inner}{{% endfor -%}}\n"
        else:
            yield _message(subject, turn)


def _message(subject: ExportSubject, message: Message) -> str:
    if message.role == "tool" or message.tool_calls:
        raise subject.refused("this format can't express a call of a tool", message.at)
    texts = [part for part in message.parts if isinstance(part, TextPart)]
    if len(texts) != 1 or len(message.parts) != 1 or texts[0].when is not None:
        raise subject.inexpressible("a message of several parts", message.at)
    try:
        parts = template_parts(texts[0].text, subject.load)
    except NotATemplate as error:
        raise subject.inexpressible(str(error), message.at) from None
    written = _written(subject, message.role, parts, message.at)
    if message.when is None:
        return written
    # Without the hyphens, the newline of a tag before the first role is a system message there.
    return f"{{% if {message.when.value} -%}}\n{written}{{% endif -%}}\n"


def _written(subject: ExportSubject, role: str, given: Sequence[TemplatePart], pointer: str) -> str:
    parts = stripped(given)
    if any(isinstance(part, Text) and ROLE_LINE.search(part.text) for part in parts):
        raise subject.refused("this format can't express a line that looks like a role", pointer)
    if any(isinstance(part, Text) and _OTHER_LINE_END.search(part.text) for part in parts):
        raise subject.inexpressible("a line that ends with another character than LF", pointer)
    code = (part.source for part in parts if isinstance(part, ExpressionPart | TagPart))
    if any(map(_JSON.search, code)):
        raise subject.inexpressible("the filters `json`, `parse_json` and `split`", pointer)
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
    options = {_OPTIONS.get(name, name): value for name, value in model.params.items()}
    found = {"id": model.id, "provider": model.provider}
    return {**found, "options": options} if options else found


def _tool(tool: Tool) -> dict[str, Any]:
    required = tool.parameters.get("required", ())
    parameters = [
        {"name": name, **_property(schema), **({"required": True} if name in required else {})}
        for name, schema in tool.parameters.get("properties", {}).items()
    ]
    return {
        "name": tool.name,
        "kind": "function",
        **({"description": tool.description} if tool.description else {}),
        **({"parameters": parameters} if parameters else {}),
        **({"strict": True} if tool.strict else {}),
    }


def _property(schema: Any) -> dict[str, Any]:
    """A schema as a property of Prompty, without a name: kind, and what belongs to the kind."""
    given: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    branches = given.get("anyOf", given.get("oneOf"))
    if branches:
        others = [one for one in branches if one != {"type": "null"}]
        found: dict[str, Any] = {"kind": "union", "anyOf": [_property(one) for one in others]}
        found |= {"nullable": True} if len(others) < len(branches) else {}
    else:
        found = _of_kinds(given)
    if "enum" in given or "const" in given:
        found["enumValues"] = given.get("enum", [given.get("const")])
    return {**found, **_kept(given, "description")}


def _of_kinds(given: Mapping[str, Any]) -> dict[str, Any]:
    kinds = _kinds(given)
    others = [kind for kind in kinds if kind != "null"]
    if len(others) > 1:
        found: dict[str, Any] = {
            "kind": "union",
            "anyOf": [_of_kinds({**given, "type": kind}) for kind in others],
        }
    else:
        found = _of_kind(others[0] if others else _ANY, given)
    return {**found, "nullable": True} if others and "null" in kinds else found


def _of_kind(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "array":
        return {"kind": kind, "items": _property(given.get("items"))}
    if kind != "object":
        return {"kind": kind}
    required = given.get("required", ())
    properties = [
        {"name": name, **_property(one), **({"required": True} if name in required else {})}
        for name, one in given.get("properties", {}).items()
    ]
    return {"kind": kind, "properties": properties}


def _kinds(given: Mapping[str, Any]) -> list[str]:
    """The types of a schema; those of its values if it names none."""
    kinds = given.get("type")
    if isinstance(kinds, str):
        return [kinds]
    if kinds:
        return list(kinds)
    values = given.get("enum", [given["const"]] if "const" in given else [])
    return list(dict.fromkeys(_JSON_TYPES[type(value)] for value in values))


def _kept(given: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: given[key] for key in keys if key in given}


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
        yield {
            "name": name,
            **_property(given),
            **({"required": True} if name in required else {}),
            **_kept(given, "default"),
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
    properties = prompt.inputs.get("properties", {})
    if not all(_is_carried(_without(one, "default")) for one in properties.values()):
        yield subject.lost("EXP103", f"of the inputs only {_PROPERTIES}", "/inputs")
    for index, tool in enumerate(prompt.tools):
        closed = ("additionalProperties",) if tool.strict else ()
        if not _is_carried(_without(tool.parameters, *closed)):
            message = f"of the parameters of `{tool.name}` only {_PROPERTIES}"
            yield subject.lost("EXP104", message, f"/tools/{index}")


def _without(schema: Any, *keys: str) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    return {key: value for key, value in schema.items() if key not in keys}


def _is_carried(schema: Any) -> bool:
    """Whether a property is equivalent to a schema; objects below it take no other keys."""
    if not isinstance(schema, Mapping):
        return schema is True
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    inner += [schema["items"]] if "items" in schema else []
    return _CARRIED.issuperset(schema) and all(
        _is_carried(_without(one, *(("additionalProperties",) if _is_closed(one) else ())))
        for one in inner
    )


def _is_closed(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("additionalProperties") is False
