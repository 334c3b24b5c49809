"""What is typed inside of `{{ }}`, `{% %}` or a condition, from the text before the cursor."""

from __future__ import annotations

import re
from typing import Literal

from promptops.patterns import lazy_pattern
from promptops.records import record

Kind = Literal[
    "statement", "filter", "test", "property", "name", "operator", "path", "import", "comment", ""
]
"""statement: after `{%`; property: after a dot; path: the name of a template, in quotes; import: a
name after `{% from … import`; operator: after a complete value; comment: in `{# #}`; "": where a
new name is written, or in other quotes."""

LONGEST = 2_000
"""Characters; a longer text after `{{` is not an expression that someone types."""

_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_STRING = lazy_pattern(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_STATEMENT = lazy_pattern(r"[-+]?\s*(\w*)")
_PATH = lazy_pattern(r"[-+]?\s*(?:include|import|extends|from)\s+['\"]([^'\"]*)")
_IMPORTED = lazy_pattern(r"[-+]?\s*from\s+['\"]([^'\"]*)['\"]\s+import\s+(?:.*[,\s])?(\w*)")
_NEW_NAME = lazy_pattern(
    r"[-+]?\s*(?:for\s+[\w\s,()]*|set\s+[\w\s,.]*|macro\b[^=]*|(?:end)?block\s+\w*|end\w+\s.*"
    r"|import\s.*\bas\s+\w*|with\s+\w*|(?:else|raw)\s.*)"
)
_LOOP_VALUES = lazy_pattern(r"[-+]?\s*for\s.*?\sin\s")
_FILTER = lazy_pattern(r".*\|\s*(\w*)", re.DOTALL)
_FILTER_BLOCK = lazy_pattern(r"[-+]?\s*filter\s+(\w*)")
_TEST = lazy_pattern(r".*\bis\s+(?:not\s+)?(\w*)", re.DOTALL)
_PROPERTY = lazy_pattern(r"(?:.*[^\w.\]])?([A-Za-z_]\w*(?:\.\w+|\[[^\[\]]*\])*)\.(\w*)", re.DOTALL)
_OPERATOR = lazy_pattern(r".*[\w)\]}'\"]\s+(\w*)", re.DOTALL)
_BEFORE_NAME = lazy_pattern(
    r".*\b(?:and|or|not|in|if|elif|else|call|filter|include|import|extends|from|context)\s+\w*",
    re.DOTALL,
)
_NAME = lazy_pattern(r".*?(\w*)", re.DOTALL)


@record(frozen=True, slots=True, kw_only=True)
class Typed:
    """What is typed.

    Attributes:
        word: The part of the name before the cursor; of a path, all of it.
        owner: Before a dot: the value whose property is typed; in an import, the template.
        before: The text before the tag, or "" in a condition.
    """

    kind: Kind
    word: str = ""
    owner: str = ""
    before: str = ""


def in_template(typed: str) -> Typed | None:
    """What is typed at the end of a template's text; None outside of tags."""
    start = max(typed.rfind("{{"), typed.rfind("{%"), typed.rfind("{#"))
    if start < 0:
        return None
    tag, inside = typed[start : start + 2], typed[start + 2 :]
    if len(inside) > LONGEST or _CLOSING[tag] in _STRING.sub("", inside):
        return None
    before = typed[:start]
    if tag == "{#":
        return Typed(kind="comment", word=inside, before=before)
    if tag == "{%":
        return _in_statement(inside, before)
    return in_expression(inside.removeprefix("-").removeprefix("+"), before)


def in_expression(inside: str, before: str = "") -> Typed:
    """What is typed at the end of an expression; `before` is the text before its tag."""
    text = _STRING.sub("''", inside)
    if "'" in text.replace("''", "") or '"' in text:
        return Typed(kind="", before=before)
    for kind, pattern in (("filter", _FILTER), ("test", _TEST)):
        found = pattern.fullmatch(text)
        if found:
            return Typed(
                kind="filter" if kind == "filter" else "test", word=found[1], before=before
            )
    owner = _PROPERTY.fullmatch(text)
    if owner:
        return Typed(kind="property", word=owner[2], owner=owner[1], before=before)
    after_value = _OPERATOR.fullmatch(text)
    if after_value and not _BEFORE_NAME.fullmatch(text):
        return Typed(kind="operator", word=after_value[1], before=before)
    name = _NAME.fullmatch(text)
    return Typed(kind="name", word=name[1] if name else "", before=before)


def _in_statement(inside: str, before: str) -> Typed:
    statement = _STATEMENT.fullmatch(inside)
    if statement:
        return Typed(kind="statement", word=statement[1], before=before)
    path = _PATH.fullmatch(inside)
    if path:
        return Typed(kind="path", word=path[1], before=before)
    imported = _IMPORTED.fullmatch(inside)
    if imported:
        return Typed(kind="import", word=imported[2], owner=imported[1], before=before)
    loop = _LOOP_VALUES.match(inside)
    if loop is None and _NEW_NAME.fullmatch(inside):
        return Typed(kind="", before=before)
    block = _FILTER_BLOCK.fullmatch(inside)
    if block:
        return Typed(kind="filter", word=block[1], before=before)
    return in_expression(inside[loop.end() :] if loop else inside, before)
