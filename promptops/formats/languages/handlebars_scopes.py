"""What the names of Handlebars and Mustache refer to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from promptops.formats.input_names import InputNames
from promptops.patterns import lazy_pattern
from promptops.records import field, record

_STEP = lazy_pattern(r"\[[^\]]*\]|[^./\[\]]+")

_SCALARS = ("string", "number", "integer", "boolean")

Schema = Mapping[str, Any]


@record(frozen=True, slots=True)
class Value:
    """A Jinja expression, and the schema of its value, which is empty if nothing declares it.

    Attributes:
        may_fail: It reads an element of a list, which may not exist.
        nullable: The expression of an object above it that may be null, or "".
    """

    expression: str
    schema: Schema = field(default_factory=dict)
    may_fail: bool = False
    nullable: str = ""

    @property
    def kind(self) -> str:
        """The type that is declared, other than null; "" without one."""
        kinds = self.schema.get("type")
        listed = kinds if isinstance(kinds, list) else [kinds]
        return next((str(kind) for kind in listed if kind not in (None, "null")), "")

    @property
    def may_be_null(self) -> bool:
        """Whether null is a value that is declared."""
        if "null" in self.schema.get("type", ()) or None in (self.schema.get("enum") or ()):
            return True
        return {"type": "null"} in self.schema.get("anyOf", ())

    def certain(self) -> Value:
        """The same value where a condition excludes null."""
        return Value(self.expression, {**self.schema, "type": self.kind}, self.may_fail)

    @property
    def item(self) -> Schema:
        """The schema of an element of a list, or of a value of a mapping."""
        name = "additionalProperties" if self.kind == "object" else "items"
        found = self.schema.get(name)
        return found if isinstance(found, Mapping) else {}

    def below(self, steps: Sequence[str]) -> Value:
        """A value inside of this one; `length` is a filter where no property has this name."""
        found = self
        for step in steps:
            found = found._step(step.strip("[]"))
        return found

    def _step(self, step: str) -> Value:
        properties = self.schema.get("properties")
        known: Mapping[str, Any] = properties if isinstance(properties, Mapping) else {}
        if step == "length" and step not in known:
            return Value(f"{self.expression} | length", {"type": "integer"})
        nullable = self.nullable
        if self.kind == "object" and self.may_be_null:
            nullable = nullable or self.expression
        if step.isdecimal():
            return Value(f"{self.expression}[{step}]", self.item, True, nullable)
        if step.isidentifier():
            written = f"{self.expression}.{step}"
        else:
            written = f"{self.expression}[{json.dumps(step)}]"
        return Value(written, known.get(step, {}), self.may_fail, nullable)


@record(frozen=True, slots=True)
class Scope:
    """What names refer to.

    Attributes:
        this: None at the top.
        key: The variable with the key of a mapping, or "".
        names: Parameters of a block.
    """

    this: Value | None
    key: str = ""
    names: Mapping[str, Value] = field(default_factory=dict)


class Scopes:
    """The scopes that are open.

    Attributes:
        stack: The innermost last.
    """

    def __init__(self, names: InputNames, properties: Schema, searches: str) -> None:
        """Args:
        properties: The schema of each input that is declared.
        searches: "all" if a name is looked up in all scopes, as Mustache does, "own" if not.
        """
        self.stack = [Scope(None)]
        self._names = names
        self._properties = properties
        self._searches = searches

    def input(self, steps: Sequence[str]) -> Value:
        """An input, or a value inside of one."""
        name = steps[0].strip("[]")
        schema = self._properties.get(name, {})
        return Value(self._names.name(name), schema).below(steps[1:])

    def value(self, path: str) -> Value:
        """The value of a path in the innermost scope."""
        scope = len(self.stack) - 1
        while path.startswith("../"):
            path, scope = path[3:], self._parent(scope)
        if path == "..":
            path, scope = "this", self._parent(scope)
        own = self.stack[scope]
        steps = [step for step in _STEP.findall(path) if step != "this"]
        if not steps:
            return own.this or self.input(["this"])
        for known in reversed(self.stack[: scope + 1]):
            if steps[0] in known.names:
                return known.names[steps[0]].below(steps[1:])
        found = self._holder(scope, steps[0].strip("[]"))
        return found.below(steps) if found is not None else self.input(steps)

    def _holder(self, scope: int, name: str) -> Value | None:
        """What has a name: `this`, or for Mustache the innermost value that declares it."""
        own = self.stack[scope].this
        if own is None or self._searches == "own":
            return own
        if own.kind in _SCALARS:
            return None
        for known in reversed(self.stack[: scope + 1]):
            if known.this is not None and name in known.this.schema.get("properties", {}):
                return known.this
        declared = name in self._properties or "properties" in own.schema
        return None if declared else own

    def key(self) -> str:
        """The variable for `@key`."""
        found = next((one.key for one in reversed(self.stack) if one.key), "")
        return found or "loop.index0"

    def _parent(self, scope: int) -> int:
        own = self.stack[scope].this
        while scope > 0 and self.stack[scope].this == own:
            scope -= 1
        return scope
