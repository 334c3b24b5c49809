"""Whether a schema is JSON Schema that can be used, and formats in it that restrict nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from promptops.json_pointer import NO_VALUE, pointer_to, tokens, value_at
from promptops.model.finding import Problem
from promptops.model.prompt import Locate
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.request.plain_schema import is_plain_schema
from promptops.runtime.request.schema_check import OwnValidator, own_engine
from promptops.runtime.template.data import TooMuchWork
from promptops.source.explain import explain
from promptops.source.references import DIALECT, subschemas


def check_schema(schema: Any, place: Locate, at: str = "") -> tuple[Problem, ...]:
    """SCH002: parts of a schema that are not JSON Schema (2020-12); `at` is its pointer."""
    if is_plain_schema(schema):
        return ()
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


# The schema that validates every JSON Schema (2020-12).


@lru_cache(maxsize=1)
def metaschema() -> OwnValidator:
    """Checks whether a value is a JSON Schema, formats included."""
    return OwnValidator(own_engine({"$ref": DIALECT}, formats=True), _whole_metaschema)


def _whole_metaschema() -> Mapping[str, Any]:
    """The metaschema and its vocabularies as one document, with JSON pointers as references."""
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # has no types

    main = REGISTRY.contents(DIALECT)
    parts = [part["$ref"] for part in main["allOf"]]
    base = DIALECT.rpartition("/")[0]
    vocabularies = {part: REGISTRY.contents(f"{base}/{part}") for part in parts}
    named = {
        part.replace("/", "."): _pointing(whole, part.replace("/", "."))
        for part, whole in vocabularies.items()
    }
    return {"allOf": [{"$ref": f"#/$defs/{name}"} for name in named], "$defs": named}


def _pointing(part: Any, name: str) -> Any:
    """A part of a vocabulary, with references relative to the root of the whole document."""
    if isinstance(part, list):
        return [_pointing(item, name) for item in part]
    if not isinstance(part, Mapping):
        return part
    pointing = {
        key: _pointing(item, name)
        for key, item in part.items()
        if key not in ("$id", "$schema", "$vocabulary", "$dynamicAnchor")
    }
    if isinstance(part.get("$dynamicRef"), str):
        del pointing["$dynamicRef"]
        pointing["$ref"] = "#"
    elif isinstance(part.get("$ref"), str):
        pointing["$ref"] = f"#/$defs/{name}{part['$ref'][1:]}"
    return pointing


# `format` in a JSON Schema, which does not restrict a value.

_RESTRICTING = ("const", "enum", "pattern")
_PATTERNS = {
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "date-time": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}",
    "time": "^[0-9]{2}:[0-9]{2}",
    "email": "^[^@ ]+@[^@ ]+$",
    "uri": "^https?://",
    "uuid": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
}
_OF_STRINGS = frozenset(
    (
        *_PATTERNS,
        *("duration", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6", "iri"),
        *("iri-reference", "json-pointer", "regex", "relative-json-pointer", "uri-reference"),
        "uri-template",
    )
)
"""The formats of JSON Schema; without a `type`, another one may be that of a number."""
_OF_ALL_OF = lazy_pattern(r"(?:/allOf/\d+)+$")


@record(frozen=True, slots=True, kw_only=True)
class UncheckedFormat:
    """A `format` of a string without a keyword beside it that restricts the string.

    Attributes:
        pointer: Of the keyword, in the schema.
        hint: What to write beside it.
    """

    name: str
    pointer: str
    hint: str


def unchecked_formats(schema: Any) -> Iterator[UncheckedFormat]:
    """Each `format` of a string that nothing beside it checks, in order.

    Parts of an `allOf` are beside each other and beside the schema that has it.
    """
    parts = [(_joined(pointer), pointer, part) for pointer, part in subschemas(schema, "")]
    checked = {at for at, _, part in parts if any(key in part for key in _RESTRICTING)}
    checked |= {at for at, _, part in parts if _admits_strings(part) is False}
    of_strings = {at for at, _, part in parts if _admits_strings(part)}
    for at, pointer, part in parts:
        name = part.get("format")
        if not isinstance(name, str) or at in checked:
            continue
        if at in of_strings or name in _OF_STRINGS:
            pattern = _PATTERNS.get(name)
            hint = f"add `pattern: '{pattern}'`" if pattern else "add a `pattern`, or an `enum`"
            yield UncheckedFormat(name=name, pointer=f"{pointer}/format", hint=hint)


def _joined(pointer: str) -> str:
    """The pointer of the schema whose values a schema restricts, which may be itself."""
    return _OF_ALL_OF.sub("", pointer)


def _admits_strings(part: Mapping[str, Any]) -> bool | None:
    """Whether the type of a schema admits strings; None without a type."""
    types = part.get("type")
    if types is None:
        return None
    return "string" in (types if isinstance(types, list | tuple) else (types,))
