"""How differences between schemas are said to people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from promptops.records import record

_TYPES = {
    "string": "text",
    "object": "an object",
    "array": "a list",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_MOST_VALUES = 5


@record(frozen=True, slots=True, kw_only=True)
class Wording:
    """Sentences of one direction; `{who}` is what is spoken of, `{what}` types or values.

    Attributes:
        root: What the whole is called: the inputs.
        type: Of a type or a listed value.
        bound: Of any other keyword, `{keyword}`.
        nothing: Where one side allows no value.
    """

    root: str
    type: str
    bound: str
    nothing: str


INPUTS_NARROWED = Wording(
    root="the inputs",
    type="{who} no longer accepts {what}",
    bound="{keyword} of {who} refuses more",
    nothing="{who} accepts no value any more",
)

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference
INPUTS_WIDENED = Wording(
    root="the inputs",
    type="{who} accepts {what}, too",
    bound="{keyword} of {who} refuses less",
    nothing="{who} accepts values where none was accepted",
)
OUTPUT_WIDENED = Wording(
    root="the output",
    type="{who} may be {what} now",
    bound="{keyword} of {who} allows more",
    nothing="{who} may have a value where none was possible",
)
OUTPUT_NARROWED = Wording(
    root="the output",
    type="{who} is never {what} any more",
    bound="{keyword} of {who} allows less",
    nothing="{who} never has a value any more",
)


def said(difference: SchemaDifference, wording: Wording) -> str:
    """One line about a difference."""
    who = spoken(difference.pointer, wording.root)
    if difference.keyword == "type":
        return wording.type.format(who=who, what=_types(difference.left, difference.right))
    if difference.keyword in ("enum", "const"):
        return wording.type.format(who=who, what=_listed(difference))
    if difference.keyword == "false":
        return wording.nothing.format(who=who)
    if difference.keyword == "work":
        return f"{wording.root} can't be compared: the schemas are too large"
    return wording.bound.format(who=who, keyword=f"`{difference.keyword}`")


def spoken(pointer: str, root: str) -> str:
    """What a person calls a part of a schema: `known_issues[].title`."""
    steps = pointer.split("/")[1:]
    words, named = "", False
    for step in steps:
        if named:
            words += f".{step}" if words else step
            named = False
        elif step == "properties":
            named = True
        elif step == "items":
            words += "[]"
        elif step == "additionalProperties":
            words += ".*" if words else "*"
    return f"`{words.replace('~1', '/').replace('~0', '~')}`" if words else root


def _types(left: Any, right: Any) -> str:
    """Those that only the first of two lists of types has."""
    mine, others = _names(left), _names(right)
    only = [name for name in mine if name not in others] or mine
    return " or ".join(_TYPES.get(name, name) for name in only) or "a value"


def _names(types: Any) -> list[str]:
    if isinstance(types, str):
        return [types]
    return [str(name) for name in types] if isinstance(types, list | tuple) else []


def _listed(difference: SchemaDifference) -> str:
    values = difference.left if isinstance(difference.left, list | tuple) else ()
    if difference.keyword == "const" or not values:
        return f"other values than `{compact(difference.right)}`" if not values else _some(values)
    return _some(values)


def _some(values: Iterable[Any]) -> str:
    known = [f"`{value if isinstance(value, str) else compact(value)}`" for value in values]
    more = f" and {len(known) - _MOST_VALUES} more" if len(known) > _MOST_VALUES else ""
    return ", ".join(known[:_MOST_VALUES]) + more


def compact(value: Any) -> str:
    """A value as JSON on one line."""
    if isinstance(value, Mapping):
        value = dict(value)
    return json.dumps(value, ensure_ascii=False, default=str)
