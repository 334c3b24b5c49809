"""Calls of `generate_content` of Google's client in Python code; no code is run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

from promptops.formats.document import SourceMessage, SourceTurn, TextContent
from promptops.formats.parts import TemplatePart, TextPart
from promptops.formats.plain_texts import parts_message
from promptops.formats.python_scopes import called_name

ReadContent = Callable[[ast.expr], tuple[TemplatePart, ...]]
"""The parts of a text; the value of an expression that is no text."""
Lose = Callable[[str, str, ast.AST], None]

_METHODS = frozenset(("generate_content", "generate_content_stream"))
_SETTINGS = ("config", "generation_config")
_SYSTEM = "system_instruction"
_ROLES = {"user": "user", "model": "assistant"}
_JSON = "application/json"


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
        if keyword.arg in ("contents", _SYSTEM, *_SETTINGS):
            continue
        if keyword.arg == "response_mime_type" and isinstance(keyword.value, ast.Constant):
            if keyword.value.value == _JSON:
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
    written = _ROLES.get(str(getattr(role, "value", None)))
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
    return next((one.value for one in _settings(node) if one.arg == _SYSTEM), None)


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
