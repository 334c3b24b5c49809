"""Messages in Python code: lists of dictionaries, chat templates, and calls of models."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.formats.document import SourceHistory, SourceMessage, SourceTurn, TextContent
from promptops.formats.input_names import InputNames
from promptops.formats.model_fields import PARAMETERS, model_fields
from promptops.formats.parts import TemplatePart
from promptops.formats.plain_texts import ROLES, parts_message
from promptops.formats.python_expressions import PythonExpressions
from promptops.formats.python_gemini import calls_gemini, gemini_keywords, gemini_turns
from promptops.formats.python_scopes import called_name
from promptops.formats.python_templates import is_message_list, sent_messages, templated_message
from promptops.formats.request_fields import output_field, tools_field

Syntax = ast.expr | str | None
"""The name of a syntax, the code that fills in a string, or None to guess."""
ReadText = Callable[[ast.expr, Syntax], tuple[TemplatePart, ...] | None]
"""The parts of a string in a syntax; None for another expression."""

_ROLES = {"human": "user", "ai": "assistant", **{role: role for role in ROLES}}
_CARRIED = frozenset(("role", "content"))
_TEXTS = {"instructions": "system", "system": "system", "input": "user"}
_OF_REQUEST = ("response_format", "text", "tools", "tool_choice")
_OF_CLIENT = frozenset(
    str.split("stream stream_options timeout user store extra_headers extra_query max_retries")
)


class PythonMessages:
    """The messages of one prompt; losses go to the expressions."""

    def __init__(self, expressions: PythonExpressions, names: InputNames, text: ReadText) -> None:
        self._expressions = expressions
        self._names = names
        self._text = text

    def chat(self, node: ast.List, syntax: Syntax = "none") -> Iterator[SourceTurn]:
        """A list of `{"role": …, "content": …}`, with conversations of the caller in it.

        Args:
            syntax: Of the contents of dictionaries.
        """
        if is_message_list(node):
            yield from self.pairs(node, None)
            return
        if not any("content" in _fields(element) for element in node.elts):
            return
        for element in node.elts:
            fields = _fields(element)
            if fields:
                yield from self._message(fields, element, syntax)
            else:
                yield from self._others(element)

    def pairs(self, node: ast.List, syntax: str | None) -> Iterator[SourceTurn]:
        """The messages of a chat template: pairs of role and template, messages, placeholders."""
        for element in node.elts:
            message = templated_message(element)
            if isinstance(element, ast.Tuple) and len(element.elts) == 2:
                yield from self._pair(element.elts[0], element.elts[1], syntax)
            elif message is not None:
                role, text, is_filled = message
                yield parts_message(role, self._content(text, syntax if is_filled else "none"))
            elif isinstance(element, ast.Call) and called_name(element) == "MessagesPlaceholder":
                values = [*element.args, *(keyword.value for keyword in element.keywords)]
                history = str(getattr(next(iter(values), None), "value", "history"))
                yield SourceHistory(source=self._names.name(history))
            else:
                yield from self._others(element)

    def request(self, node: ast.Call) -> Iterator[SourceTurn]:
        """The messages that a call sends to a model, the system message first."""
        if calls_gemini(node):
            yield from gemini_turns(node, self._content, self._lose)
            return
        sent = sent_messages(node)
        if sent is not None:
            yield from self.pairs(sent, "none")
            return
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        for key, role in _TEXTS.items():
            value = given.get(key)
            if isinstance(value, ast.List):
                yield from self.chat(value)
            elif value is not None:
                yield parts_message(role, self._content(value))
        messages = given.get("messages")
        if isinstance(messages, ast.List):
            yield from self.chat(messages)

    def request_fields(self, node: ast.Call) -> dict[str, Any]:
        """The model, its parameters, the output and the tools of a call, where they are constant.

        Others are reported: IMP107 for the model and its parameters, IMP114 for what is unknown.
        """
        given: dict[str, Any] = {}
        if sent_messages(node) is not None:
            return given
        for keyword in gemini_keywords(node) if calls_gemini(node) else node.keywords:
            key = keyword.arg or "**"
            if key in ("messages", *_TEXTS) or key in _OF_CLIENT:
                continue
            if key not in ("model", *_OF_REQUEST) and key not in PARAMETERS:
                self._lose("IMP114", f"`{key}` of the call is not carried", keyword)
                continue
            try:
                given[key] = ast.literal_eval(keyword.value)
            except (ValueError, TypeError, RecursionError, MemoryError):
                self._lose("IMP107", f"`{key}` is computed: it is not carried", keyword)
        return self._known_fields(given, node)

    def _known_fields(self, given: Mapping[str, Any], node: ast.Call) -> dict[str, Any]:
        place = self._expressions.place(node)
        name = given.get("model")
        params = {key: value for key, value in given.items() if key in PARAMETERS}
        provider = "gemini" if calls_gemini(node) else None
        known = name.removeprefix("models/") if isinstance(name, str) else None
        model = model_fields(known, params, lambda _key: place, provider)
        losses = self._expressions.losses
        losses += model.losses
        return {
            **({"model": dict(model.value)} if model.value else {}),
            **output_field(given, lambda _key: place, losses),
            **tools_field(given, lambda _key: place, losses),
        }

    def _message(
        self, fields: Mapping[str, ast.expr], element: ast.expr, syntax: Syntax
    ) -> Iterator[SourceTurn]:
        role, content = getattr(fields.get("role"), "value", None), fields.get("content")
        if role not in _ROLES or content is None:
            self._lose("IMP101", "a message without a constant role is not carried", element)
            return
        others = [key for key in fields if key not in _CARRIED]
        if others:
            self._lose("IMP114", f"`{others[0]}` of a message is not carried", element)
        if isinstance(content, ast.List):
            yield SourceMessage(role=_ROLES[role], content=tuple(self._parts(content, syntax)))
        else:
            yield parts_message(_ROLES[role], self._content(content, syntax))

    def _parts(self, content: ast.List, syntax: Syntax) -> Iterator[TextContent]:
        """The texts of a message of several parts."""
        for element in content.elts:
            text = _fields(element).get("text")
            if text is not None:
                yield TextContent(parts=self._content(text, syntax))
            else:
                self._lose("IMP105", "an image or another part is not carried", element)

    def _others(self, element: ast.expr) -> Iterator[SourceTurn]:
        """What is no dictionary: `*history` is the conversation of the caller."""
        inner = element.value if isinstance(element, ast.Starred) else None
        if isinstance(inner, ast.Name | ast.Attribute):
            name = self._names.name(inner.id if isinstance(inner, ast.Name) else inner.attr)
            self._lose("IMP302", f"`{name}` is the caller's conversation", element)
            yield SourceHistory(source=name)
        else:
            self._lose("IMP103", "a message that the code computes is not carried", element)

    def _pair(self, role: ast.expr, content: ast.expr, syntax: str | None) -> Iterator[SourceTurn]:
        written = getattr(role, "value", None)
        if written == "placeholder":
            history = str(getattr(content, "value", "history")).strip("{}")
            yield SourceHistory(source=self._names.name(history))
        elif written in _ROLES:
            yield parts_message(_ROLES[written], self._content(content, syntax))
        else:
            self._lose("IMP101", "a message without a constant role is not carried", role)

    def _content(self, node: ast.expr, syntax: Syntax = "none") -> tuple[TemplatePart, ...]:
        found = self._text(node, syntax)
        return found if found is not None else (self._expressions.printed(node, self._names),)

    def _lose(self, code: str, message: str, node: ast.AST) -> None:
        self._expressions.lose(code, message, node)


def _fields(node: ast.expr) -> Mapping[str, ast.expr]:
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}
