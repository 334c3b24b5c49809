"""The values of templates: JSON data, objects that Jinja itself creates, and names of types.

Jinja's objects are recognised by the names of their types, so that a template that has none of them
renders without Jinja2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from promptops.runtime.template.data import MAX_DATA_DEPTH, NotJson, json_copy
from promptops.runtime.template.limits import MAX_TEXT_CHARS, LimitExceeded, Meter

_LOOP_NAMES = frozenset(
    str.split(
        "index index0 revindex revindex0 first last length depth depth0 previtem nextitem"
        " cycle changed"
    )
)
_GROUP_NAMES = ("grouper", "list")

# In units of work.
CONTAINER_COST = 3
FLOAT_COST = 4
ITEM_COST = 2

_CHARGED_TOGETHER = 500
_COLLIDING = 2**60  # different numbers below it have different hashes


class Namespace:
    """Jinja's `namespace()`: the only object that a template can change from inside a loop."""

    __slots__ = ("names",)

    def __init__(self, /, *given: Any, **named: Any) -> None:
        self.names: dict[str, Any] = dict(*given, **named)


class Module:
    """The result of `import`: the names that a template defines at its top level."""

    __slots__ = ("names",)

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names


class OwnBlocks:
    """The value of `self`: the blocks of a template by name, each callable."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], Any]) -> None:
        """`find` raises LookupError."""
        self._find = find

    def __getitem__(self, name: str) -> Any:
        return self._find(name)


_UNDEFINED = frozenset(("StrictUndefined", "Undefined"))


def undefined(message: str | None = None, name: str | None = None) -> Any:
    """A value whose use is an error: the message, or that there is nothing of this name."""
    from jinja2.runtime import StrictUndefined

    return StrictUndefined(message, name=name)


def is_undefined(value: Any) -> bool:
    """Whether a value is one of `undefined`, or of Jinja's filters that found nothing."""
    return type(value).__name__ in _UNDEFINED


def is_loop(value: Any) -> bool:
    """Whether a value is `loop`."""
    return type(value).__name__ == "LoopContext"


_FIXES = {
    "a macro": ": call it",
    "a function": ": call it",
    "a block": ": call it",
    "a generator": ": use `|list` or `|join`",
}


def lookup(value: Any, key: Any) -> Any:
    """`value.key` and `value[key]`: a key or an index, never a method or an attribute."""
    if type(value) is dict or isinstance(value, OwnBlocks):
        return _item(value, key, value)
    if isinstance(value, (Namespace, Module)):
        return _item(value.names, key, value)
    if is_loop(value):
        return getattr(value, key) if key in _LOOP_NAMES else _missing(value, key)
    if is_undefined(value):
        return value[key]
    if isinstance(value, tuple) and hasattr(value, "grouper") and key in _GROUP_NAMES:
        return value[_GROUP_NAMES.index(key)]
    by_index = isinstance(value, (list, tuple, str, range)) and isinstance(key, (int, slice))
    return _item(value, key, value) if by_index else _missing(value, key)


def _item(items: Any, key: Any, value: Any) -> Any:
    try:
        return items[key]
    except (LookupError, TypeError):
        return _missing(value, key)


def _missing(value: Any, key: Any) -> Any:
    message = f"{this(value)} has no {_as_key(key)}"
    return undefined(message, str(key) if isinstance(key, str) else None)


def _as_key(key: Any) -> str:
    if isinstance(key, str):
        return repr(str(key[:100]))[:100].replace("'", "`")
    is_long = isinstance(key, int) and abs(key) >= _COLLIDING
    if (key is None or isinstance(key, (int, float))) and not is_long:
        return f"item {json.dumps(key)}"
    return f"item that {kind(key)} names"


def is_opaque(value: Any) -> bool:
    """Whether a value is not data but a macro, a module or `loop` itself."""
    if is_undefined(value):
        return False
    return callable(value) or isinstance(value, (Module, Namespace, OwnBlocks)) or is_loop(value)


def shown(value: Any, meter: Meter) -> str:
    """A value as a string, as Jinja prints it; a value that would print an address is rejected."""
    if isinstance(value, str):
        return value
    weigh(value, meter)
    return str(value)


def as_data(value: Any, meter: Meter) -> Any:
    """The result of an expression as JSON data; a lazy sequence becomes a list.

    Raises LimitExceeded for a value that is not JSON data, and UndefinedError for an undefined one.
    """
    if is_undefined(value):
        str(value)  # raises, except for an inline `if` that is false and has no `else`
        raise ValueError("the condition is false and there is no `else`")
    if hasattr(value, "__next__"):
        value = meter.sized([*weighed_items(value, meter)])
    try:
        return json_copy(list(value) if isinstance(value, range) else value)
    except NotJson as error:
        raise LimitExceeded(f"the value {error.message}") from None


def weigh(value: Any, meter: Meter) -> int:
    """Charge for a value and its content before it is printed or sorted; returns its characters.

    Lists that contain one another twice are small in memory, but walking them never ends. Raises
    LimitExceeded for a value that is not data, and UndefinedError for an undefined one.
    """
    if isinstance(value, str):
        meter.charge(1 + (len(value) >> 4))
        return _within(len(value))
    if isinstance(value, (list, tuple, dict)):
        return _walk(value, meter, _weight)
    if value is None or type(value) is bool:
        meter.charge(1)
        return 0
    units, chars = _weight(value)
    meter.charge(units)
    return chars


def weigh_for_comparing(value: Any, meter: Meter) -> None:
    """Like `weigh`, before a value is compared or hashed, which prints nothing of it."""
    if isinstance(value, (str, list, tuple, dict)):
        _walk(value, meter, lambda part: (1, 0))


def weighed_items(items: Iterator[Any], meter: Meter) -> Iterator[Any]:
    """The items of an iterator, each charged for before it is compared."""
    for item in items:
        meter.charge(ITEM_COST)
        weigh_for_comparing(item, meter)
        yield item


def weigh_key(key: Any, keys: int, meter: Meter) -> None:
    """Charge for hashing a key and searching for it among so many others.

    Strings can't be constructed to have colliding hashes. Tuples and large numbers can, and then
    each key is compared with all others.
    """
    if isinstance(key, (tuple, str)):
        weigh_for_comparing(key, meter)
    if isinstance(key, tuple) or (isinstance(key, (int, float)) and abs(key) >= _COLLIDING):
        meter.charge(1 + (keys >> 2))


def weigh_keys(keys: Iterable[Any], meter: Meter) -> None:
    """Charge for a mapping with these keys."""
    for count, key in enumerate(keys):
        weigh_key(key, count, meter)


def _walk(value: Any, meter: Meter, weight: Callable[[Any], tuple[int, int]]) -> int:
    units = chars = 0
    levels: list[Iterator[Any]] = [iter((value,))]
    while levels:
        for part in levels[-1]:
            if isinstance(part, (list, tuple, dict)):
                levels.append(_parts(part, len(levels)))
                units += CONTAINER_COST
                break
            if isinstance(part, str):
                units += 1 + (len(part) >> 4)
                chars += len(part)
            else:
                more_units, more_chars = weight(part)
                units += more_units
                chars += more_chars
            if units > _CHARGED_TOGETHER:
                meter.charge(units)
                units = 0
                _within(chars)
        else:
            levels.pop()
        if units > _CHARGED_TOGETHER:
            meter.charge(units)
            units = 0
    meter.charge(units)
    return _within(chars)


def _within(chars: int) -> int:
    if chars > MAX_TEXT_CHARS:
        raise LimitExceeded(f"a value of over {MAX_TEXT_CHARS:,} characters")
    return chars


def _parts(container: Any, depth: int) -> Iterator[Any]:
    if depth > MAX_DATA_DEPTH:
        raise LimitExceeded(f"a value nested over {MAX_DATA_DEPTH} deep")
    if isinstance(container, dict):
        return chain(container.keys(), container.values())
    return iter(container)


def _weight(part: Any) -> tuple[int, int]:
    """Units of work and printed characters of a value that is neither a string nor a container."""
    if isinstance(part, int):
        bits = part.bit_length()
        return 1 + (bits >> 4), bits >> 2
    if part is None:
        return 1, 0
    if isinstance(part, float):
        return FLOAT_COST, 0
    if isinstance(part, range):
        return 1 + len(part), 0
    if is_undefined(part):
        str(part)  # raises, except for an inline `if` that is false and has no `else`
        return 1, 0
    raise LimitExceeded(f"{kind(part)} can't be printed" + _FIXES.get(kind(part), ""))


# Names for the types of template values, used in messages instead of Python's types.

_KINDS = {
    "str": "a string",
    "Traced": "a string",
    "Markup": "a string",
    "int": "a number",
    "float": "a number",
    "complex": "a complex number",
    "bool": "a boolean",
    "NoneType": "null",
    "dict": "an object",
    "list": "a list",
    "tuple": "a list",
    "range": "a range",
    "_GroupTuple": "a group",
    "generator": "a generator",
    "dict_items": "a generator",
    "filter": "a generator",
    "list_reverseiterator": "a generator",
    "map": "a generator",
    "reversed": "a generator",
    "zip": "a generator",
    "Macro": "a macro",
    "LoopContext": "`loop`",
    "Namespace": "a namespace",
    "Module": "an imported template",
    "OwnBlocks": "`self`",
    "_Block": "a block",
    "function": "a function",
    "method": "a function",
    "type": "a function",
    "StrictUndefined": "an undefined value",
    "Undefined": "an undefined value",
}

# Python's messages about values of the wrong type, which name types that templates do not have.
_PYTHON = (
    (
        r"unsupported operand type\(s\) for (\S+)(?: or pow\(\))?: '(\w+)' and '(\w+)'",
        "`{0}` does not work on {1} and {2}",
    ),
    (
        r"'(\S+)' not supported between instances of '(\w+)' and '(\w+)'",
        "`{0}` does not work on {1} and {2}",
    ),
    (r"can only concatenate (\w+) \(not \"(\w+)\"\) to \w+", "`+` does not work on {0} and {1}"),
    (r"can't multiply sequence by non-int of type '(\w+)'", "{0} can't be a count for `*`"),
    (r"bad operand type for unary (\S): '(\w+)'", "`{0}` does not work on {1}"),
    (r"bad operand type for (\w+)\(\): '(\w+)'", "`{0}` does not work on {1}"),
    (r"type (\w+) doesn't define __round__ method", "`round` does not work on {0}"),
    (r"'(\w+)' object is not iterable", "{0} has no items"),
    (r"argument of type '(\w+)' is not .*", "`in` does not work on {0}"),
    (
        r"'in <string>' requires string as left operand, not (\w+)",
        "`in` a string needs a string before it, not {0}",
    ),
    (r"object of type '(\w+)' has no len\(\)", "{0} has no length"),
    (r".*unhashable type: '(\w+)'.*", "{0} can't be a key"),
    (r"'(\w+)' object cannot be interpreted as an integer", "{0} is not a whole number"),
    (r"'(\w+)' object has no attribute '\w+'", "this filter does not work on {0}"),
    (r"'(\w+)' object is not (?:callable|subscriptable)", "{0} can't be used like this"),
    (r"cannot unpack non-iterable (\w+) object", "{0} has no items"),
    (r"float\(\) argument must be .*, not '(\w+)'", "{0} is not a number"),
    (r"[Oo]bject of type (\w+) is not JSON serializable", "{0} can't be written as JSON"),
    (r"\w+\.__call__\(\) missing .*", "`loop` needs a list to loop over"),
    (r"sequence item \d+: expected str instance, (\w+) found", "{0} is not a string"),
    (r"must be real number, not (\w+)", "{0} is not a number"),
    (r"No aggregated item, sequence was empty\.?", "an empty list has no `max` and no `min`"),
    (
        r"(?:integer|float) (?:modulo|division or modulo|divmod\(\))(?: by zero)?",
        "division by zero",
    ),
    (r"(?:integer|float) (?:floor )?division(?: or modulo)? by zero", "division by zero"),
)


def kind(value: Any) -> str:
    """The type of a value, with its article: `a string`, `an object`, `null`."""
    return _KINDS.get(type(value).__name__, "a value of another kind")


def this(value: Any) -> str:
    """The type of a value to which a message points: `this string`, `null`."""
    return re.sub(r"^an? ", "this ", kind(value))


def in_plain_words(message: str) -> str:
    """Python's message about a value, with the type names of this module."""
    for pattern, plain in _PYTHON:  # `re` caches the compiled patterns
        found = re.fullmatch(pattern, message)
        if found:
            return plain.format(*(_KINDS.get(word, word) for word in found.groups()))
    return message
