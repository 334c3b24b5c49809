"""json-schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from promptops.evals.checked_values import CheckedValues
from promptops.evals.json_values import NOTHING, parsed
from promptops.evals.registry import assertion
from promptops.evals.schema_limits import (
    admits_every_value,
    admits_no_value,
    reference_without_end,
)
from promptops.evals.subject import Subject
from promptops.evals.verdict import Refused, Unjudgeable, Verdict
from promptops.evals.wording import shown
from promptops.json_pointer import tokens
from promptops.model.place import Place
from promptops.records import record
from promptops.runtime.request.schema_check import Validator, message_of, shortened, validator
from promptops.source.explain import explain
from promptops.source.schema_validity import check_schema
from promptops.source.unchecked_formats import unchecked_formats


@assertion("json-schema")
@record(frozen=True, slots=True, kw_only=True)
class JsonSchema:
    """The checked value matches a JSON Schema.

    A string is parsed as JSON first, and fails if it is not JSON. With `path`, the selected value
    is checked itself. The schema is JSON Schema 2020-12 without references to other files.
    `format` is not checked: that of a string, without a `pattern`, an `enum` or a `const` beside
    it, is an error, like a schema that every value matches, or none.

    Attributes:
        value: The schema.

    Holds:
        messages: [{role: assistant, content: '{"sql": null}'}]
        rendered: [{type: json-schema, role: assistant, value: {required: [sql]}}]

    Fails:
        messages: [{role: assistant, content: '{"query": null}'}]
        rendered: [{type: json-schema, role: assistant, value: {required: [sql]}}]
    """

    value: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.value:
            raise Refused("every value fits an empty schema", hint="or use `is-json`")
        for problem in check_schema(self.value, _as_place):
            at = problem.at if isinstance(problem.at, str) else problem.at.path
            raise Refused(
                f"not a valid schema: {problem.message}", hint=problem.hint, at=f"/value{at}"
            )

    def doubt(self, given: CheckedValues) -> Refused | None:
        """A string is parsed as JSON, so it can be any value."""
        endless = reference_without_end(self.value)
        if endless is not None:
            message = f"`$ref: {endless}` leads back to itself, so it checks nothing"
            return Refused(message, hint="put it into a part, such as `items` or a property")
        of = given.shape if admits_no_value({"type": "string"}, given.shape) else True
        if admits_every_value(self.value, of):
            return Refused("every value fits this schema", hint=_hint(self.value))
        if admits_no_value(self.value, of):
            return Refused("no value fits this schema", hint="two parts of it exclude each other")
        for found in unchecked_formats(self.value):
            message = f"`format: {found.name}` is not checked"
            return Refused(message, hint=found.hint, at=f"/value{found.pointer}")
        return None

    def check(self, subject: Subject) -> Verdict:
        value = subject.value
        if isinstance(value, str) and not subject.has_path:
            value = parsed(value)
        wrong = [] if value is NOTHING else self._wrong(value)
        got = shown(subject.value)
        return Verdict(
            passed=value is not NOTHING and not wrong,
            expected="a value that fits the schema",
            opposite="no value that fits the schema",
            where=subject.where,
            got=f"{got}: {'; '.join(wrong)}" if wrong else got,
        )

    def _wrong(self, value: Any) -> list[str]:
        schema = json.dumps(self.value)
        value = json.loads(json.dumps(value))  # a validator does not accept tuples as JSON
        try:
            errors = _validator(schema).errors(value)[:3]
        except ValueError as error:
            raise Unjudgeable(f"the schema can't be used: {error}", "/value") from None
        problems = explain(errors, self.value, value, _as_place, own=False)
        found = [f"{problem.message}{_at(problem.at)}" for problem in problems]
        return found or [shortened(message_of(error), 200) for error in errors]


def _hint(schema: Mapping[str, Any]) -> str:
    if any(unchecked_formats(schema)):
        return "`format` is not checked: write a `pattern`"
    return "add a requirement: `type`, `required`, `enum`"


def _at(place: str | Place) -> str:
    pointer = place if isinstance(place, str) else place.path
    return f" at {pointer}" if tokens(pointer) else ""


def _as_place(pointer: str, key: bool = False) -> Place:
    """The pointer as a place, since the value is in no file; for a key, that of its mapping."""
    return Place(pointer.rpartition("/")[0] if key else pointer)


@lru_cache(maxsize=64)
def _validator(schema: str) -> Validator:
    return validator(json.loads(schema))
