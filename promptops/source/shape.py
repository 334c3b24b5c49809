"""Whether a value is valid for a schema of promptops: the second of the three validation steps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.model.prompt import Locate
from promptops.runtime.template.data import MAX_EXACT_INTEGER, TooMuchWork
from promptops.source.document import Document
from promptops.source.explain import Secret, explain, nothing_secret
from promptops.source.own_schema import OwnSchema
from promptops.suggestions import nearest_name

if TYPE_CHECKING:
    from promptops.runtime.request.schema_check import Engine, Error, OwnValidator


PROMPT = "prompt.schema.json"
CONFIG = "config.schema.json"


def check_shape(document: Document) -> tuple[Problem, ...]:
    """SCH002: schema violations of a prompt file; nothing if it can't be parsed.

    A file that `extends` another is a patch: null removes a key, and keys of its parent may be
    missing. Check the merged prompt with `check_prompt`.
    """
    value = document.value
    if value is None:
        return ()
    if not isinstance(value, dict) or not value.get("extends"):
        return check_prompt(value, document.place)
    try:
        problems = _errors(PROMPT, "", _without_nulls(value))
    except TooMuchWork:
        return ()  # the merged prompt is checked, too
    own_errors = [error for error in problems if not _brought_by_parent(error)]
    return explain(own_errors, schema(PROMPT), value, document.place) if own_errors else ()


def check_prompt(value: Any, place: Locate) -> tuple[Problem, ...]:
    """SCH002 for a whole prompt, such as a variant merged with the prompt it extends."""
    problems = check_value(PROMPT, value, place)
    model = value.get("model") if isinstance(value, dict) else None
    return (*problems, *inexact_settings(model, place, "/model"))


def misspells_templates(value: Mapping[str, Any]) -> bool:
    """Whether an unknown key may be a misspelt key that affects templates."""
    known = schema(PROMPT)["properties"]
    unknown = (key for key in value if key not in known)
    return any(nearest_name(str(key), ("extends", "inputs", "messages")) for key in unknown)


def check_case(value: Any, place: Locate, at: str = "") -> tuple[Problem, ...]:
    """SCH002 of one test case of a case file; `at` is its pointer there."""
    return check_value(PROMPT, value, place, part="case", at=at)


def is_case(value: Any) -> bool:
    """Whether `check_case` finds no problem; much faster if it would find one."""
    return _validator(PROMPT, "case").is_valid(value)


def check_value(
    name: str,
    value: Any,
    place: Locate,
    *,
    part: str = "",
    at: str = "",
    secret: Secret = nothing_secret,
) -> tuple[Problem, ...]:
    """All parts of a value that an included schema, or a part of its `$defs`, refuses.

    Attributes:
        place: Of the file that contains the value.
        at: JSON pointer of the value in that file.
        secret: Whether the value at a path must not be shown.
    """
    try:
        found = _errors(name, part, value)
        return explain(found, schema(name), value, place, at, secret=secret) if found else ()
    except TooMuchWork as error:
        return (Problem(str(error), at=place(at, False), code="SCH002"),)


def _errors(name: str, part: str, value: Any) -> list[Error]:
    return _validator(name, part).errors(value)


@lru_cache(maxsize=8)
def _validator(name: str, part: str) -> OwnValidator:
    from promptops.runtime.request.schema_check import OwnValidator

    whole = schema(name)
    chosen: Any = {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]} if part else whole
    few = _FEW_PROMPTS if chosen is whole and name == PROMPT else _FEW
    return OwnValidator(_LazyEngine(chosen, few), chosen)


_FEW_PROMPTS, _FEW = 100, 2_000
"""So many prompts, or other values, are checked in the time that importing jsonschema-rs takes."""


class _LazyEngine:
    """Accepts values without jsonschema-rs, unless there are many, and explains others with it."""

    def __init__(self, whole: Mapping[str, Any], few: int) -> None:
        """`few` values are checked without it."""
        self._whole = whole
        self._own = OwnSchema(whole)
        self._left = few

    def is_valid(self, value: Any) -> bool:
        self._left -= 1
        return (self._left >= 0 and self._own.accepts(value)) or self._engine.is_valid(value)

    def iter_errors(self, value: Any) -> Iterator[Error]:
        return self._engine.iter_errors(value)

    @cached_property
    def _engine(self) -> Engine:
        from promptops.runtime.request.schema_check import own_engine

        return own_engine(self._whole)


def _without_nulls(value: Any) -> Any:
    """A merge patch without the keys it removes; lists replace, and are kept unchanged."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _brought_by_parent(error: Error) -> bool:
    """Whether the parent may have a missing key: in mappings, not in lists."""
    path = error.instance_path
    in_list = any(isinstance(token, int) for token in path)
    missing = error.kind.name == "required"
    return missing and not in_list and error.kind.property != "format"


_SETTINGS = ("params", "provider_options")


def inexact_settings(model: Any, place: Locate, at: str) -> Iterator[Problem]:
    """SCH002 for each integer beyond 2^53 in the settings of a model or a profile, at its value."""
    if not isinstance(model, Mapping):
        return
    for name in _SETTINGS:
        for pointer, value in _integers(model.get(name), f"{at}/{name}"):
            if abs(value) > MAX_EXACT_INTEGER:
                message = f"{value} is an integer beyond {MAX_EXACT_INTEGER}"
                hint = "other languages can't read it exactly: use a smaller one, or quote it"
                yield Problem(message, at=place(pointer, False), hint=hint, code="SCH002")


def _integers(value: Any, at: str) -> Iterator[tuple[str, int]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _integers(item, f"{at}/{escaped(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _integers(item, f"{at}/{index}")
    elif isinstance(value, int) and not isinstance(value, bool):
        yield at, value


# The JSON Schemas that promptops includes.


def schema_text(name: str) -> str:
    """The text of a schema file, such as `prompt.schema.json`.

    They are in the installed package, and next to it in a checkout.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "schemas", package.parent / "schemas"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise FileNotFoundError(f"promptops was installed without its schema {name!r}")


@lru_cache(maxsize=8)
def schema(name: str) -> Mapping[str, Any]:
    """A schema that promptops includes, parsed once."""
    parsed: dict[str, Any] = json.loads(schema_text(name))
    return parsed
