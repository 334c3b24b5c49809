"""The library that decides whether a value fits a JSON Schema: one interface, two engines.

jsonschema-rs, where it has a wheel for the platform; else jsonschema, over a hundred times slower,
with the same verdicts. Both fetch nothing.
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
    """NATIVE or PORTABLE: which one this installation uses."""
    return NATIVE if find_spec("jsonschema_rs") is not None else PORTABLE


@cache
def is_portable() -> bool:
    """Whether jsonschema-rs is missing."""
    return engine_name() == PORTABLE


def any_engine(schema: Any, backtracks: int) -> Engine:
    """For a schema of anybody's, whose `$schema` names its draft; 2020-12 by default.

    `backtracks` is how many steps a pattern may take on one string; the portable engine matches
    without backtracking. Raises ValueError for an invalid schema, with the reason in one line.
    """
    if is_portable():
        from promptops.runtime.request.portable_schema import portable_engine

        return portable_engine(schema)
    return _native(schema, backtracks)


def own_engine(schema: Any, *, formats: bool = False) -> Engine:
    """For a schema of draft 2020-12 that ships with the tool or was checked; raises ValueError."""
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

    jsonschema-rs collects all errors before its `iter_errors` gives the first, which may take all
    of the memory: only its `validate` ends with the first one.
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
