"""Read the fields of an assertion from YAML; unknown, missing and wrong ones are problems."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from math import isfinite
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from promptops.evals.registry import AssertionKind
from promptops.evals.verdict import Refused
from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.nearest import did_you_mean
from promptops.records import MISSING, Field, fields
from promptops.source.explain import type_name


def unknown(
    kind: AssertionKind, written: Mapping[str, Any], common: tuple[str, ...]
) -> Iterator[Problem]:
    """Keys that are neither arguments of this assertion nor of every assertion."""
    known = (*_hints(kind.check), *common)
    for key in written:
        if key not in known and not key.startswith("x-"):
            hint = did_you_mean(key, known) or f"known here: {', '.join(known)}"
            message = f"`{key}` is not an argument of `{kind.name}`"
            yield Problem(message, at=f"/{escaped(key)}", key=True, hint=hint)


def read(
    kind: AssertionKind, written: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The fields of an assertion, and the problems with them."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in fields(kind.check):
        if field.name in written:
            try:
                hint = _hints(kind.check)[field.name]
                values[field.name] = _read(hint, written[field.name], f"/{field.name}")
            except Refused as error:
                problems.append(Problem(error.message, at=error.at, hint=error.hint))
        elif _required(field):
            problems.append(Problem(f"`{kind.name}` needs `{field.name}`", at="/type"))
    return values, tuple(problems)


def _required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _hints(check: type) -> Mapping[str, Any]:
    return get_type_hints(check)


def _read(hint: Any, value: Any, at: str) -> Any:
    if hint is Any:
        return value
    if get_origin(hint) in (Union, UnionType):
        return _read_one_of(get_args(hint), value, at)
    if get_origin(hint) is tuple and isinstance(value, list):
        item = get_args(hint)[0]
        return tuple(_read(item, part, f"{at}/{index}") for index, part in enumerate(value))
    if not _is(hint, value):
        raise Refused(f"expected {_named(hint)}, got {type_name(value)}", at=at)
    if isinstance(value, float) and not isfinite(value):
        raise Refused(f"expected a finite number, got {value}", at=at)
    return value


def _read_one_of(hints: tuple[Any, ...], value: Any, at: str) -> Any:
    for hint in hints:
        if _is(hint, value):
            return _read(hint, value, at)
    wanted = " or ".join(_named(hint) for hint in hints)
    raise Refused(f"expected {wanted}, got {type_name(value)}", at=at)


def _is(hint: Any, value: Any) -> bool:
    kind = get_origin(hint) or hint
    if isinstance(value, bool):
        return kind is bool
    if kind is tuple:
        return isinstance(value, list)
    return isinstance(value, (int, float) if kind is float else kind)


def _named(hint: Any) -> str:
    names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(hint) or ("a list" if get_origin(hint) is tuple else "a mapping")
