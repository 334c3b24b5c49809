"""Two schemas combined to one document, so that parts of both can check the same value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from promptops.analysis.schemas.reader import Bare, Reader, Unsupported, Written, applied_at_once
from promptops.model.prompt import Schema
from promptops.runtime.request.schema_check import validator

BUDGET = 20_000
"""The limit of steps of a comparison: about a second."""

MAX_ROUNDS = 50
"""The limit of rounds in which different targets of references are distinguished."""


class OutOfWork(Exception):
    """The comparison takes too long."""


class SchemaPair:
    """Both schemas, with references renamed so that equal targets have one name.

    Attributes:
        left, right: The roots.
        budget: The remaining steps; callers may set it before they start another part of the work.
        reads: How often a definition was read to find the equal ones; two take about one step.
    """

    def __init__(self, left: Any, right: Any) -> None:
        """Raises Unsupported."""
        self.budget = BUDGET
        self._definitions: dict[str, Bare] = {}
        self._written: Written = {}
        self._numbers: dict[str, int] = {}
        self._numbered: dict[int, tuple[Bare, int]] = {}
        self._validators: dict[tuple[int, ...], Any] = {}
        readers = [Reader(left, "l"), Reader(right, "r")]
        same, self.reads = _classes(readers)
        for reader in readers:
            for name, schema in reader.read(same, self._written):
                self._definitions.setdefault(same[name], schema)
        self.left, self.right = (self._definitions[same[name]] for name in ("l0", "r0"))
        self._refuse_loops()
        try:
            validator({"$defs": self._definitions})
        except ValueError:
            raise Unsupported("$ref") from None

    def spend(self, steps: int = 1) -> None:
        """Count work; raises OutOfWork if the budget is used up."""
        self.budget -= steps
        if self.budget < 0:
            raise OutOfWork

    def target(self, schema: Schema) -> Bare | None:
        """The target of a `$ref`; None for the metaschema."""
        return self._definitions.get(schema["$ref"].rpartition("/")[2])

    def written(self, value: Any) -> Any:
        """A schema, or a list or mapping of schemas, as its author wrote it; data unchanged."""
        if id(value) in self._written:
            return self._written[id(value)][1]
        if isinstance(value, list):
            return [self.written(item) for item in value]
        if isinstance(value, dict):
            return {key: self.written(item) for key, item in value.items()}
        return value

    def number(self, schema: Bare) -> int:
        """The number of a schema; equal for schemas with equal text."""
        known = self._numbered.get(id(schema))
        if known is None:
            text = json.dumps(schema, sort_keys=True)
            known = (schema, self._numbers.setdefault(text, len(self._numbers)))
            self._numbered[id(schema)] = known
        return known[1]

    def admits(self, layers: Sequence[Bare], value: Any) -> bool:
        """Whether a value matches all of some schemas; raises OutOfWork."""
        self.spend()
        key = tuple(map(self.number, layers))
        if key not in self._validators:
            self.spend(5)
            self._validators[key] = self._validator(layers)
        try:
            return bool(self._validators[key].is_valid(value))
        except ValueError:
            raise OutOfWork from None

    def matches(self, pattern: str, text: str) -> bool:
        """Whether a string contains a match of a pattern."""
        return self.admits(({"pattern": pattern},), text)

    def _refuse_loops(self) -> None:
        """Refuse a schema that applies itself to the same value: its meaning is not defined."""
        seen: set[str] = set()

        def follow(name: str, open_: frozenset[str]) -> None:
            if name in open_:
                raise Unsupported("$ref")
            if name not in seen:
                for below in applied_at_once(self._definitions[name]):
                    follow(below, open_ | {name})
                seen.add(name)

        for name in self._definitions:
            follow(name, frozenset())

    def _validator(self, layers: Sequence[Bare]) -> Any:
        schema: dict[str, Any] = {"allOf": list(layers)} if layers else {}
        if '"$ref"' in json.dumps(schema):
            schema["$defs"] = self._definitions
        try:
            return validator(schema)
        except ValueError:
            raise OutOfWork from None


def _classes(readers: Sequence[Reader]) -> tuple[dict[str, str], int]:
    """For each target the first one that is equal, with all references followed; and the work.

    At first all count as equal. They are split until no round finds another difference; if that
    takes too long, each target is a class of its own.
    """
    names = [name for reader in readers for name, _ in reader.read({}, {})]
    same = dict.fromkeys(names, "")
    for rounds in range(1, MAX_ROUNDS + 1):
        first: dict[str, str] = {}
        finer = {
            name: first.setdefault(json.dumps(schema, sort_keys=True), name)
            for reader in readers
            for name, schema in reader.read(same, {})
        }
        if finer == same:
            return same, rounds * len(names)
        same = finer
    return {name: name for name in names}, MAX_ROUNDS * len(names)
