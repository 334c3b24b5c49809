"""The wording of differences between schemas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from promptops.counting import some
from promptops.json_pointer import tokens
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
    """Sentences of one direction; `{who}` is the part, `{what}` its types or values.

    Attributes:
        root: The name of the whole: the inputs.
        type: For a type or a listed value.
        bound: For any other keyword, `{keyword}`.
        nothing: If one side allows no value.
    """

    root: str
    type: str
    bound: str
    nothing: str


INPUTS_NARROWED = Wording(
    root="the inputs",
    type="{who} no longer accepts {what}",
    bound="{keyword} of {who} refuses more",
    nothing="{who} no longer accepts any value",
)

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference
INPUTS_WIDENED = Wording(
    root="the inputs",
    type="{who} also accepts {what}",
    bound="{keyword} of {who} refuses less",
    nothing="{who} accepts values where none was accepted",
)
OUTPUT_WIDENED = Wording(
    root="the output",
    type="{who} may now be {what}",
    bound="{keyword} of {who} allows more",
    nothing="{who} may now have a value, which was impossible",
)
OUTPUT_NARROWED = Wording(
    root="the output",
    type="{who} can no longer be {what}",
    bound="{keyword} of {who} allows less",
    nothing="{who} can no longer have a value",
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
    """The name of a part of a schema for people: `known_issues[].title`."""
    words, named = "", False
    for step in tokens(pointer):
        if named:
            words += f".{step}" if words else step
            named = False
        elif step == "properties":
            named = True
        elif step == "items":
            words += "[]"
        elif step == "additionalProperties":
            words += ".*" if words else "*"
    return f"`{words}`" if words else root


def _types(left: Any, right: Any) -> str:
    """Types that only the first of two lists has."""
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
        return f"values other than `{compact(difference.right)}`" if not values else _some(values)
    return _some(values)


def _some(values: Iterable[Any]) -> str:
    known = [f"`{value if isinstance(value, str) else compact(value)}`" for value in values]
    return some(known, _MOST_VALUES)


def compact(value: Any) -> str:
    """A value as JSON on one line."""
    if isinstance(value, Mapping):
        value = dict(value)
    return json.dumps(value, ensure_ascii=False, default=str)
