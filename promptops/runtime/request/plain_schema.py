"""A fast check of a value against a plain JSON Schema, which can only accept.

A plain schema has only the keywords of this module, each with a value that the specification
allows, so it is valid. If the check does not accept a value, the validator of `schema_check`
decides and explains. The work is at most a small multiple of the size of the value: each value is
visited once, and no more required names are looked up than the value has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from promptops.runtime.template.data import MAX_EXACT_INTEGER, NotJson, json_copy

Check = Callable[[Any], bool]
"""Whether a value fits for certain."""
_Find = Callable[[type, Check], Check]
"""The check for the type of a value, or the default, for a type that is not accepted."""

MAX_DEPTH = 50
MAX_CONTAINERS = 20_000
"""Objects and lists of one schema; one that appears in many places counts each time."""

_NULL = type(None)
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),  # 1.0 is an integer, too, but rare: the validator decides
    "number": (int, float),
    "boolean": (bool,),
    "null": (_NULL,),
    "array": (list,),
    "object": (dict,),
}
_DATA = frozenset((str, bool, _NULL, list, dict))


def plain_check(schema: Any) -> Check | None:
    """A check whether a value certainly matches, for JSON data of the standard types.

    None for a schema that is not plain, which may be invalid.
    """
    try:
        find = _checks(json_copy(schema), 0)
    except (NotJson, _NotPlain):
        return None
    return lambda value: find(type(value), never)(value)


def is_plain_schema(schema: Any) -> bool:
    """Whether a schema is certainly plain, and so valid; several times faster than its check."""
    return _is_plain_schema(schema, 0, iter(range(MAX_CONTAINERS)))


def _is_plain_schema(schema: Any, depth: int, left: Iterator[int]) -> bool:
    """`left` has an item for each object or list that may still be visited."""
    if type(schema) is not dict:
        return type(schema) is bool
    if depth > MAX_DEPTH or next(left, None) is None:
        return False
    for name, value in schema.items():
        known = _KEYWORDS.get(name)
        if known is None:
            if not (type(name) is str and name.startswith("x-") and _is_data(name, depth, left)):
                return False
        elif not known(value):
            return False
        if name not in _PLAIN_VALUES and not _is_plain_below(name, value, depth + 1, left):
            return False
    return True


def _is_plain_below(name: str, value: Any, depth: int, left: Iterator[int]) -> bool:
    if name == "properties":
        return all(
            type(key) is str and _is_data(key, depth, left) and _is_plain_schema(part, depth, left)
            for key, part in value.items()
        )
    if name in ("items", "additionalProperties"):
        return _is_plain_schema(value, depth, left)
    return _is_data(value, depth, left)


def _is_data(value: Any, depth: int, left: Iterator[int]) -> bool:
    """Whether it is JSON data that every program reads alike, of the standard types."""
    kind = type(value)
    if kind is str:
        return value.isascii() or _is_unicode(value)
    if kind is int or kind is float:
        return _is_number(value)
    if kind is dict or kind is list:
        if depth > MAX_DEPTH or next(left, None) is None:
            return False
        inner = (*value, *value.values()) if kind is dict else value
        return all(_is_data(part, depth + 1, left) for part in inner) and (
            kind is list or all(map(_is_text, value))
        )
    return kind is bool or value is None


def _is_unicode(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


class _NotPlain(Exception):
    """A keyword, or its value, that this module does not support."""


def _checks(schema: Any, depth: int) -> _Find:
    if type(schema) is bool:
        return _anything if schema else _nothing
    if type(schema) is not dict or depth > MAX_DEPTH or not all(map(_is_plain, schema.items())):
        raise _NotPlain
    return _by_type(schema, depth).get


def _by_type(schema: dict[str, Any], depth: int) -> dict[type, Check]:
    return checks_by_type(schema, _of_items(schema, depth), _of_members(schema, depth))


def checks_by_type(schema: Mapping[str, Any], items: Check, members: Check) -> dict[type, Check]:
    """The check for each type that a schema allows: `items` of lists, `members` of objects.

    It looks at the keywords for scalars, at `type`, `enum` and `const`, and at no others.
    """
    checks: dict[type, Check] = {
        str: _of_length(schema.get("minLength", 0), schema.get("maxLength")),
        bool: always,
        _NULL: always,
        list: items,
        dict: members,
    }
    checks[int] = checks[float] = _of_size(schema)
    for options in _options(schema):
        checks = {kind: _both(checks[kind], _of_options(kind, options)) for kind in checks}
    return {kind: checks[kind] for kind in _kinds(schema.get("type", [*_TYPES]))}


def _of_items(schema: dict[str, Any], depth: int) -> Check:
    size = of_item_count(schema)
    if "items" not in schema:
        return size
    find = _checks(schema["items"], depth + 1)
    return lambda value: size(value) and all(find(type(item), never)(item) for item in value)


def of_item_count(schema: Mapping[str, Any]) -> Check:
    """Whether a list has as many items as a schema allows."""
    return _of_length(schema.get("minItems", 0), schema.get("maxItems"))


def _of_members(schema: dict[str, Any], depth: int) -> Check:
    required = tuple(schema.get("required", ()))
    properties = schema.get("properties", {}).items()
    find = {name: _checks(part, depth + 1) for name, part in properties}.get
    other = _checks(schema.get("additionalProperties", True), depth + 1)

    def check(value: dict[str, Any]) -> bool:
        for name in required:
            if name not in value:
                return False
        # No generator, and no call for a check that always passes: this is the hottest loop.
        for name, member in value.items():
            fits = find(name, other)(type(member), never)
            if fits is not always and not fits(member):
                return False
        return True

    return check


def _is_plain(keyword: tuple[str, Any]) -> bool:
    name, value = keyword
    known = _KEYWORDS.get(name)
    return known(value) if known is not None else name.startswith("x-")


def _kinds(names: str | list[str]) -> set[type]:
    return {kind for name in ([names] if type(names) is str else names) for kind in _TYPES[name]}


def _options(schema: Mapping[str, Any]) -> list[list[Any]]:
    found = [schema["enum"]] if "enum" in schema else []
    return [*found, [schema["const"]]] if "const" in schema else found


def _of_options(kind: type, options: list[Any]) -> Check:
    """Scalars of one type, because True is not 1. Lists and objects are not supported."""
    if kind in (list, dict):
        return never
    known = frozenset(option for option in options if type(option) is kind)
    return known.__contains__ if known else never


def _of_length(least: int, most: int | None) -> Check:
    """The length in code points, as `len` counts."""
    if most is None:
        return always if least == 0 else lambda value: len(value) >= least
    return lambda value: least <= len(value) <= most


def _of_size(schema: Mapping[str, Any]) -> Check:
    """Numbers that every program can represent exactly; the validator checks larger ones."""
    low = max(schema.get("minimum", -MAX_EXACT_INTEGER), -MAX_EXACT_INTEGER)
    high = min(schema.get("maximum", MAX_EXACT_INTEGER), MAX_EXACT_INTEGER)
    above, below = schema.get("exclusiveMinimum", low - 1), schema.get("exclusiveMaximum", high + 1)
    if "exclusiveMinimum" not in schema and "exclusiveMaximum" not in schema:
        return lambda value: low <= value <= high
    return lambda value: low <= value <= high and above < value < below


def _both(first: Check, second: Check) -> Check:
    return second if first is always else lambda value: second(value) and first(value)


def always(_value: Any) -> bool:
    """Every value fits."""
    return True


def _anything(_kind: type, _default: Check) -> Check:
    return always


def _nothing(_kind: type, _default: Check) -> Check:
    return never


def never(_value: Any) -> bool:
    """No value fits for certain."""
    return False


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_flag(value: Any) -> bool:
    return type(value) is bool


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_EXACT_INTEGER


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= MAX_EXACT_INTEGER


def _is_list(value: Any) -> bool:
    return type(value) is list


def _are_names(value: Any) -> bool:
    return type(value) is list and all(map(_is_text, value)) and len(set(value)) == len(value)


def _are_types(value: Any) -> bool:
    if type(value) is str:
        return value in _TYPES
    return _are_names(value) and bool(value) and _TYPES.keys() >= set(value)


def _are_options(value: Any) -> bool:
    return type(value) is list and bool(value) and all(map(_is_option, value))


def _is_option(value: Any) -> bool:
    return _is_number(value) if type(value) in (int, float) else type(value) in _DATA


def _are_schemas(value: Any) -> bool:
    return type(value) is dict


_LIMITS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
_KEYWORDS: dict[str, Check] = {
    "type": _are_types,
    "enum": _are_options,
    "const": _is_option,
    **dict.fromkeys(_LIMITS, _is_number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("items", "additionalProperties", "default"), always),
    "properties": _are_schemas,
    "required": _are_names,
    **dict.fromkeys(("title", "description", "$comment"), _is_text),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly"), _is_flag),
    "examples": _is_list,
}
_PLAIN_VALUES = frozenset(
    keyword
    for keyword, check in _KEYWORDS.items()
    if check in (_are_types, _is_count, _is_number, _is_flag)
)
"""Keywords whose valid values are always plain data."""
