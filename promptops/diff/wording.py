"""The wording of differences between schemas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from promptops.json_pointer import tokens
from promptops.plurals import some
from promptops.records import record

_TYPES = {
    "string": "a string",
    "object": "an object",
    "array": "a list",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "null": "null",
}
_MOST_VALUES = 5


@record(frozen=True, slots=True, kw_only=True)
class Wording:
    """Sentence patterns for one direction; `{who}` is the part, `{what}` its types or values.

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
    bound="{keyword} of {who} is stricter",
    nothing="{who} no longer accepts any value",
)

if TYPE_CHECKING:
    from promptops.analysis.schemas.inclusion import SchemaDifference
INPUTS_WIDENED = Wording(
    root="the inputs",
    type="{who} also accepts {what}",
    bound="{keyword} of {who} is less strict",
    nothing="{who} now accepts values; before, none was valid",
)
OUTPUT_WIDENED = Wording(
    root="the output",
    type="{who} may now be {what}",
    bound="{keyword} of {who} allows more",
    nothing="{who} may now have a value; before, none was valid",
)
OUTPUT_NARROWED = Wording(
    root="the output",
    type="{who} can no longer be {what}",
    bound="{keyword} of {who} allows less",
    nothing="{who} can no longer have a value",
)


def describe(difference: SchemaDifference, wording: Wording) -> str:
    """Describe a difference in one line."""
    who = readable_name(difference.pointer, wording.root)
    if difference.keyword == "type":
        return wording.type.format(who=who, what=_types(difference.left, difference.right))
    if difference.keyword in ("enum", "const"):
        return wording.type.format(who=who, what=_listed(difference))
    if difference.keyword == "false":
        return wording.nothing.format(who=who)
    if difference.keyword == "work":
        return f"{wording.root} can't be compared: the schemas are too large"
    return wording.bound.format(who=who, keyword=f"`{difference.keyword}`")


def readable_name(pointer: str, root: str) -> str:
    """A JSON pointer as a readable name: `known_issues[].title`; `root` for the whole."""
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
    """Names of the types that only the first list has."""
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
