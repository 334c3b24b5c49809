"""Whether a value is valid for a schema of promptops: the second of the three validation steps."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from promptops.model.finding import Problem
from promptops.model.prompt import Locate
from promptops.nearest import nearest_name
from promptops.runtime.template.data import TooMuchWork
from promptops.source.document import Document
from promptops.source.explain import Secret, explain, nothing_secret
from promptops.source.schemas import schema
from promptops.source.settings import inexact_settings

if TYPE_CHECKING:
    from promptops.runtime.request.schema_check import Error, OwnValidator

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
    kept = [error for error in problems if not _brought_by_parent(error)]
    return explain(kept, schema(PROMPT), value, document.place) if kept else ()


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
    return _certainly_fits(PROMPT, "case", value) or _validator(PROMPT, "case").is_valid(value)


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
    if _certainly_fits(name, part, value):
        return []
    return _validator(name, part).errors(value)


QUICK_CHECKS = 50
"""Checking fewer values takes less time than importing jsonschema-rs, ten times faster."""

_quick_checks_left = iter(range(QUICK_CHECKS))


def _certainly_fits(name: str, part: str, value: Any) -> bool:
    """Whether a generated check accepts it; False is not a decision."""
    if "jsonschema_rs" in sys.modules or next(_quick_checks_left, None) is None:
        return False
    if name == PROMPT:
        from promptops.source.generated import prompt_check

        return prompt_check.fits(value, part)
    if name == CONFIG:
        from promptops.source.generated import config_check

        return config_check.fits(value, part)
    return False


@lru_cache(maxsize=8)
def _validator(name: str, part: str) -> OwnValidator:
    from promptops.runtime.request.schema_check import OwnValidator
    from promptops.runtime.request.schema_engine import own_engine

    whole = schema(name)
    chosen: Any = {"$ref": f"#/$defs/{part}", "$defs": whole["$defs"]} if part else whole
    return OwnValidator(own_engine(chosen), chosen)


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
