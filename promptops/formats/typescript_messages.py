"""Lists of messages in TypeScript and JavaScript, and the requests that contain them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from promptops.formats.document import (
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TemplatePart,
    TextContent,
)
from promptops.formats.model_fields import PARAMETERS, model_fields
from promptops.formats.plain_texts import ROLES, parts_message
from promptops.formats.source_file import SourceFile
from promptops.formats.translation import InputNames
from promptops.formats.typescript_values import (
    ListValue,
    ObjectValue,
    TextValue,
    TypescriptTexts,
    TypescriptValues,
    Value,
)
from promptops.patterns import lazy_pattern

SYSTEM_KEYS = frozenset(("system", "systemInstruction", "instructions"))
CONTENT_KEYS = ("content", "text", "message")
"""Keys beside `role` that have the text of a message."""
_SPREAD = lazy_pattern(
    r"\.\.\.\s*\(?\s*(?:this\.)?([A-Za-z_$][\w$]*)(?:\s*(?:\?\?|\|\|)\s*\[\s*\])?\s*\)?"
)
_NUMERAL = lazy_pattern(r"-?\d[\d_]{0,14}(?:\.\d{1,15})?")
_LIST_NAME = lazy_pattern(r"(?:this\.)?([A-Za-z_$][\w$]*)")
_SDK_MODEL = lazy_pattern(r"([A-Za-z]+)(?:\.[A-Za-z]+)?\(\s*([\"'`])([\w./:@-]+)\2\s*\)")
"""A model of the AI SDK: `openai("gpt-5")`."""
_ROLE_MEMBER = lazy_pattern(
    r"[A-Za-z_$][\w$.]{0,60}\.(SYSTEM|USER|ASSISTANT|System|User|Assistant|system|user)"
)
_DEFINES_TEMPLATE = lazy_pattern(r"\bdefinePrompt(?:<[\w\s.,]{0,100}>)?\(\s*\Z")
_LONGEST_CALL = 100
_NEW_MESSAGE = lazy_pattern(r"new\s+((?:System|Human|AI)Message|MessagesPlaceholder)\(\s*")
ROLES_OF_LANGCHAIN = {
    **{role: role for role in ROLES},
    "human": "user",
    "ai": "assistant",
    "SystemMessage": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
}
_ROLES_OF_KEYS = {
    **dict.fromkeys(("system", "systemInstruction", "instructions"), "system"),
    **dict.fromkeys(("prompt", "input"), "user"),
}
_OF_MESSAGES = SYSTEM_KEYS | {"messages", "input"}
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
            if self._source.startswith("...", item.start):
                yield from self._others(item)
                continue
            made = _NEW_MESSAGE.match(self._source, item.start, item.end)
            pair = item.items if isinstance(item, ListValue) else ()
            if made is not None:
                pair = (item, content_of(self._values.value(made.end())))
            role = made[1] if made is not None else self._role(next(iter(pair), None))
            yield from self._pair(str(role), pair, item, "none" if made is not None else "format")

    def _pair(
        self, role: str, pair: Sequence[Value], item: Value, syntax: str
    ) -> Iterator[SourceTurn]:
        text = pair[1] if len(pair) == 2 else None
        if isinstance(text, ListValue) and role in ROLES_OF_LANGCHAIN:
            content = tuple(self._parts(text, syntax))
            yield SourceMessage(role=ROLES_OF_LANGCHAIN[role], content=content)
        elif text is None or isinstance(text, ListValue | ObjectValue):
            self._lose("IMP103", "a message that the code computes is not carried", item)
        elif role in ("placeholder", "MessagesPlaceholder") and isinstance(text, TextValue):
            yield SourceHistory(source=self._names.name(text.pieces[0].strip("{}")))
        elif role in ROLES_OF_LANGCHAIN:
            yield parts_message(ROLES_OF_LANGCHAIN[role], self._content(text, syntax))
        else:
            self._lose("IMP101", "a message without a constant role is not carried", item)

    def request(self, found: ObjectValue) -> Iterator[SourceTurn]:
        """The messages of a request with a system message or a prompt."""
        fields = dict(found.fields)
        before = self._source[max(found.start - _LONGEST_CALL, 0) : found.start]
        syntax = "mustache" if _DEFINES_TEMPLATE.search(before) else "none"
        for key, role in _ROLES_OF_KEYS.items():
            value = fields.get(key)
            if isinstance(value, ListValue):
                yield from self.chat(value)
            elif isinstance(value, ObjectValue):
                yield from self._message(value)
            elif value is not None:
                yield parts_message(role, self._content(value, syntax))
        messages = fields.get("messages")
        if isinstance(messages, ListValue):
            yield from self.chat(messages)
        elif messages is not None:
            named = _LIST_NAME.fullmatch(self._source[messages.start : messages.end].strip())
            if named is None:
                self._lose("IMP103", "messages that the code computes are not carried", messages)
            else:
                yield self._history(named[1], messages)

    def request_fields(self, request: ObjectValue) -> dict[str, Any]:
        """The model and the parameters of a request, where they are constant.

        Others are reported: IMP107 for the model and its parameters, IMP114 for what is unknown.
        """
        given: dict[str, Any] = {}
        has_messages = "messages" in dict(request.fields)
        for key, value in request.fields:
            is_read = isinstance(value, TextValue | ListValue) or not has_messages
            is_prompt = key == "prompt" and is_read and not isinstance(value, ObjectValue)
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
        role = self._role(fields.get("role"))
        content = next((fields[key] for key in CONTENT_KEYS if key in fields), None)
        if role not in ROLES or content is None:
            self._lose("IMP101", "a message without a constant role is not carried", item)
            return
        others = [key for key in fields if key not in ("role", "id", *CONTENT_KEYS)]
        if others:
            self._lose("IMP114", f"`{others[0]}` of a message is not carried", item)
        if isinstance(content, ListValue):
            yield SourceMessage(role=str(role), content=tuple(self._parts(content)))
        else:
            yield parts_message(str(role), self._content(content))

    def _parts(self, content: ListValue, syntax: str = "none") -> Iterator[TextContent]:
        """The texts of a message of several parts."""
        for item in content.items:
            text = dict(item.fields).get("text") if isinstance(item, ObjectValue) else None
            if text is not None:
                yield TextContent(parts=self._content(text, syntax))
            else:
                self._lose("IMP105", "an image or another part is not carried", item)

    def _others(self, item: Value) -> Iterator[SourceTurn]:
        """What is no object: `...history` is the conversation of the caller."""
        match = _SPREAD.fullmatch(self._source, item.start, item.end)
        if match is None:
            self._lose("IMP103", "a message that the code computes is not carried", item)
        else:
            yield self._history(match[1], item)

    def _history(self, written: str, value: Value) -> SourceHistory:
        """Messages that have a name are the conversation of the caller."""
        name = self._names.name(written)
        self._lose("IMP302", f"`{name}` is the caller's conversation", value)
        return SourceHistory(source=name)

    def _model(self, value: Value) -> str | int | float | bool | None:
        """The name of a model, with its provider where a function of the AI SDK makes it."""
        match = _SDK_MODEL.fullmatch(self._source[value.start : value.end].strip())
        return f"{match[1].lower()}/{match[3]}" if match is not None else self._constant(value)

    def _content(self, value: Value, syntax: str = "none") -> tuple[TemplatePart, ...]:
        written = self._source[value.start : value.end].strip()
        named = None if isinstance(value, TextValue) else self._texts.constant(written)
        if named is not None and syntax != "none":
            return self._texts.parts(named, syntax)
        if isinstance(value, TextValue):
            return self._texts.parts(value, syntax)
        return self._texts.values(written, self._file.text.place(value.start, value.end))

    def _role(self, value: Value | None) -> str | int | float | bool | None:
        """A constant role, also as the member of an object: `Roles.USER`."""
        written = "" if value is None else self._source[value.start : value.end].strip()
        member = _ROLE_MEMBER.fullmatch(written)
        return self._constant(value) if member is None else member[1].lower()

    def _constant(self, value: Value | None) -> str | int | float | bool | None:
        """A constant; None for any other value."""
        if isinstance(value, TextValue):
            return value.pieces[0] if len(value.pieces) == 1 else None
        written = "" if value is None else self._source[value.start : value.end].strip()
        if written in ("true", "false"):
            return written == "true"
        if _NUMERAL.fullmatch(written) is None:
            return None
        return float(written) if "." in written else int(written.replace("_", ""))

    def _lose(self, code: str, message: str, value: Value) -> None:
        self._texts.lose(code, message, value.start, value.end)


def content_of(value: Value) -> Value:
    """The text of a message that is made of `{ content: … }`; any other value as it is."""
    fields = dict(value.fields) if isinstance(value, ObjectValue) else {}
    return fields.get("content", value)


def makes_message(source: str, at: int) -> bool:
    """Whether a message of LangChain is made at an offset: `new SystemMessage(…)`."""
    return _NEW_MESSAGE.match(source, at) is not None
