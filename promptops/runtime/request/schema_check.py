"""Check values against a JSON Schema, within limits of time and memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import islice
from typing import Any

from promptops.model.prompt import Schema
from promptops.runtime.request.schema_cost import as_list, values_of
from promptops.runtime.request.schema_engine import Engine, any_engine, first_error, is_portable
from promptops.runtime.request.schema_work import (
    FEW_BACKTRACKS,
    MANY_BACKTRACKS,
    OwnWork,
    Work,
    measured,
)
from promptops.runtime.template.data import TooMuchWork

MAX_ERRORS = 100
"""The limit of errors of one value; a hostile value can have a hundred thousand."""

MAX_MESSAGE_CHARS = 2_000
"""The limit of one message, which may quote a value, a key or a pattern of any length."""

Error = Any
"""A jsonschema_rs.ValidationError, or an object with the same attributes."""

_ALTERNATIVES = ("anyOf", "oneOf")
_DATA_KEYWORDS = ("const", "default", "enum", "examples")


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
        if _may_collect(self._work, value):
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
        rewriting = _WithoutAlternatives()
        plain = rewriting.rewritten(self._work.root)
        if rewriting.is_changed and rewriting.is_bound:
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


class _WithoutAlternatives:
    """Rewrites a schema so that its errors do not list those of each alternative.

    Attributes:
        is_changed: The schema has alternatives.
        is_bound: A reference points into an alternative, or an unevaluated keyword depends on one.
    """

    def __init__(self) -> None:
        self.is_changed = False
        self.is_bound = False

    def rewritten(self, schema: Any) -> Any:
        """`anyOf` as `not` `not` `anyOf`, whose errors list nothing."""
        if isinstance(schema, list):
            return [self.rewritten(part) for part in schema]
        if not isinstance(schema, Mapping):
            return schema
        self.is_bound |= _binds(schema)
        plain = {
            key: part if key in _DATA_KEYWORDS else self.rewritten(part)
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


# The memory that the errors of a value need, estimated before jsonschema-rs collects them all

MAX_ERROR_BYTES = 50_000_000
"""The memory limit for the list of all errors of a value."""

_ERROR_BYTES = 1_000
_STEP_BYTES = 200
_NODE_BYTES = 50
_CHAR_BYTES = 3
_ASSERTIONS = frozenset(
    (
        *("type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum"),
        *("exclusiveMinimum", "maxLength", "minLength", "pattern", "format", "contains"),
        *("maxItems", "minItems", "uniqueItems", "required", "dependentRequired", "anyOf", "oneOf"),
        *("maxProperties", "minProperties", "additionalProperties", "propertyNames", "not"),
        *("unevaluatedProperties", "unevaluatedItems", "contentEncoding", "contentMediaType"),
    )
)
_QUOTED = ("enum", "const", "not", "pattern")
"""Keywords whose own value is a part of the error."""


def _may_collect(work: Work, value: Any) -> bool:
    """Whether all errors of an invalid value fit into the memory limit."""
    try:
        return _ErrorMemory(work, value).count() <= MAX_ERROR_BYTES
    except RecursionError:
        return False


class _ErrorMemory:
    """The memory for all errors of a value, assuming that every keyword rejects it."""

    def __init__(self, work: Work, value: Any) -> None:
        self._work = work
        self._value = value
        self._known: dict[tuple[int, int], int] = {}
        self._sizes: dict[int, int] = {}
        self._each = _ERROR_BYTES + _path_bytes(value)

    def count(self) -> int:
        return self._count(self._work.root, self._value)

    def _count(self, schema: Any, value: Any) -> int:
        if not isinstance(schema, Mapping):
            return self._each + self._size(value)
        key = (id(schema), id(value))
        if key not in self._known:
            self._known[key] = 0
            self._known[key] = self._computed(schema, value)
        return self._known[key]

    def _computed(self, schema: Mapping[str, Any], value: Any) -> int:
        keywords = sum(1 for name in schema if name in _ASSERTIONS) + _required_names(schema)
        total = max(keywords, 1) * (self._each + self._size(value))
        total += sum(20 * _quoted_bytes(schema[name]) for name in _QUOTED if name in schema)
        for part, below in self._work.applied(schema, value):
            if total > MAX_ERROR_BYTES:
                break
            total += self._count(part, below)
        return total

    def _size(self, value: Any) -> int:
        if not isinstance(value, (dict, list)):
            return _quoted_bytes(value)
        if id(value) not in self._sizes:
            self._sizes[id(value)] = _quoted_bytes(value)
        return self._sizes[id(value)]


def _quoted_bytes(value: Any) -> int:
    """The memory of an error that quotes a value."""
    nodes, _, chars = measured(value)
    return nodes * _NODE_BYTES + chars * _CHAR_BYTES


def _path_bytes(value: Any) -> int:
    """The memory of the longest path into a value in an error."""
    if isinstance(value, dict):
        steps = (_CHAR_BYTES * len(key) + _path_bytes(part) for key, part in value.items())
        return _STEP_BYTES + max(steps, default=0)
    return _STEP_BYTES + max(map(_path_bytes, value), default=0) if isinstance(value, list) else 0


def _required_names(schema: Mapping[str, Any]) -> int:
    """The number of required names; each missing one is an error."""
    names = len(as_list(schema.get("required")))
    return names + sum(
        len(as_list(missing)) for missing in values_of(schema.get("dependentRequired"))
    )
