"""The values a template works on: JSON data, and the few things Jinja itself makes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, Undefined
from jinja2.runtime import LoopContext, Macro

from promptops.runtime.limits import Refused

MAX_DATA_DEPTH = 100

_LOOP_NAMES = frozenset(
    [
        "index",
        "index0",
        "revindex",
        "revindex0",
        "first",
        "last",
        "length",
        "depth",
        "depth0",
        "previtem",
        "nextitem",
        "cycle",
        "changed",
    ]
)
_PLAIN = (str, int, float, bool, type(None))


class NotJson(Exception):
    """A value that is not JSON data.

    Attributes:
        pointer: JSON pointer to it.
        message: What it is.
    """

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer
        self.message = message


def json_copy(value: Any, pointer: str = "", depth: int = 0) -> Any:
    """A copy of JSON data, made of nothing but the standard types.

    What a template gets has no methods of the caller's, and no one can change it meanwhile.
    Raises NotJson.
    """
    kind = type(value)
    if kind in (str, int, bool) or value is None:
        return value
    if kind is float:
        return _finite(value, pointer)
    if depth > MAX_DATA_DEPTH:
        raise NotJson(pointer, "it is nested too deep")
    if isinstance(value, Mapping):
        return {
            _key(key, pointer): json_copy(item, f"{pointer}/{key}", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [json_copy(v, f"{pointer}/{i}", depth + 1) for i, v in enumerate(value)]
    return _subclass(value, pointer)


def _finite(value: float, pointer: str) -> float:
    if not math.isfinite(value):
        raise NotJson(pointer, f"{value} is no JSON number")
    return value


def _key(key: Any, pointer: str) -> str:
    if not isinstance(key, str):
        raise NotJson(pointer, f"a key that is {type(key).__name__} and not text")
    return str.__str__(key)


def _subclass(value: Any, pointer: str) -> Any:
    """Text and numbers of the caller's own types, such as an enum of texts, as plain ones."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _finite(float(value), pointer)
    raise NotJson(pointer, f"{type(value).__name__} is no JSON data")


class Namespace:
    """Jinja's `namespace()`: the one thing a template may change from inside a loop."""

    __slots__ = ("names",)

    def __init__(self, *given: Any, **named: Any) -> None:
        self.names: dict[str, Any] = dict(*given, **named)


class Module:
    """What `import` gives: the names a template defines at its top."""

    __slots__ = ("names",)

    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names


def lookup(value: Any, key: Any) -> Any:
    """`value.key` and `value[key]`: a key or an index, never a method or an attribute."""
    if type(value) is dict:
        return _item(value, key)
    if isinstance(value, (Namespace, Module)):
        return _item(value.names, key)
    if isinstance(value, LoopContext):
        return getattr(value, key) if key in _LOOP_NAMES else _missing(value, key)
    if isinstance(value, Undefined):
        return value[key]
    if isinstance(value, (list, tuple, str)) and isinstance(key, (int, slice)):
        return _item(value, key)
    return _missing(value, key)


def _item(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (LookupError, TypeError):
        return _missing(value, key)


def _missing(value: Any, key: Any) -> StrictUndefined:
    kind = "object" if isinstance(value, dict) else type(value).__name__
    return StrictUndefined(f"this {kind} has no {key!r}".replace("'", "`"), name=str(key))


def is_opaque(value: Any) -> bool:
    """Whether a value is a tool of the template and no data: a macro, a module, `loop` itself."""
    if isinstance(value, Undefined):
        return False
    return callable(value) or isinstance(value, (Module, Namespace, LoopContext))


def shown(value: Any) -> str:
    """A value as text, as Jinja prints it; what has an address in place of a text is refused."""
    if isinstance(value, str):
        return value
    if not isinstance(value, (*_PLAIN, Undefined)):
        _refuse_opaque(value)
    return str(value)


def _refuse_opaque(value: Any) -> None:
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple)):
        for item in value:
            if not isinstance(item, _PLAIN):
                _refuse_opaque(item)
    elif not isinstance(value, range):
        name = "macro" if isinstance(value, Macro) else type(value).__name__
        raise Refused(f"a {name} can't be printed" + _way_out(value))


def _way_out(value: Any) -> str:
    return "; call it" if callable(value) else "; use `|list` or `|join`"
