"""Records: dataclasses that cost a tenth to declare.

`dataclasses` compiles up to a dozen methods for each class when the class is declared, and imports
`inspect` to do so; that took a fifth of the time of the commit hook. A record compiles its `__eq__`
and `__hash__` when they are first called, and its `__init__` at the fourth call: of most classes a
hook creates only a few objects. All records share the other methods. For a type checker a record is
a dataclass. `dataclasses.fields`, `replace` and `asdict` accept records, too.

Not supported: a record that inherits from another record, `InitVar`, `KW_ONLY`, `unsafe_hash`,
`weakref_slot`, and `compare` or `hash` for single fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

from promptops.records.method_source import MISSING as _MISSING
from promptops.records.method_source import (
    ORDER,
    equality,
    frozen_init,
    hash_method,
    plain_init,
    thawing_init,
)
from promptops.records.method_source import Field as _Field

if TYPE_CHECKING:
    from dataclasses import MISSING, Field, field, fields, replace
    from dataclasses import dataclass as record
    from dataclasses import is_dataclass as is_record

__all__ = ["MISSING", "Field", "field", "fields", "is_record", "record", "replace"]

_set = object.__setattr__

INITS_NOT_COMPILED = 3
"""This many objects of a class are initialised by a loop over its fields."""
_FEW_FIELDS = 2
"""To set so many fields of a frozen record takes less time than to change its class twice."""


def _record(
    cls: Any = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    order: bool = False,
) -> Any:
    """The class with the methods of a record; the arguments are those of `dataclass`."""

    def decorated(declared: Any) -> Any:
        attributes = tuple(_declared_fields(declared, kw_only))
        methods = _methods(attributes, frozen=frozen, slots=slots, eq=eq, order=order)
        return (_with_slots if slots else _with)(declared, attributes, methods)

    return decorated if cls is None else decorated(cls)


def _declared_fields(cls: Any, kw_only: bool) -> Iterator[_Field]:
    for name, annotation in cls.__annotations__.items():
        if str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            continue
        value = cls.__dict__.get(name, _MISSING)
        attribute = value if isinstance(value, _Field) else _Field(default=value)
        if attribute.default.__class__.__hash__ is None:
            raise ValueError(f"the default of {cls.__name__}.{name} is mutable: default_factory")
        attribute.name, attribute.type = name, annotation
        attribute.kw_only = kw_only if attribute.kw_only is None else attribute.kw_only
        yield attribute


def _methods(
    attributes: tuple[_Field, ...], *, frozen: bool, slots: bool, eq: bool, order: bool
) -> dict[str, Any]:
    methods: dict[str, Any] = {"__repr__": _repr, "__replace__": _replace}
    methods["__init_names__"] = _init_names
    init = thawing_init if slots and len(attributes) > _FEW_FIELDS else frozen_init
    methods["__init__"] = _compiled_after_some_calls(init if frozen else plain_init)
    if eq:
        methods["__eq__"] = _compiled_at_first_call("__eq__", equality)
        methods["__hash__"] = _compiled_at_first_call("__hash__", hash_method) if frozen else None
    if order:
        methods |= {name: _compiled_at_first_call(name, write) for name, write in ORDER.items()}
    if frozen:
        methods |= {"__setattr__": _no_setattr, "__delattr__": _no_delattr}
    if frozen and slots:
        methods |= {"__getstate__": _getstate, "__setstate__": _setstate}
    methods["__match_args__"] = tuple(f.name for f in attributes if f.init and not f.kw_only)
    return methods


def _with(cls: Any, attributes: tuple[_Field, ...], methods: dict[str, Any]) -> Any:
    for attribute in attributes:
        if isinstance(cls.__dict__.get(attribute.name), _Field):
            delattr(cls, attribute.name)
    for name, method in methods.items():
        if cls.__dict__.get(name) is None:  # Python sets `__hash__` to None beside an `__eq__`
            setattr(cls, name, method)
    cls.__record_fields__, cls.__dataclass_fields__ = attributes, _as_dataclass
    return cls


def _with_slots(cls: Any, attributes: tuple[_Field, ...], methods: dict[str, Any]) -> Any:
    """Slots can't be added to a class, so it is created a second time, as dataclasses do."""
    names = tuple(attribute.name for attribute in attributes)
    body = {name: value for name, value in cls.__dict__.items() if name not in names}
    for name in ("__dict__", "__weakref__"):
        body.pop(name, None)
    if body.get("__hash__", 0) is None:  # set by Python beside an `__eq__` in the body
        del body["__hash__"]
    body = {**methods, **body, "__slots__": names}
    body |= {"__record_fields__": attributes, "__dataclass_fields__": _as_dataclass}
    recreated = type(cls)(cls.__name__, cls.__bases__, body)
    recreated.__qualname__ = cls.__qualname__
    return recreated


def _compiled_at_first_call(name: str, write: Callable[[tuple[_Field, ...]], str]) -> Any:
    written: list[Any] = []

    def first_call(self: Any, /, *arguments: Any, **named: Any) -> Any:
        owner = _owner(self, name, first_call)
        if owner is not None:
            written.append(_compiled(owner, name, write))
            setattr(owner, name, written[-1])
        return written[-1](self, *arguments, **named)

    return first_call


def _owner(self: Any, name: str, method: Any) -> Any:
    """The class that has a method; None if another thread has replaced it."""
    owners = (owner for owner in type(self).__mro__ if owner.__dict__.get(name) is method)
    return next(owners, None)


def _compiled_after_some_calls(write: Callable[[tuple[_Field, ...]], str]) -> Any:
    compiled = _compiled_at_first_call("__init__", write)
    calls: list[None] = []

    def first_calls(self: Any, /, *arguments: Any, **named: Any) -> None:
        owner = _owner(self, "__init__", first_calls)
        calls.append(None)
        few = owner is not None and len(calls) <= INITS_NOT_COMPILED
        if few and _initialise(self, owner.__record_fields__, arguments, named):
            return
        if owner is not None:
            owner.__init__ = compiled
        compiled(self, *arguments, **named)

    return first_calls


def _initialise(
    self: Any, attributes: tuple[_Field, ...], arguments: tuple[Any, ...], named: dict[str, Any]
) -> bool:
    """Set all fields; False, without a change, if `__init__` does not accept the arguments."""
    taken = [attribute for attribute in attributes if attribute.init]
    positional = [attribute.name for attribute in taken if not attribute.kw_only]
    given = {**dict(zip(positional, arguments, strict=False)), **named}
    if len(given) < len(arguments) + len(named):  # too many, or one twice
        return False
    if not given.keys() <= {attribute.name for attribute in taken}:
        return False
    if any(attribute.name not in given and not _has_default(attribute) for attribute in taken):
        return False
    for attribute in attributes:
        if attribute.name in given:
            _set(self, attribute.name, given[attribute.name])
        elif attribute.default_factory is not _MISSING:
            _set(self, attribute.name, attribute.default_factory())
        elif attribute.default is not _MISSING:
            _set(self, attribute.name, attribute.default)
    if hasattr(self, "__post_init__"):
        self.__post_init__()
    return True


def _has_default(attribute: _Field) -> bool:
    return attribute.default is not _MISSING or attribute.default_factory is not _MISSING


def _compiled(owner: Any, name: str, write: Callable[[tuple[_Field, ...]], str]) -> Any:
    """The method of this name, with the defaults in its global names."""
    attributes: tuple[_Field, ...] = owner.__record_fields__
    names: dict[str, Any] = {"_set": _set, "_MISSING": _MISSING}
    for attribute in attributes:
        names[f"_default_{attribute.name}"] = attribute.default
        names[f"_factory_{attribute.name}"] = attribute.default_factory
    if write is thawing_init:
        names |= {"_owner": owner, "_thawed": _thawed(owner)}
    source = write(attributes)
    if name == "__init__" and hasattr(owner, "__post_init__"):
        source += "\n self.__post_init__()"
    exec(source, names)
    method = names[name]
    method.__qualname__, method.__module__ = f"{owner.__qualname__}.{name}", owner.__module__
    return method


def _thawed(owner: Any) -> Any:
    """A class for the objects of a record with slots while their fields are set."""
    body = {name: owner.__dict__[name] for name in _OF_LAYOUT if name in owner.__dict__}
    return type(owner)(owner.__name__, owner.__bases__, body)


_OF_LAYOUT = ("__slots__", "__orig_bases__")


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in self.__record_fields__ if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _no_setattr(self: Any, name: str, value: object) -> None:
    raise AttributeError(f"cannot assign to field {name!r}")


def _no_delattr(self: Any, name: str) -> None:
    raise AttributeError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, attribute.name) for attribute in self.__record_fields__]


def _setstate(self: Any, state: list[Any]) -> None:
    for attribute, value in zip(self.__record_fields__, state, strict=True):
        _set(self, attribute.name, value)


def _replace(self: Any, /, **changes: Any) -> Any:
    """Another record of the same class, with some fields changed; TypeError for unknown names."""
    for name in self.__init_names__:
        if name not in changes:
            changes[name] = getattr(self, name)
    return type(self)(**changes)


def _is_record(value: object) -> bool:
    """Whether it is a record or a dataclass, or an instance of one."""
    return hasattr(value, "__record_fields__") or hasattr(value, "__dataclass_fields__")


def _fields(value: Any) -> tuple[_Field, ...]:
    """The fields of a record, of a dataclass of a plug-in, or of an instance of either."""
    own: tuple[_Field, ...] | None = getattr(value, "__record_fields__", None)
    if own is not None:
        return own
    from promptops.records.as_dataclass import fields_of_dataclass

    return tuple(fields_of_dataclass(value))


class _AsDataclass:
    """`__dataclass_fields__` of a record: created when `dataclasses` first looks for it."""

    def __get__(self, instance: object, owner: Any) -> Any:
        from promptops.records.as_dataclass import dataclass_fields

        owner.__dataclass_fields__ = dataclass_fields(owner)
        return owner.__dataclass_fields__


class _InitNames:
    """`__init_names__` of a record: the names of the fields that `__init__` accepts."""

    def __get__(self, instance: object, owner: Any) -> tuple[str, ...]:
        owner.__init_names__ = tuple(f.name for f in owner.__record_fields__ if f.init)
        return owner.__init_names__  # type: ignore[no-any-return]  # the class is any


_as_dataclass = _AsDataclass()
_init_names = _InitNames()

if not TYPE_CHECKING:
    MISSING, Field, field = _MISSING, _Field, _Field
    record, replace, fields, is_record = _record, _replace, _fields, _is_record
