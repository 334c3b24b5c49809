"""Prompt templates of LangChain and of template engines in Python code; no code is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from promptops.formats.languages.by_syntax import OF_LANGCHAIN
from promptops.formats.python_scopes import called_name, is_plain_value

TEMPLATE_CALLS = frozenset(("PromptTemplate", "from_template"))
"""Calls whose argument is a template."""
_CHAT_CALLS = frozenset(("from_messages", "ChatPromptTemplate"))
_TEXT_CALLS = frozenset(("Template", "from_string"))
_WRAPPING = frozenset(("partial", "bind", "with_config", "with_retry", "pipe"))
_ROLES = {"System": "system", "Human": "user", "AI": "assistant"}
_PAIRED = frozenset(("system", "human", "ai", "user", "assistant", "placeholder"))
_SENDING = frozenset(("invoke", "ainvoke", "stream", "astream"))
_ENDINGS = ("MessagePromptTemplate", "Message")


def unwrapped(node: ast.expr) -> ast.expr:
    """The template in a chain: `template` for `template.partial(a="b") | model`."""
    while True:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            node = node.left
        elif isinstance(node, ast.Call) and called_name(node) in _WRAPPING:
            if not isinstance(node.func, ast.Attribute):
                return node
            node = node.func.value
        else:
            return node


def partial_values(node: ast.expr) -> dict[str, str | float | bool]:
    """The constants that a template has for its variables, which the caller may replace."""
    found: dict[str, str | float | bool] = {}
    for name, value in _partials(node):
        if isinstance(value, ast.Constant) and is_plain_value(value.value):
            found.setdefault(name, value.value)
    return found


def _partials(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    for one in _chain(node):
        for keyword in one.keywords:
            if called_name(one) == "partial" and keyword.arg is not None:
                yield keyword.arg, keyword.value
            elif keyword.arg == "partial_variables" and isinstance(keyword.value, ast.Dict):
                pairs = zip(keyword.value.keys, keyword.value.values, strict=True)
                yield from ((str(getattr(key, "value", "")), value) for key, value in pairs)


def _chain(node: ast.expr) -> Iterator[ast.Call]:
    """The calls of a chain, the last one first; nothing for another expression."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        node = node.left
    while isinstance(node, ast.Call):
        yield node
        if not isinstance(node.func, ast.Attribute):
            return
        node = node.func.value


def template_syntax(node: ast.Call) -> str:
    """The syntax that `template_format` names; that of `str.format` without it."""
    for keyword in node.keywords:
        if keyword.arg == "template_format" and isinstance(keyword.value, ast.Constant):
            return OF_LANGCHAIN.get(str(keyword.value.value), "format")
    return "format"


def text_template(node: ast.Call) -> tuple[ast.expr, str] | None:
    """The text and the syntax of a template of Jinja or of `string`, as `Template("…")`.

    None for any other call.
    """
    text = argument(node, "source") if called_name(node) in _TEXT_CALLS else None
    if text is None:
        return None
    written = str(getattr(text, "value", ""))
    return text, "dollar" if "$" in written and "{{" not in written else "jinja"


def is_text_template(node: ast.AST) -> bool:
    """Whether a call makes a LangChain prompt of one string, which is not a message of a chat."""
    if not isinstance(node, ast.Call) or called_name(node) not in TEMPLATE_CALLS:
        return False
    if called_name(node) == "PromptTemplate":
        return True
    owner = getattr(node.func, "value", None)
    name = owner.attr if isinstance(owner, ast.Attribute) else str(getattr(owner, "id", ""))
    return name.endswith("PromptTemplate") and not name.endswith(_ENDINGS[0])


def is_chat_template(node: ast.Call) -> bool:
    """Whether a call makes a template of a list of messages."""
    return called_name(node) in _CHAT_CALLS


def is_message_list(node: ast.expr) -> bool:
    """Whether an expression is a list of `SystemMessage("…")`, or of `("system", "…")`."""
    if not isinstance(node, ast.List) or not node.elts:
        return False
    return any(map(_is_message, node.elts)) or all(map(_is_pair, node.elts))


def sent_messages(node: ast.Call) -> ast.List | None:
    """The messages that a call of LangChain sends: `llm.invoke([SystemMessage("…")])`."""
    first = next(iter(node.args), None)
    if not isinstance(first, ast.List) or called_name(node) not in _SENDING:
        return None
    return first if is_message_list(first) else None


def _is_message(node: ast.expr) -> bool:
    found = templated_message(node)
    return found is not None and found[0] != "assistant"


def _is_pair(node: ast.expr) -> bool:
    if not isinstance(node, ast.Tuple) or len(node.elts) != 2:
        return False
    return getattr(node.elts[0], "value", None) in _PAIRED


def is_other_template(node: ast.expr) -> bool:
    """Whether an expression makes a prompt template of more than one string."""
    if not isinstance(node, ast.Call) or called_name(node) in TEMPLATE_CALLS:
        return False
    return called_name(node).endswith("PromptTemplate") or is_chat_template(node)


def argument(node: ast.Call, name: str) -> ast.expr | None:
    """The argument with a name, or else the first one; None without it."""
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    return named.get(name, next(iter(node.args), None))


def templated_message(node: ast.expr) -> tuple[str, ast.expr, bool] | None:
    """The role and the text of `SystemMessage("…")` and the like, and whether it is a template.

    None for any other expression.
    """
    if not isinstance(node, ast.Call):
        return None
    is_filled = called_name(node) == "from_template"
    made = node.func.value if is_filled and isinstance(node.func, ast.Attribute) else node.func
    name = made.attr if isinstance(made, ast.Attribute) else str(getattr(made, "id", ""))
    ending = _ENDINGS[0] if is_filled else _ENDINGS[1]
    role = _ROLES.get(name.removesuffix(ending)) if name.endswith(ending) else None
    text = argument(node, "template" if is_filled else "content")
    return None if role is None or text is None else (role, text, is_filled)
