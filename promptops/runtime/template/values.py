"""The values a template works on: JSON data, and the few things Jinja itself makes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from jinja2.exceptions import UndefinedError
from jinja2.runtime import LoopContext, StrictUndefined, Undefined

from promptops.runtime.template.data import MAX_DATA_DEPTH, NotJson, json_copy
from promptops.runtime.template.kinds import kind, this
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
_COLLIDING = 2**60  # below it, numbers that differ have hashes that differ


class Namespace:
    """Jinja's `namespace()`: the one thing a template may change from inside a loop."""

    __slots__ = ("names",)

    def __init__(self, /, *given: Any, **named: Any) -> None:
        self.names: dict[str, Any] = dict(*given, **named)


class Module:
    """What `import` gives: the names a template defines at its top."""

    __slots__ = ("names",)

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names


class OwnBlocks:
    """What `self` is: the blocks of a template by name, each of them callable."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], Any]) -> None:
        """`find` raises LookupError."""
        self._find = find

    def __getitem__(self, name: str) -> Any:
        return self._find(name)


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
    if isinstance(value, LoopContext):
        return getattr(value, key) if key in _LOOP_NAMES else _missing(value, key)
    if isinstance(value, Undefined):
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


def _missing(value: Any, key: Any) -> StrictUndefined:
    message = f"{this(value)} has no {_as_key(key)}"
    return StrictUndefined(message, name=str(key) if isinstance(key, str) else None)


def _as_key(key: Any) -> str:
    if isinstance(key, str):
        return repr(str(key[:100]))[:100].replace("'", "`")
    is_long = isinstance(key, int) and abs(key) >= _COLLIDING
    if (key is None or isinstance(key, (int, float))) and not is_long:
        return f"item {json.dumps(key)}"
    return f"item that {kind(key)} names"


def is_opaque(value: Any) -> bool:
    """Whether a value is a tool of the template and no data: a macro, a module, `loop` itself."""
    if isinstance(value, Undefined):
        return False
    return callable(value) or isinstance(value, (Module, Namespace, OwnBlocks, LoopContext))


def shown(value: Any, meter: Meter) -> str:
    """A value as a string, as Jinja prints it; a value that would print an address is refused."""
    if isinstance(value, str):
        return value
    weigh(value, meter)
    return str(value)


def as_data(value: Any, meter: Meter) -> Any:
    """What an expression gives, as JSON data; items that are made one by one become a list.

    Raises Refused for what is not JSON data, and UndefinedError for what is undefined.
    """
    if isinstance(value, Undefined):
        raise UndefinedError(_undefined(value))
    if hasattr(value, "__next__"):
        value = meter.sized([*weighed_items(value, meter)])
    try:
        return json_copy(list(value) if isinstance(value, range) else value)
    except NotJson as error:
        raise LimitExceeded(f"the value {error.message}") from None


def _undefined(value: Undefined) -> str:
    """In the words of Jinja; where an inline `if` without `else` is false, it has none."""
    try:
        str(value)
    except UndefinedError as error:
        return str(error)
    return "the condition is false and there is no `else`"


def weigh(value: Any, meter: Meter) -> int:
    """Charge for a value and all in it, before it is printed or sorted; its characters.

    Lists that hold one another twice are small in memory and have no end when they are walked.
    Raises Refused for what is no data, and UndefinedError for what is undefined.
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
    """As `weigh`, before a value is compared or hashed: that shows nobody what is in it."""
    if isinstance(value, (str, list, tuple, dict)):
        _walk(value, meter, lambda part: (1, 0))


def weighed_items(items: Iterator[Any], meter: Meter) -> Iterator[Any]:
    """The items of an iterator, each of them weighed before it is compared."""
    for item in items:
        meter.charge(ITEM_COST)
        weigh_for_comparing(item, meter)
        yield item


def weigh_key(key: Any, keys: int, meter: Meter) -> None:
    """Charge for hashing a key and looking for it among so many others.

    Hashes of strings can't be made to collide. Those of tuples and of large numbers can, and then
    each key is compared with all others.
    """
    if isinstance(key, (tuple, str)):
        weigh_for_comparing(key, meter)
    if isinstance(key, tuple) or (isinstance(key, (int, float)) and abs(key) >= _COLLIDING):
        meter.charge(1 + (keys >> 2))


def weigh_keys(keys: Iterable[Any], meter: Meter) -> None:
    """Charge for a mapping that is made of these keys."""
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
    """Units of work and characters of what is no string and no container, when it is printed."""
    if isinstance(part, int):
        bits = part.bit_length()
        return 1 + (bits >> 4), bits >> 2
    if part is None:
        return 1, 0
    if isinstance(part, float):
        return FLOAT_COST, 0
    if isinstance(part, range):
        return 1 + len(part), 0
    if isinstance(part, Undefined):
        str(part)  # raises, but for an inline `if` that is false and has no `else`
        return 1, 0
    raise LimitExceeded(f"{kind(part)} can't be printed" + _FIXES.get(kind(part), ""))
