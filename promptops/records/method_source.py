"""A field of a record, and the source text of the methods that records compile from their fields.

A method refers to the default of a field as `_default_NAME` and to its factory as `_factory_NAME`.
`_MISSING` is the mark of an argument that is not given, `_set` is `object.__setattr__`, `_owner` is
the class, and `_thawed` a class with the same slots whose objects can be changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class _Missing:
    """Marks a field without a default."""


MISSING: Any = _Missing()


class Field:
    """One attribute of a record; `type` is the annotation as written.

    `default` and `default_factory` are MISSING if not given.
    """

    __slots__ = (
        "compare",
        "default",
        "default_factory",
        "init",
        "kw_only",
        "metadata",
        "name",
        "repr",
        "type",
    )

    def __init__(
        self,
        *,
        default: Any = MISSING,
        default_factory: Any = MISSING,
        init: bool = True,
        repr: bool = True,  # noqa: A002  # named as in dataclasses
        compare: bool = True,
        kw_only: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.name: str = ""
        self.type: Any = None
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.compare = compare
        self.kw_only = kw_only
        self.metadata = metadata or {}


Fields = tuple[Field, ...]


_ASSIGN, _SET = "self.{name} = {value}", "_set(self, '{name}', {value})"


def plain_init(attributes: Fields) -> str:
    """`__init__` of a record that can be changed; `__post_init__` is not called yet."""
    return f"def __init__({_parameters(attributes)}):\n{_assignments(attributes, _ASSIGN)}"


def frozen_init(attributes: Fields) -> str:
    """`__init__` of a frozen record; `__post_init__` is not called yet."""
    return f"def __init__({_parameters(attributes)}):\n{_assignments(attributes, _SET)}"


def thawing_init(attributes: Fields) -> str:
    """`__init__` of a frozen record with slots; `__post_init__` is not called yet.

    The object has another class while its fields are set: a plain assignment takes a tenth of the
    time of `_set`. Objects of subclasses can't change their class; nor can any where the stack is
    so full that Python can't compare the slots.
    """
    return (
        f"def __init__({_parameters(attributes)}):\n"
        " try:\n"
        "  if self.__class__ is not _owner: raise TypeError\n"
        "  _set(self, '__class__', _thawed)\n"
        " except TypeError:\n"
        f"{_assignments(attributes, ' ' + _SET)}\n"
        " else:\n"
        f"{_assignments(attributes, ' ' + _ASSIGN)}\n"
        "  self.__class__ = _owner"
    )


def _parameters(attributes: Fields) -> str:
    accepted = [attribute for attribute in attributes if attribute.init]
    plain = [_parameter(attribute) for attribute in accepted if not attribute.kw_only]
    named = [_parameter(attribute) for attribute in accepted if attribute.kw_only]
    return ", ".join(["self", *plain, *(["*", *named] if named else [])])


def _assignments(attributes: Fields, assignment: str) -> str:
    lines = [
        " " + assignment.format(name=attribute.name, value=_value(attribute))
        for attribute in attributes
        if _value(attribute)
    ]
    return "\n".join(lines or [" pass"])


def _parameter(attribute: Field) -> str:
    if attribute.default_factory is not MISSING:
        return f"{attribute.name}=_MISSING"
    return (
        attribute.name
        if attribute.default is MISSING
        else f"{attribute.name}=_default_{attribute.name}"
    )


def _value(attribute: Field) -> str:
    """The expression in `__init__`; empty if `__post_init__` sets the field."""
    factory = f"_factory_{attribute.name}()" if attribute.default_factory is not MISSING else ""
    if not attribute.init:
        return factory or ("" if attribute.default is MISSING else f"_default_{attribute.name}")
    return (
        f"{factory} if {attribute.name} is _MISSING else {attribute.name}"
        if factory
        else attribute.name
    )


def hash_method(attributes: Fields) -> str:
    """`__hash__`, of all compared fields."""
    return f"def __hash__(self):\n return hash({_of('self', attributes)})"


def _of(name: str, attributes: Fields) -> str:
    return "(" + "".join(f"{name}.{each.name}," for each in attributes if each.compare) + ")"


def _comparison(name: str, operator: str) -> Callable[[Fields], str]:
    def write(attributes: Fields) -> str:
        compared = f"{_of('self', attributes)} {operator} {_of('other', attributes)}"
        return (
            f"def {name}(self, other):\n"
            " if other.__class__ is not self.__class__: return NotImplemented\n"
            f" return {compared}"
        )

    return write


equality = _comparison("__eq__", "==")
ORDER = {
    name: _comparison(name, operator)
    for name, operator in (("__lt__", "<"), ("__le__", "<="), ("__gt__", ">"), ("__ge__", ">="))
}
"""By the name of the method: comparisons of all compared fields, of records of one class."""
