"""Expressions in Python source code that may be prompts; no code is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from promptops.formats.prompt_names import NAMED
from promptops.formats.python_gemini import calls_gemini, sends_to_gemini, settings_call
from promptops.formats.python_scopes import Function, Scope, called_name, target_name
from promptops.formats.python_templates import (
    is_chat_template,
    is_text_template,
    sent_messages,
    unwrapped,
)
from promptops.records import record, replace

SENDING_METHODS = frozenset(("create", "parse", "stream"))
"""Methods of clients that call a model."""
_PASSED = frozenset(("instructions", "instruction", "system_prompt", "system_instruction"))
_INVOKING = frozenset(("invoke", "ainvoke", "complete", "acomplete", "predict", "apredict"))
_COMPLETING = frozenset(("create", "acreate", "completion", "acompletion", "text_completion"))
_OF_RESPONSES = frozenset(("input", "instructions"))
_TEXTS = frozenset(("messages", "input", "instructions", "system"))


@record(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An expression that may be a prompt.

    Attributes:
        name: What it is assigned to, with its classes and functions; of what a function returns,
            the name of the function.
        key: The name by which other code refers to it, "" if it has none: `Bot.text` for
            `self.text`.
        function: The function whose arguments it may read.
        is_sent: Whether a call passes it by the name of a prompt.
    """

    name: str
    key: str = ""
    node: ast.expr
    function: Function | None
    is_sent: bool = False


def candidates(nodes: Sequence[tuple[Scope, ast.AST]]) -> Iterator[Candidate]:
    """What is assigned, returned, a value of a dictionary or sent to a model, in their order.

    Also each other prompt template, such as the argument of a call.
    """
    read: set[ast.AST] = set()
    for scope, node in nodes:
        for one in _candidates_at(node, scope, read):
            read.update(_templates_in(one.node))
            yield one


def _candidates_at(node: ast.AST, scope: Scope, read: set[ast.AST]) -> Iterator[Candidate]:
    if isinstance(node, ast.Return) and node.value is not None:
        if NAMED.search(scope.name) and not _is_call_of_model(node.value):
            yield _candidate(scope.name.rstrip("."), node.value, scope)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        yield from _assigned(node, scope)
    elif isinstance(node, ast.keyword):
        if is_text_template(node.value) and node.value not in read:
            yield _candidate(f"{scope.name}{node.arg or 'template'}", node.value, scope)
    elif isinstance(node, ast.Call):
        if is_request(node):
            read.add(settings_call(node) or node)
            yield _candidate(scope.name.rstrip(".") or "request", node, scope)
        elif node in read:
            return
        elif is_text_template(node):
            yield _candidate(scope.name.rstrip(".") or "template", node, scope)
        else:
            yield from _passed(node, scope)


def _templates_in(node: ast.expr) -> Iterator[ast.AST]:
    """The templates that a candidate reads: itself, and those of the messages of a chat."""
    first = unwrapped(node)
    if is_text_template(first):
        yield first
    elif isinstance(first, ast.List) or (isinstance(first, ast.Call) and is_chat_template(first)):
        yield from filter(is_text_template, ast.walk(first))


def _passed(node: ast.Call, scope: Scope) -> Iterator[Candidate]:
    """Strings that a call passes to a model: `Agent(instructions="…")`, `model.invoke("…")`."""
    given = [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg in _PASSED]
    for name, value in (*given, *(("prompt", text) for text in sent_texts(node))):
        if not isinstance(value, ast.Name | ast.Attribute):
            yield replace(_candidate(f"{scope.name}{name}", value, scope), is_sent=True)


def sent_texts(node: ast.Call) -> list[ast.expr]:
    """The first argument of a method such as `invoke`; `prompt` of a call for a completion."""
    if called_name(node) in _INVOKING and isinstance(node.func, ast.Attribute):
        return node.args[:1]
    if called_name(node) in _COMPLETING:
        return [keyword.value for keyword in node.keywords if keyword.arg == "prompt"]
    return []


def is_request(node: ast.Call) -> bool:
    """Whether a call sends texts to a model: `client.chat.completions.create(messages=[…])`."""
    if is_chat_template(node):
        return False
    if calls_gemini(node):
        return sends_to_gemini(node)
    if sent_messages(node) is not None:
        return True
    keys = {keyword.arg for keyword in node.keywords if _is_text(keyword)}
    if "messages" in keys:
        return True
    owner = getattr(node.func, "value", None)
    of_responses = isinstance(owner, ast.Attribute) and owner.attr == "responses"
    return of_responses and called_name(node) in SENDING_METHODS and bool(keys & _OF_RESPONSES)


def _is_call_of_model(node: ast.expr) -> bool:
    """Whether it is a call that is a candidate of its own."""
    return isinstance(node, ast.Call) and is_request(node)


def _is_text(keyword: ast.keyword) -> bool:
    if keyword.arg not in _TEXTS or isinstance(keyword.value, ast.Name):
        return False
    return keyword.arg != "messages" or isinstance(keyword.value, ast.List)


def _candidate(name: str, node: ast.expr, scope: Scope, key: str = "") -> Candidate:
    if isinstance(node, ast.Lambda):
        return Candidate(name=name, key=key, node=node.body, function=node)
    return Candidate(name=name, key=key, node=node, function=scope.function)


def _assigned(statement: ast.Assign | ast.AnnAssign, scope: Scope) -> Iterator[Candidate]:
    value = statement.value
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    key = target_name(targets[0], scope)
    if value is None or key is None or reads(value, targets[0]) or _is_call_of_model(value):
        return
    name = f"{scope.name}{key.rpartition('.')[2]}"
    if isinstance(value, ast.Dict):
        yield from _values(name, value, scope)
    else:
        yield _candidate(name, value, scope, key)


def _values(name: str, found: ast.Dict, scope: Scope) -> Iterator[Candidate]:
    for key, item in zip(found.keys, found.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            below = f"{name}.{key.value}"
            if isinstance(item, ast.Dict):
                yield from _values(below, item, scope)
            else:
                yield _candidate(below, item, scope)


def reads(value: ast.expr, target: ast.expr) -> bool:
    """Whether an expression reads a name or an attribute, so that its value is changed by it."""
    name = _last_name(target)
    return name is not None and any(
        _last_name(node) == name and ast.unparse(node) == ast.unparse(target)
        for node in ast.walk(value)
    )


def _last_name(node: ast.AST) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
