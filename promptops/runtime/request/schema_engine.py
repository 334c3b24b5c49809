"""JSON Schema validation: one interface for two libraries.

jsonschema-rs if there is a wheel for the platform; otherwise jsonschema, over a hundred times
slower, with the same results. Neither fetches anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any, Protocol

NATIVE = "jsonschema-rs"
PORTABLE = "jsonschema"


class Engine(Protocol):
    """Checks values against one schema.

    Errors have the attributes of a jsonschema_rs.ValidationError: `kind` with a name and facts,
    `instance`, `instance_path`, `schema_path`, `message`.
    """

    def is_valid(self, value: Any) -> bool: ...

    def iter_errors(self, value: Any) -> Iterator[Any]: ...


def engine_name() -> str:
    """NATIVE or PORTABLE: the engine of this installation."""
    return NATIVE if find_spec("jsonschema_rs") is not None else PORTABLE


@cache
def is_portable() -> bool:
    """Whether jsonschema-rs is missing."""
    return engine_name() == PORTABLE


def any_engine(schema: Any, backtracks: int) -> Engine:
    """An engine for an untrusted schema, whose `$schema` names its draft; 2020-12 by default.

    `backtracks` limits the steps of a pattern on one string; the portable engine matches without
    backtracking. Raises ValueError, with a reason of one line, for an invalid schema.
    """
    if is_portable():
        from promptops.runtime.request.portable_schema import portable_engine

        return portable_engine(schema)
    return _native(schema, backtracks)


def own_engine(schema: Any, *, formats: bool = False) -> Engine:
    """An engine for a 2020-12 schema that ships with the tool or was checked; raises ValueError."""
    if is_portable():
        from promptops.runtime.request.portable_schema import portable_engine

        return portable_engine(schema, formats=formats)
    import jsonschema_rs

    try:
        engine: Engine = jsonschema_rs.Draft202012Validator(
            schema, retriever=_refuse, validate_formats=formats
        )
    except jsonschema_rs.ReferencingError as error:
        raise ValueError(str(error)) from None
    return engine


def first_error(engine: Any, value: Any) -> Any:
    """The first error of a value, or None.

    jsonschema-rs collects all errors before its `iter_errors` yields the first, which may use up
    the memory; only its `validate` stops at the first one.
    """
    if is_portable():
        return next(iter(engine.iter_errors(value)), None)
    import jsonschema_rs

    try:
        engine.validate(value)
    except jsonschema_rs.ValidationError as error:
        return error
    return None


def _native(schema: Any, backtracks: int) -> Engine:
    import jsonschema_rs

    try:
        engine: Engine = jsonschema_rs.validator_for(
            schema,
            retriever=_refuse,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=backtracks),
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None
    return engine


def _refuse(address: str) -> Any:
    raise ValueError(f"`{address}` is not fetched")
