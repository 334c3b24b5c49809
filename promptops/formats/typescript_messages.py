"""Lists of messages in TypeScript and JavaScript, and the requests that contain them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from promptops.formats.document import SourceHistory, SourceMessage, SourceTurn, TextContent
from promptops.formats.input_names import InputNames
from promptops.formats.model_fields import PARAMETERS, model_fields
from promptops.formats.parts import TemplatePart
from promptops.formats.plain_texts import ROLES, parts_message
from promptops.formats.source_file import SourceFile
from promptops.formats.typescript_texts import TypescriptTexts
from promptops.formats.typescript_values import (
    ListValue,
    ObjectValue,
    TextValue,
    TypescriptValues,
    Value,
)
from promptops.patterns import lazy_pattern

_SPREAD = lazy_pattern(
    r"\.\.\.\s*\(?\s*(?:this\.)?([A-Za-z_$][\w$]*)(?:\s*(?:\?\?|\|\|)\s*\[\s*\])?\s*\)?"
)
_NUMBER = lazy_pattern(r"-?\d[\d_]{0,14}(?:\.\d{1,15})?")
_NAME = lazy_pattern(r"(?:this\.)?([A-Za-z_$][\w$]*)")
_MODEL = lazy_pattern(r"([A-Za-z]+)(?:\.[A-Za-z]+)?\(\s*([\"'`])([\w./:@-]+)\2\s*\)")
"""A model of the AI SDK: `openai("gpt-5")`."""
_MADE = lazy_pattern(r"new\s+((?:System|Human|AI)Message|MessagesPlaceholder)\(\s*")
_OF_LANGCHAIN = {
    **{role: role for role in ROLES},
    "human": "user",
    "ai": "assistant",
    "SystemMessage": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
}
_TEXTS = {"system": "system", "instructions": "system", "prompt": "user", "input": "user"}
_OF_MESSAGES = frozenset(("messages", "input", "system", "instructions"))
_OF_CLIENT = frozenset(("stream", "user", "store"))


class TypescriptMessages:
    """The messages of one prompt; losses go to its texts."""

    def __init__(self, file: SourceFile, texts: TypescriptTexts, names: InputNames) -> None:
        self._file = file
        self._source = file.text.value
        self._values = TypescriptValues(file.text.value)
        self._texts = texts
        self._names = names

    def chat(self, found: ListValue) -> Iterator[SourceTurn]:
        """A list of `{ role: …, content: … }`, with conversations of the caller in it."""
        for item in found.items:
            if isinstance(item, ObjectValue):
                yield from self._message(item)
            else:
                yield from self._others(item)

    def pairs(self, found: ListValue) -> Iterator[SourceTurn]:
        """The messages of a chat template of LangChain: pairs, messages, placeholders."""
        for item in found.items:
            made = _MADE.match(self._source, item.start, item.end)
            pair = item.items if isinstance(item, ListValue) else ()
            if made is not None:
                pair = (item, self._values.value(made.end()))
            role = made[1] if made is not None else self._constant(next(iter(pair), None))
            yield from self._pair(str(role), pair, item, "none" if made is not None else "format")

    def _pair(
        self, role: str, pair: Sequence[Value], item: Value, syntax: str
    ) -> Iterator[SourceTurn]:
        text = pair[1] if len(pair) == 2 else None
        if not isinstance(text, TextValue):
            self._lose("IMP103", "a message that the code computes is not carried", item)
        elif role in ("placeholder", "MessagesPlaceholder"):
            yield SourceHistory(source=self._names.name(text.pieces[0].strip("{}")))
        elif role in _OF_LANGCHAIN:
            yield parts_message(_OF_LANGCHAIN[role], self._texts.parts(text, syntax))
        else:
            self._lose("IMP101", "a message without a constant role is not carried", item)

    def request(self, found: ObjectValue) -> Iterator[SourceTurn]:
        """The messages of a request with a system message or a prompt."""
        fields = dict(found.fields)
        for key, role in _TEXTS.items():
            value = fields.get(key)
            if isinstance(value, ListValue):
                yield from self.chat(value)
            elif value is not None:
                yield parts_message(role, self._content(value))
        messages = fields.get("messages")
        if isinstance(messages, ListValue):
            yield from self.chat(messages)
        elif messages is not None:
            yield from self._conversation(messages)

    def request_fields(self, request: ObjectValue) -> dict[str, Any]:
        """The model and the parameters of a request, where they are constant.

        Others are reported: IMP107 for the model and its parameters, IMP114 for what is unknown.
        """
        given: dict[str, Any] = {}
        for key, value in request.fields:
            is_prompt = key == "prompt" and isinstance(value, TextValue | ListValue)
            if key in _OF_MESSAGES or key in _OF_CLIENT or is_prompt:
                continue
            constant = self._model(value) if key == "model" else self._constant(value)
            if key != "model" and key not in PARAMETERS:
                self._lose("IMP114", f"`{key}` of the request is not carried", value)
            elif constant is None:
                self._lose("IMP107", f"`{key}` is computed: it is not carried", value)
            else:
                given[key] = constant
        place = self._file.text.place(request.start, request.end)
        name = given.pop("model", None)
        model = model_fields(name if isinstance(name, str) else None, given, lambda _key: place)
        self._texts.losses += model.losses
        return {"model": dict(model.value)} if model.value else {}

    def _message(self, item: ObjectValue) -> Iterator[SourceTurn]:
        fields = dict(item.fields)
        role, content = self._constant(fields.get("role")), fields.get("content")
        if role not in ROLES or content is None:
            self._lose("IMP101", "a message without a constant role is not carried", item)
            return
        others = [key for key in fields if key not in ("role", "content")]
        if others:
            self._lose("IMP114", f"`{others[0]}` of a message is not carried", item)
        if isinstance(content, ListValue):
            yield SourceMessage(role=str(role), content=tuple(self._parts(content)))
        else:
            yield parts_message(str(role), self._content(content))

    def _parts(self, content: ListValue) -> Iterator[TextContent]:
        """The texts of a message of several parts."""
        for item in content.items:
            text = dict(item.fields).get("text") if isinstance(item, ObjectValue) else None
            if text is not None:
                yield TextContent(parts=self._content(text))
            else:
                self._lose("IMP105", "an image or another part is not carried", item)

    def _others(self, item: Value) -> Iterator[SourceTurn]:
        """What is no object: `...history` is the conversation of the caller."""
        match = _SPREAD.fullmatch(self._source, item.start, item.end)
        if match is None:
            self._lose("IMP103", "a message that the code computes is not carried", item)
            return
        name = self._names.name(match[1])
        self._lose("IMP302", f"`{name}` is the caller's conversation", item)
        yield SourceHistory(source=name)

    def _conversation(self, found: Value) -> Iterator[SourceTurn]:
        """Messages that have a name are the conversation of the caller."""
        match = _NAME.fullmatch(self._source[found.start : found.end].strip())
        if match is None:
            self._lose("IMP103", "messages that the code computes are not carried", found)
            return
        name = self._names.name(match[1])
        self._lose("IMP302", f"`{name}` is the caller's conversation", found)
        yield SourceHistory(source=name)

    def _model(self, value: Value) -> str | int | float | bool | None:
        """The name of a model, with its provider where a function of the AI SDK makes it."""
        match = _MODEL.fullmatch(self._source[value.start : value.end].strip())
        return f"{match[1].lower()}/{match[3]}" if match is not None else self._constant(value)

    def _content(self, value: Value) -> tuple[TemplatePart, ...]:
        if isinstance(value, TextValue):
            return self._texts.parts(value, "none")
        place = self._file.text.place(value.start, value.end)
        return (self._texts.value(self._source[value.start : value.end].strip(), place),)

    def _constant(self, value: Value | None) -> str | int | float | bool | None:
        """A constant; None for any other value."""
        if isinstance(value, TextValue):
            return value.pieces[0] if len(value.pieces) == 1 else None
        written = "" if value is None else self._source[value.start : value.end].strip()
        if written in ("true", "false"):
            return written == "true"
        if _NUMBER.fullmatch(written) is None:
            return None
        return float(written) if "." in written else int(written.replace("_", ""))

    def _lose(self, code: str, message: str, value: Value) -> None:
        self._texts.lose(code, message, value.start, value.end)
