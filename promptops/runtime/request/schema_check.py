"""Check values against a JSON Schema, within limits of time and memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from promptops.model.prompt import Schema
from promptops.runtime.request.schema_cost import as_list
from promptops.runtime.request.schema_engine import Engine, any_engine, first_error, is_portable
from promptops.runtime.request.schema_errors import may_collect
from promptops.runtime.request.schema_work import FEW_BACKTRACKS, MANY_BACKTRACKS, OwnWork, Work
from promptops.runtime.template.data import TooMuchWork

MAX_ERRORS = 100
"""The limit of errors of one value; a hostile value can have a hundred thousand."""

MAX_MESSAGE_CHARS = 2_000
"""The limit of one message, which may quote a value, a key or a pattern of any length."""

Error = Any
"""A jsonschema_rs.ValidationError, or an object with the same attributes."""

_ALTERNATIVES = ("anyOf", "oneOf")
_DATA = ("const", "default", "enum", "examples")


def validator(schema: Schema) -> Validator:
    """A validator that fetches nothing and has a work limit for every value.

    Raises ValueError with the message of jsonschema-rs if the schema is invalid.
    """
    return Validator(_engine(dict(schema), MANY_BACKTRACKS), schema)


def shortened(message: str, limit: int = MAX_MESSAGE_CHARS) -> str:
    """A message; if it exceeds a number of characters, its middle is left out."""
    if len(message) <= limit:
        return message
    return f"{message[: limit - limit // 3 - 3]} … {message[-(limit // 3) :]}"


def message_of(error: Error) -> str:
    """The message of jsonschema-rs, shortened."""
    steps = error.schema_path[-3:]
    if len(steps) == 3 and steps[0] == "allOf" and steps[2] == "not":
        negated = error.kind.schema
        alternatives = negated.get("not") if isinstance(negated, Mapping) else None
        for name in _ALTERNATIVES:
            if isinstance(alternatives, Mapping) and [*alternatives] == [name]:
                return f"the value does not fit the alternatives listed in the '{name}' keyword"
    return shortened(error.message)


class OwnValidator:
    """The validator of a schema that ships with the tool, so only errors need a limit."""

    work: type[Work] = OwnWork

    def __init__(self, engine: Engine, schema: Mapping[str, Any] | Callable[[], Any]) -> None:
        """`engine` checks values against the schema."""
        self._engine = engine
        self._work = self.work(schema)

    def is_valid(self, value: Any) -> bool:
        """Whether a value matches; raises ValueError for a value that is not JSON data."""
        return bool(self._for(value).is_valid(value))

    def errors(self, value: Any) -> list[Error]:
        """The errors of a value: at most MAX_ERRORS, none if it matches.

        Only the first error if listing all would take too much memory. Raises TooMuchWork, a
        ValueError, if even that is too much, and ValueError for a value that is not JSON data.
        """
        engine = self._for(value)
        if engine.is_valid(value):
            return []
        if may_collect(self._work, value):
            return list(islice(engine.iter_errors(value), MAX_ERRORS))
        return [self._first_error(value)]

    def _for(self, value: Any) -> Engine:
        if is_portable():
            self._work.backtracks(value)
        return self._engine

    def _first_error(self, value: Any) -> Error:
        error = first_error(self._plain, value) if self._plain is not None else None
        if error is not None:
            return error
        raise TooMuchWork("the value does not fit its schema; it takes too long to show where")

    @cached_property
    def _plain(self) -> Engine | None:
        """A validator that finds a first error without listing the errors of each alternative.

        None if the schema would have another meaning without its alternatives.
        """
        text = _Text()
        plain = text.without_alternatives(self._work.root)
        if text.is_changed and text.is_bound:
            return None
        try:
            return _engine(plain, FEW_BACKTRACKS)
        except ValueError:
            return None


class Validator(OwnValidator):
    """The validator of any schema."""

    work = Work

    def _for(self, value: Any) -> Engine:
        steps = self._work.backtracks(value)
        return self._engine if steps == MANY_BACKTRACKS else self._hasty

    @cached_property
    def _hasty(self) -> Engine:
        return _engine(dict(self._work.root), FEW_BACKTRACKS)


def _engine(schema: Any, backtracks: int) -> Engine:
    try:
        return any_engine(schema, backtracks)
    except ValueError as error:
        raise ValueError(shortened(str(error))) from None


class _Text:
    """Rewrites a schema.

    Attributes:
        is_changed: The schema has alternatives.
        is_bound: A reference points into an alternative, or an unevaluated keyword depends on one.
    """

    def __init__(self) -> None:
        self.is_changed = False
        self.is_bound = False

    def without_alternatives(self, schema: Any) -> Any:
        """`anyOf` as `not` `not` `anyOf`, whose errors list nothing."""
        if isinstance(schema, list):
            return [self.without_alternatives(part) for part in schema]
        if not isinstance(schema, Mapping):
            return schema
        self.is_bound |= _binds(schema)
        plain = {
            key: part if key in _DATA else self.without_alternatives(part)
            for key, part in schema.items()
        }
        opaque = {key: plain.pop(key) for key in _ALTERNATIVES if isinstance(plain.get(key), list)}
        if opaque:
            self.is_changed = True
            plain["allOf"] = [*as_list(plain.get("allOf")), *map(_opaque, opaque.items())]
        return plain


def _opaque(alternatives: tuple[str, Any]) -> dict[str, Any]:
    return {"not": {"not": dict([alternatives])}}


def _binds(schema: Mapping[str, Any]) -> bool:
    if "unevaluatedItems" in schema or "unevaluatedProperties" in schema:
        return True
    references = (schema.get("$ref"), schema.get("$dynamicRef"))
    return any(f"/{name}/" in str(reference) for reference in references for name in _ALTERNATIVES)
