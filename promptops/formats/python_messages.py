"""Messages in Python code, of the APIs of OpenAI, Anthropic and Gemini."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import (
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TemplatePart,
    TextContent,
    TextPart,
)
from promptops.formats.model_fields import PARAMETERS, model_fields, output_field, tools_field
from promptops.formats.plain_texts import ROLES, parts_message
from promptops.formats.python_strings import (
    PythonExpressions,
    called_name,
    is_message_list,
    joined_tests,
    negated,
    operands,
    sent_messages,
    templated_message,
)
from promptops.formats.translation import InputNames
from promptops.records import replace

Syntax = ast.expr | str | None
"""The name of a syntax, the code that fills in a string, or None to guess."""
ReadText = Callable[[ast.expr, Syntax], tuple[TemplatePart, ...] | None]
"""The parts of a string in a syntax; None for another expression."""

_ROLES = {"human": "user", "ai": "assistant", **{role: role for role in ROLES}}
_CONTENTS = ("content", "text", "message")
"""Keys beside `role` that have the text of a message."""
_CARRIED = frozenset(("role", "type", *_CONTENTS))
_ROLES_OF_METHODS = frozenset(("system", "user", "developer", "assistant"))
_ROLE_OF_KEYWORD = {"instructions": "system", "system": "system", "input": "user"}
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
        elif any(map(is_message, node.elts)):
            yield from self._elements(node, lambda element: self._listed(element, syntax))

    def pairs(self, node: ast.List, syntax: str | None) -> Iterator[SourceTurn]:
        """The messages of a chat template: pairs of role and template, messages, placeholders."""
        yield from self._elements(node, lambda element: self._templated(element, syntax))

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
        for key, role in _ROLE_OF_KEYWORD.items():
            value = given.get(key)
            if isinstance(value, ast.List):
                yield from self.chat(value)
            elif value is not None:
                yield parts_message(role, self._content(value))
        messages = joined_lists(given["messages"]) if "messages" in given else None
        if messages is not None:
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
            if key in ("messages", *_ROLE_OF_KEYWORD) or key in _OF_CLIENT:
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

    def _elements(
        self, node: ast.List, read: Callable[[ast.expr], Iterator[SourceTurn]]
    ) -> Iterator[SourceTurn]:
        """The turns of a list; a message in a condition has it as its `when`."""
        for element, tests in _with_tests(node.elts):
            if not tests:
                yield from read(element)
                continue
            when = self._expressions.test(joined_tests(tests), self._names)
            for turn in read(element):
                if isinstance(turn, SourceMessage):
                    yield replace(turn, when=when)
                else:
                    self._lose("IMP103", "a conversation in a condition is not carried", element)

    def _listed(self, element: ast.expr, syntax: Syntax) -> Iterator[SourceTurn]:
        if isinstance(element, ast.Dict) or is_message(element):
            yield from self._message(element, syntax)
        else:
            yield from self._others(element)

    def _templated(self, element: ast.expr, syntax: str | None) -> Iterator[SourceTurn]:
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

    def _message(self, element: ast.expr, syntax: Syntax) -> Iterator[SourceTurn]:
        found = message_fields(element)
        if found is None or found[0] not in _ROLES:
            self._lose("IMP101", "a message without a constant role is not carried", element)
            return
        role, content = found
        others = [key for key in _fields(element) if key not in _CARRIED]
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


def _with_tests(
    nodes: Iterable[ast.expr], around: tuple[ast.expr, ...] = ()
) -> Iterator[tuple[ast.expr, tuple[ast.expr, ...]]]:
    """The elements of a list with the conditions for each: `a if test else None`, `*[a] if …`."""
    for node in nodes:
        is_starred = isinstance(node, ast.Starred)
        value = node.value if isinstance(node, ast.Starred) else node
        if not isinstance(value, ast.IfExp):
            yield node, around
            continue
        for test, branch in ((value.test, value.body), (negated(value.test), value.orelse)):
            if is_starred and isinstance(branch, ast.List):
                yield from _with_tests(branch.elts, (*around, test))
            elif not isinstance(branch, ast.Constant):
                starred = ast.copy_location(ast.Starred(value=branch, ctx=ast.Load()), branch)
                yield from _with_tests([starred if is_starred else branch], (*around, test))


def message_fields(node: ast.expr) -> tuple[str, ast.expr] | None:
    """The role and the text of a message; the role is "" if it is not constant.

    `{"role": "user", "content": …}`, `Message(role=Role.USER, text=…)`, `SystemMessage(…)`,
    `ai.system(…)`. None for any other expression.
    """
    fields = _fields(node)
    content = next((fields[key] for key in _CONTENTS if key in fields), None)
    if "role" in fields and content is not None:
        return _role(fields["role"]), content
    made = templated_message(node)
    if made is not None:
        return made[0], made[1]
    name = called_name(node).lower().removesuffix("_message") if isinstance(node, ast.Call) else ""
    if name not in _ROLES_OF_METHODS or not isinstance(node, ast.Call) or len(node.args) != 1:
        return None
    return name, node.args[0]


def joined_lists(node: ast.expr) -> ast.List | None:
    """A list, or lists joined by `+` with others: `[…] + history` is `[…, *history]`."""
    if isinstance(node, ast.List):
        return node
    parts = list(operands(node))
    if len(parts) < 2 or not any(isinstance(part, ast.List) for part in parts):
        return None
    elements: list[ast.expr] = []
    for part in parts:
        starred = ast.copy_location(ast.Starred(value=part, ctx=ast.Load()), part)
        elements += part.elts if isinstance(part, ast.List) else [starred]
    return ast.copy_location(ast.List(elts=elements, ctx=ast.Load()), node)


def is_message(node: ast.expr) -> bool:
    """Whether an expression is a message with a role, which may be computed."""
    return message_fields(node) is not None


def role_of_message(node: ast.expr, content: ast.expr) -> str | None:
    """The role of a message with this content, or with it among its parts; None for others."""
    found = message_fields(node)
    if found is not None and found[1] is content:
        return _ROLES.get(found[0])
    fields = _fields(node)
    if "role" in fields and fields.get("parts") is content:
        return _GEMINI_ROLES.get(_role(fields["role"]))
    if isinstance(node, ast.Tuple) and len(node.elts) == 2 and node.elts[1] is content:
        return _ROLES.get(_role(node.elts[0]))
    return None


def _role(node: ast.expr) -> str:
    """The word of a constant role, also of a member of an enumeration: `Role.USER`."""
    if isinstance(node, ast.Attribute):
        return node.attr.lower() if node.attr != "value" else _role(node.value)
    return str(getattr(node, "value", ""))


def _fields(node: ast.expr) -> Mapping[str, ast.expr]:
    """The values of a dictionary by its constant keys, or of a call by its keywords."""
    if isinstance(node, ast.Call):
        return {one.arg: one.value for one in node.keywords if one.arg is not None}
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}


# Calls of `generate_content` of Google's client in Python code; no code is run.

ReadContent = Callable[[ast.expr], tuple[TemplatePart, ...]]
"""The parts of a text; the value of an expression that is no text."""
Lose = Callable[[str, str, ast.AST], None]

_METHODS = frozenset(("generate_content", "generate_content_stream"))
_SETTINGS = ("config", "generation_config")
_GEMINI_SYSTEM = "system_instruction"
_GEMINI_ROLES = {"user": "user", "model": "assistant"}
_JSON_TYPE = "application/json"


def calls_gemini(node: ast.Call) -> bool:
    """Whether a call has this method's name."""
    return called_name(node) in _METHODS


def sends_to_gemini(node: ast.Call) -> bool:
    """Whether a call of this method contains texts, and not only names of them."""
    return calls_gemini(node) and any(
        one is not None and not isinstance(one, ast.Name | ast.Attribute)
        for one in (_contents(node), _system(node))
    )


def settings_call(node: ast.Call) -> ast.Call | None:
    """The call of `GenerateContentConfig` among the arguments; None without one."""
    given = _given_settings(node)
    return given if isinstance(given, ast.Call) else None


def gemini_keywords(node: ast.Call) -> Iterator[ast.keyword]:
    """The model and the settings of a call; JSON as output is the keyword `response_format`."""
    for keyword in (*node.keywords, *_settings(node)):
        if keyword.arg in ("contents", _GEMINI_SYSTEM, *_SETTINGS):
            continue
        if keyword.arg == "response_mime_type" and isinstance(keyword.value, ast.Constant):
            if keyword.value.value == _JSON_TYPE:
                value = ast.copy_location(ast.Constant("json_object"), keyword.value)
                yield ast.copy_location(ast.keyword(arg="response_format", value=value), keyword)
        else:
            yield keyword


def gemini_turns(node: ast.Call, content: ReadContent, lose: Lose) -> Iterator[SourceTurn]:
    """The messages of a call, the system message first."""
    system, contents = _system(node), _contents(node)
    if system is not None:
        yield parts_message("system", content(system))
    if not isinstance(contents, ast.List):
        if contents is not None:
            yield parts_message("user", content(contents))
        return
    loose: list[ast.expr] = []  # texts without a role are one message of the user
    for element in contents.elts:
        role = _field(element, "role")
        if role is None:
            loose.append(element)
            continue
        yield from _of_user(loose, content, lose)
        loose = []
        yield from _with_role(element, role, content, lose)
    yield from _of_user(loose, content, lose)


def _with_role(
    element: ast.expr, role: ast.expr, content: ReadContent, lose: Lose
) -> Iterator[SourceTurn]:
    written = _GEMINI_ROLES.get(str(getattr(role, "value", None)))
    parts = _field(element, "parts")
    if written is None:
        lose("IMP101", "a message without a constant role is not carried", element)
    elif not isinstance(parts, ast.List):
        lose("IMP103", "a message that the code computes is not carried", element)
    else:
        yield from _message(written, parts.elts, content, lose)


def _of_user(
    elements: Sequence[ast.expr], content: ReadContent, lose: Lose
) -> Iterator[SourceTurn]:
    if elements:
        yield from _message("user", elements, content, lose)


def _message(
    role: str, elements: Sequence[ast.expr], content: ReadContent, lose: Lose
) -> Iterator[SourceTurn]:
    """A message of some parts; one text is its content as a whole."""
    texts = []
    for element in elements:
        parts = _parts(element, content)
        if parts is None:
            lose("IMP105", "a part that is not a string in this file is not carried", element)
        else:
            texts.append(TextContent(parts=parts))
    if texts:
        yield SourceMessage(role=role, content=tuple(texts))


def _parts(element: ast.expr, content: ReadContent) -> tuple[TemplatePart, ...] | None:
    """The text of a part, or of the constant that it names; None for an image."""
    if isinstance(element, ast.Name):
        parts = content(element)
        return parts if any(isinstance(part, TextPart) for part in parts) else None
    text = _text(element)
    return None if text is None else content(text)


def _text(element: ast.expr) -> ast.expr | None:
    """The text of a part: `"…"`, `{"text": "…"}`, `Part(text="…")`, `Part.from_text("…")`."""
    if isinstance(element, ast.Constant | ast.JoinedStr | ast.BinOp):
        return element
    if isinstance(element, ast.Call) and called_name(element) in ("from_text", "format"):
        is_part = called_name(element) == "from_text"
        return next(iter(element.args), _field(element, "text")) if is_part else element
    return _field(element, "text")


def _field(element: ast.expr, name: str) -> ast.expr | None:
    """The value of a key of a dictionary, or of a keyword of a call."""
    found = {keyword.arg: keyword.value for keyword in _keywords(element)}
    return found.get(name)


def _contents(node: ast.Call) -> ast.expr | None:
    return _field(node, "contents") or next(iter(node.args), None)


def _system(node: ast.Call) -> ast.expr | None:
    return next((one.value for one in _settings(node) if one.arg == _GEMINI_SYSTEM), None)


def _settings(node: ast.Call) -> tuple[ast.keyword, ...]:
    given = _given_settings(node)
    return () if given is None else tuple(_keywords(given))


def _given_settings(node: ast.Call) -> ast.expr | None:
    return next((one.value for one in node.keywords if one.arg in _SETTINGS), None)


def _keywords(node: ast.expr) -> Iterator[ast.keyword]:
    """The keywords of a call, or the items of a dictionary as such keywords."""
    if isinstance(node, ast.Call):
        yield from node.keywords
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant):
                keyword = ast.keyword(arg=str(key.value), value=value)
                yield ast.copy_location(keyword, key)
