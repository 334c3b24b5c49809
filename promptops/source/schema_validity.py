"""Whether a schema is JSON Schema that can be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.json_pointer import NO_VALUE, pointer_to, tokens, value_at
from promptops.model.finding import Problem
from promptops.model.prompt import Locate
from promptops.runtime.request.plain_schema import is_plain_schema
from promptops.runtime.request.schema_check import own_engine
from promptops.runtime.template.data import TooMuchWork
from promptops.source.explain import explain
from promptops.source.references import DIALECT, subschemas


def check_schema(schema: Any, place: Locate, at: str = "") -> tuple[Problem, ...]:
    """SCH002: parts of a schema that are not JSON Schema (2020-12); `at` is its pointer."""
    if is_plain_schema(schema):
        return ()
    from promptops.source.metaschema import metaschema

    try:
        errors = metaschema().errors(schema)
        problems = explain(errors, {}, schema, place, at) if errors else ()
    except TooMuchWork as error:
        problems = (Problem(str(error), at=place(at, False), code="SCH002"),)
    if problems:
        return problems
    try:
        own_engine(schema)
    except ValueError as error:
        message = f"the schema is not usable: {str(error).splitlines()[0]}"
        unknown = Problem(message, at=place(at, False), code="SCH002")
        return tuple(_dangling(schema, place, at)) or (unknown,)
    return ()


def is_schema(schema: Any) -> bool:
    """Whether `check_schema` finds no problem; it lists none, which for many schemas takes long."""
    if is_plain_schema(schema):
        return True
    from promptops.source.metaschema import metaschema

    try:
        if not metaschema().is_valid(schema):
            return False
        own_engine(schema)
    except ValueError:  # TooMuchWork, too
        return False
    return True


def _dangling(schema: Any, place: Locate, at: str) -> Iterator[Problem]:
    """Each `$ref` to a part that its schema does not have."""
    from urllib.parse import unquote

    for pointer, part in subschemas(schema, ""):
        written = part.get("$ref")
        if isinstance(written, str) and written.startswith("#/"):
            target = unquote(written[1:])
            steps = tokens(target)
            if value_at(schema, target, NO_VALUE) is NO_VALUE:
                of_file = len(steps) > 1 and steps[0] == "$defs" and steps[1].endswith(".json")
                missing = pointer_to(steps[2:] if of_file else steps)
                where = " in that file" if of_file else ""
                message = f"`$ref` points to `{missing}`, which does not exist{where}"
                yield Problem(message, at=place(f"{at}{pointer}/$ref", False), code="SCH002")


def wrong_dialect(schema: Any, place: Locate, at: str) -> Iterator[Problem]:
    """SCH002: a `$schema` of another draft at the root of a schema in a prompt file.

    Its keywords may mean something else: `dependencies` and `additionalItems` are ignored here.
    """
    written = schema.get("$schema") if isinstance(schema, Mapping) else None
    if isinstance(written, str) and written.removesuffix("#") != DIALECT:
        yield Problem(
            f"the draft `{written}` of JSON Schema is not supported",
            at=place(f"{at}/$schema", False),
            hint="remove `$schema`, and use the keywords of draft 2020-12",
            code="SCH002",
        )
