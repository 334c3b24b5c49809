"""Convert a prompt, without its test cases, to JSON data and back.

Values for which the order of keys or the spelling of numbers matters are stored as strings of JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, Literal

from promptops.model.place import Place, Text, plain_text
from promptops.model.prompt import (
    ConversationHistory,
    ForEach,
    LocateWithin,
    MediaPart,
    Message,
    Model,
    Output,
    Part,
    Prompt,
    TextPart,
    Tool,
    Turn,
    messages_of,
)
from promptops.runtime.bundle.format import Contents, Fields, Misshapen, json_string
from promptops.runtime.template.text_rendering import is_template

_OPTIONAL_STRINGS = ("replaced_by", "sunset", "extends")
_STRING_LISTS = ("owners", "tags", "aliases")
_NOT_CONTENT = ("at", "path", "starts", "program")
"""Keys of a text that are not part of a prompt's digest: places, and what follows from the text."""
_EMPTY: tuple[Any, ...] = (None, False, {}, [])
_STATUSES: tuple[Literal["draft", "active", "deprecated"], ...] = ("draft", "active", "deprecated")
_OUTPUT_FORMATS: tuple[Literal["text", "json", "markdown"], ...] = ("text", "json", "markdown")


def prompt_value(prompt: Prompt) -> dict[str, Any]:
    """The data of a prompt that an application needs, as JSON data; empty values are left out.

    Without the parsed programs of its texts. Raises ValueError for a value that is not JSON.
    """
    value = {
        "id": prompt.id,
        "path": prompt.path,
        "status": prompt.status,
        "inputs": json_string(prompt.inputs),
        "output": _without_empty(
            format=prompt.output.format,
            schema=_json_or_none(prompt.output.schema),
            name=prompt.output.name,
            strict=prompt.output.strict,
            description=prompt.output.description,
        ),
        "model": _without_empty(
            profile=prompt.model.profile,
            provider=prompt.model.provider,
            id=prompt.model.id,
            params=_json_or_none(prompt.model.params or None),
            provider_options=_json_or_none(prompt.model.provider_options or None),
            any_api=prompt.model.any_api,
        ),
        "tools": [_tool_value(tool) for tool in prompt.tools],
        "tool_choice": _json_or_none(prompt.tool_choice),
        "messages": [_turn_value(turn) for turn in prompt.messages],
        "metadata": _json_or_none(prompt.metadata or None),
        "title": prompt.title or None,
        "description": prompt.description or None,
        **{name: getattr(prompt, name) for name in _OPTIONAL_STRINGS},
        **{name: list(getattr(prompt, name)) for name in _STRING_LISTS},
    }
    return {key: item for key, item in value.items() if key == "messages" or item not in _EMPTY}


def prompt_of(fields: Fields) -> Prompt:
    """The prompt that `prompt_value` serialised; a value without a place gets that of its file.

    Raises Misshapen for anything else.
    """
    path = fields.text("path")
    return Prompt(
        id=fields.text("id"),
        path=path,
        locate=_somewhere_in(path),
        status=fields.one_of("status", _STATUSES),
        inputs=fields.json_object("inputs"),
        output=_output_of(fields.inner("output")),
        model=_model_of(fields.inner("model")),
        tools=fields.objects("tools", _tool_of),
        tool_choice=fields.json_value("tool_choice"),
        messages=fields.objects("messages", _turn_of),
        metadata=fields.json_object("metadata"),
        title=fields.text("title", ""),
        description=fields.text("description", ""),
        replaced_by=fields.optional_text("replaced_by"),
        sunset=fields.optional_text("sunset"),
        extends=fields.optional_text("extends"),
        owners=fields.texts("owners"),
        tags=fields.texts("tags"),
        aliases=fields.texts("aliases"),
    )


def add_programs(value: dict[str, Any]) -> None:
    """Add the parsed program of each text to the result of `prompt_value`."""
    from promptops.runtime.template.parsed_program import program_of_condition

    for turn in value["messages"]:
        for message in turn.get("messages", (turn,)):
            for text in (message, *message.get("parts", ())):
                add_program(text)
                if "when" in text:
                    _add(text["when"], program_of_condition(text["when"]["text"]))


def add_program(value: dict[str, Any]) -> None:
    """Add its parsed program to the value of a text that is a template."""
    from promptops.runtime.template.parsed_program import program_of

    if "text" in value and is_template(value["text"]):
        _add(value, program_of(value["text"]))


def _add(value: dict[str, Any], program: str | None) -> None:
    if program is not None:
        value["program"] = program


def wrong_programs(contents: Contents) -> Iterator[str]:
    """The paths of texts whose program is not that of the text; raises Misshapen."""
    from promptops.runtime.template.parsed_program import program_of_condition

    for span in contents.prompts.values():
        prompt = prompt_of(contents.line(span))
        for message in messages_of(prompt.messages):
            yield from _wrong_of_text(
                part.text for part in message.parts if isinstance(part, TextPart)
            )
            for when in (message.when, *(part.when for part in message.parts)):
                if when is not None and when.program not in (
                    None,
                    program_of_condition(when.value),
                ):
                    yield when.path
    yield from _wrong_of_text(
        plain_text(path, line.text("text"), line.optional_text("program"))
        for path, line in ((path, contents.line(span)) for path, span in contents.parts.items())
    )


def _wrong_of_text(texts: Iterable[Text]) -> Iterator[str]:
    from promptops.runtime.template.parsed_program import program_of

    for text in texts:
        if text.program not in (None, program_of(text.value)):
            yield text.path


def unplaced(value: Mapping[str, Any]) -> dict[str, Any]:
    """The result of `prompt_value` without its places."""
    tools = [{k: item for k, item in tool.items() if k != "at"} for tool in value.get("tools", ())]
    messages = [_unplaced_turn(turn) for turn in value["messages"]]
    return {**value, "path": None, "tools": tools, "messages": messages}


def contract_hash(prompt: Prompt) -> str:
    """SHA-256, in hexadecimal, of the parts on which callers rely: inputs, outputs, tools, roles.

    The order of keys does not matter.
    """
    from hashlib import sha256

    from promptops.runtime.request.canonical import canonical_json

    contract = {
        "inputs": prompt.inputs,
        "output": {"format": prompt.output.format, "schema": prompt.output.schema},
        "roles": [_role(turn) for turn in prompt.messages],
        "tools": [
            [tool.name, tool.description, tool.parameters, tool.returns, tool.strict]
            for tool in prompt.tools
        ],
    }
    return sha256(canonical_json(contract).encode()).hexdigest()


def _role(turn: Any) -> Any:
    if isinstance(turn, Message):
        return turn.role
    return [message.role for message in turn.messages] if isinstance(turn, ForEach) else "history"


def _tool_value(tool: Tool) -> dict[str, Any]:
    return _without_empty(
        name=tool.name,
        description=tool.description or None,
        parameters=_json_or_none(tool.parameters or None),
        returns=_json_or_none(tool.returns),
        strict=tool.strict,
        at=tool.at or None,
    )


def _tool_of(fields: Fields) -> Tool:
    return Tool(
        name=fields.text("name"),
        description=fields.text("description", ""),
        parameters=fields.json_object("parameters"),
        returns=fields.optional_object("returns"),
        strict=fields.flag("strict"),
        at=fields.text("at", ""),
    )


def _output_of(fields: Fields) -> Output:
    return Output(
        format=fields.one_of("format", _OUTPUT_FORMATS),
        schema=fields.optional_object("schema"),
        name=fields.optional_text("name"),
        strict=fields.flag("strict"),
        description=fields.optional_text("description"),
    )


def _model_of(fields: Fields) -> Model:
    return Model(
        profile=fields.optional_text("profile"),
        provider=fields.optional_text("provider"),
        id=fields.optional_text("id"),
        params=fields.json_object("params"),
        provider_options=fields.json_object("provider_options"),
        any_api=fields.flag("any_api"),
    )


def _json_or_none(value: Any) -> str | None:
    return None if value is None else json_string(value)


def _without_empty(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in _EMPTY}


def _somewhere_in(path: str) -> LocateWithin:
    place = Place(path)
    return lambda _pointer, _key, within=None: place


# Messages

_MEDIA_KINDS: tuple[Any, ...] = ("image", "audio", "document")
_MEDIA_ORIGINS: tuple[Any, ...] = ("input", "url", "file")


def _turn_value(turn: Turn) -> dict[str, Any]:
    """One message; attributes that are not set are left out."""
    if isinstance(turn, ForEach):
        messages = [_turn_value(message) for message in turn.messages]
        return {"at": turn.at, "for_each": turn.source, "as": turn.name, "messages": messages}
    if isinstance(turn, ConversationHistory):
        return _without_none({"at": turn.at, "history": turn.source, "last": turn.last})
    return _without_none(
        {
            "at": turn.at,
            "role": turn.role,
            "parts": [_part_value(part) for part in turn.parts],
            "plain": turn.plain,
            "name": turn.name,
            "cache": turn.cache or None,
            "when": _optional_text_value(turn.when),
            "tool_calls": json_string(turn.tool_calls) if turn.tool_calls else None,
            "tool_call_id": turn.tool_call_id,
        }
    )


def _unplaced_turn(value: Mapping[str, Any]) -> dict[str, Any]:
    """The result of `_turn_value` without its places."""
    found = _without_place(value)
    if "messages" in value:
        found["messages"] = [_unplaced_turn(message) for message in value["messages"]]
    if "parts" in value:
        found["parts"] = [_without_place(part) for part in value["parts"]]
    return found


def _turn_of(fields: Fields) -> Turn:
    """The message that `_turn_value` serialised; raises Misshapen for anything else."""
    if "for_each" in fields:
        return ForEach(
            source=fields.text("for_each"),
            name=fields.text("as"),
            messages=fields.objects("messages", _message_of),
            at=fields.text("at"),
        )
    if "history" in fields:
        source, last = fields.text("history"), fields.optional_number("last")
        return ConversationHistory(source=source, at=fields.text("at"), last=last)
    return _message_of(fields)


def _message_of(fields: Fields) -> Message:
    return Message(
        role=fields.text("role"),
        parts=fields.objects("parts", _part_of),
        at=fields.text("at"),
        plain=fields.flag("plain"),
        name=fields.optional_text("name"),
        cache=fields.flag("cache"),
        when=_optional_text_of(fields, "when"),
        tool_calls=fields.json_objects("tool_calls"),
        tool_call_id=fields.optional_text("tool_call_id"),
    )


def _part_value(part: Part) -> dict[str, Any]:
    when = _optional_text_value(part.when)
    if isinstance(part, TextPart):
        return _without_none({"at": part.at, **_text_value(part.text), "when": when})
    return _without_none(
        {
            "at": part.at,
            "kind": part.kind,
            "origin": part.origin,
            "value": part.value,
            "detail": part.detail,
            "title": part.title,
            "when": when,
        }
    )


def _part_of(fields: Fields) -> Part:
    when = _optional_text_of(fields, "when")
    if "kind" not in fields:
        return TextPart(text=_text_of(fields), at=fields.text("at"), when=when)
    return MediaPart(
        kind=fields.one_of("kind", _MEDIA_KINDS),
        origin=fields.one_of("origin", _MEDIA_ORIGINS),
        value=fields.text("value"),
        at=fields.text("at"),
        detail=fields.optional_text("detail"),
        title=fields.optional_text("title"),
        when=when,
    )


def _optional_text_value(text: Text | None) -> dict[str, Any] | None:
    return _text_value(text) if text is not None else None


def _optional_text_of(fields: Fields, name: str) -> Text | None:
    return _text_of(fields.inner(name)) if name in fields else None


def _without_place(value: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: item for key, item in value.items() if key not in _NOT_CONTENT}
    return found | ({"when": value["when"]["text"]} if "when" in value else {})


def _without_none(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item is not None}


# Texts with the places of their lines

_Start = tuple[int, int]
"""Line and column of a line's first character."""


def _text_value(text: Text) -> dict[str, Any]:
    """`{"path", "text", "starts"}`, with one start for each line.

    Only the first start is written if all lines follow one another in the same column; the column
    of an empty line does not matter.
    """
    lines = _lines(text.value)
    lengths = accumulate(map(len, lines[:-1]), initial=0)
    starts = [text.locate(length + index) for index, length in enumerate(lengths)]
    line, column = starts[0]
    regular = True
    for number, ((at, first), content) in enumerate(zip(starts, lines, strict=True), line):
        if at != number or (first != column and content):
            regular = False
            break
    return {
        "path": text.path,
        "text": text.value,
        "starts": [line, column] if regular else [list(start) for start in starts],
    }


def _text_of(fields: Fields) -> Text:
    """The text that `_text_value` serialised; columns within a line count from the line's start.

    Raises Misshapen for anything else.
    """
    value = fields.text("text")
    starts = _parsed_starts(fields.items("starts"))

    def locate(offset: int) -> _Start:
        before = value[:offset]
        line, column = _start_of_line(starts, before.count("\n"))
        return line, column + offset - (before.rfind("\n") + 1)

    return Text(fields.text("path"), value, locate, fields.optional_text("program"))


def _lines(value: str) -> list[str]:
    """The lines of a file; a newline at the end starts no further line."""
    lines = value.split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _parsed_starts(written: list[Any]) -> _Start | list[_Start]:
    if written and type(written[0]) is int:
        return _parsed_start(written)
    starts = [_parsed_start(start) for start in written]
    if not starts:
        raise Misshapen("a text without a start")
    return starts


def _parsed_start(written: Any) -> _Start:
    if type(written) is not list or [type(number) for number in written] != [int, int]:
        raise Misshapen("no line and column")
    return written[0], written[1]


def _start_of_line(starts: _Start | list[_Start], number: int) -> _Start:
    if isinstance(starts, list):
        return starts[min(number, len(starts) - 1)]
    return starts[0] + number, starts[1]
