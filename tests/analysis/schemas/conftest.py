"""Schemas and values made at random."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

NAMES = ["a", "b", "c", "ab"]
TYPES = ["string", "integer", "number", "boolean", "array", "object", "null"]
PATTERNS = ["^a", "b$", "^[a-c]+$", "^ab?$", "a|b", "^\\d+$"]
NUMBERS = [0, 1, 2, 3, -1, 0.5, 1.5, 2.5, 0.1, 10]
TEXTS = ["", "a", "b", "ab", "abc", "bb", "c", "0", "12", "aaaa"]
VALUES: list[Any] = [None, True, False, 0, 1, 2, 1.0, 0.5, -1, *TEXTS[:5], [], [0], ["a", "a"]]
VALUES += [{}, {"a": 0}, {"a": "a", "b": None}, [1, "a"], {"c": 1}, [[]], {"ab": 1.5}]
LIST_KEYWORDS = ("allOf", "anyOf", "oneOf", "prefixItems")
MAP_KEYWORDS = ("properties", "patternProperties", "dependentSchemas", "$defs")
ONE_KEYWORDS = ("items", "additionalProperties", "contains", "not", "if", "then", "else")
ONE_KEYWORDS += ("propertyNames", "unevaluatedProperties", "unevaluatedItems")


@pytest.fixture(scope="session")
def grammar() -> type[Grammar]:
    """Made with a seed, it writes schemas, changed ones, pairs of them, and values."""
    return Grammar


class Grammar:
    """Writes schemas, changes them, and writes values that they may admit."""

    def __init__(self, seed: bytes) -> None:
        self._chance = random.Random(seed)
        self._names = ["#", "#/$defs/n", "#/$defs/m"]

    def pair(self) -> tuple[Any, Any]:
        """Two schemas, mostly near to each other."""
        left = self.root()
        right = self.changed(left) if self._maybe(0.75) else self.root()
        return (left, right) if self._maybe(0.5) else (right, left)

    def broken(self) -> Any:
        """A schema with a value somewhere that is out of place."""
        schema = self.root()
        if isinstance(schema, dict):
            place = self._one(list(_schemas(schema)))
            keys = [*place, "$ref", "type", "items", "properties", "anyOf", "minimum", "pattern"]
            place[self._one(keys)] = copy.deepcopy(self._one([*VALUES, "#/nowhere", "[", "#"]))
        return schema

    def root(self) -> Any:
        return self._whole(self.schema(3))

    def schema(self, depth: int) -> Any:
        if self._maybe(0.05):
            return self._one([True, False, {}, {}])
        if 0 < depth < 3 and self._maybe(0.12):
            return {"$ref": self._one(self._names)}
        kinds = [self._typed] * 5 + [self._listed]
        if depth:
            kinds += [self._joined] * 2 + [self._typed] * 2
        schema: dict[str, Any] = self._one(kinds)(depth)
        if self._maybe(0.08) and depth:
            schema |= self._joined(depth)
        return schema

    def changed(self, schema: Any) -> Any:
        """A copy with one to three changes."""
        copied = copy.deepcopy(schema)
        for _ in range(self._chance.randint(1, 3)):
            if isinstance(copied, dict):
                self._change(self._one(list(_schemas(copied))))
        return self._whole(copied)

    def _whole(self, root: Any) -> Any:
        """With the definitions that references need."""
        if isinstance(root, dict) and "$ref" in json.dumps(root):
            root.setdefault("$defs", {"n": self.schema(2), "m": self.schema(1)})
        return root

    def value(self, schema: Any, root: Any, depth: int = 4) -> Any:
        """A value near to what a schema admits."""
        if not isinstance(schema, dict) or self._maybe(0.08) or depth < 0:
            return copy.deepcopy(self._one(VALUES))
        if "$ref" in schema:
            return self.value(_target(schema["$ref"], root), root, depth - 1)
        if "const" in schema and self._maybe(0.9):
            return copy.deepcopy(schema["const"])
        if schema.get("enum") and self._maybe(0.9):
            return copy.deepcopy(self._one(schema["enum"]))
        branches = [s for k in LIST_KEYWORDS[:3] for s in schema.get(k, [])]
        branches += [schema[k] for k in ("if", "then", "else", "not") if k in schema]
        if branches and self._maybe(0.6):
            branch = self._one(branches)
            if isinstance(branch, dict):
                schema = {**{k: v for k, v in schema.items() if k not in LIST_KEYWORDS}, **branch}
                return self.value(schema, root, depth - 1)
        types = schema.get("type", TYPES)
        return self._of_type(
            self._one([types] if isinstance(types, str) else types), schema, root, depth
        )

    def _of_type(self, kind: str, schema: Any, root: Any, depth: int) -> Any:
        if kind in ("integer", "number"):
            said = [v for v in schema.values() if isinstance(v, (int, float))]
            said = [v for v in said if not isinstance(v, bool)] or NUMBERS
            found = self._one(said) + self._one([0, 0, 1, -1, 0.5, -0.5])
            return round(found, 2) if kind == "number" else int(found)
        if kind == "string":
            length = schema.get("minLength", schema.get("maxLength", 0))
            return self._one([*TEXTS, "a" * int(length), "a" * int(length + 1)])
        if kind == "array":
            first = schema.get("prefixItems", [])
            rest = schema.get("items", self._one([{}, schema.get("contains", {})]))
            size = self._chance.randint(0, 3) + self._one([0, 0, schema.get("minItems", 0)])
            parts = [first[i] if i < len(first) else rest for i in range(size)]
            return [self.value(part, root, depth - 1) for part in parts]
        if kind == "object":
            return self._object(schema, root, depth)
        return None if kind == "null" else self._one([True, False])

    def _object(self, schema: Any, root: Any, depth: int) -> Any:
        known = schema.get("properties", {})
        wanted = [n for n in [*known, *NAMES, "zz"] if self._maybe(0.35)]
        wanted += [n for n in schema.get("required", []) if self._maybe(0.95)]
        rest = [
            schema.get("additionalProperties", {}),
            *schema.get("patternProperties", {}).values(),
        ]
        return {n: self.value(known.get(n, self._one(rest)), root, depth - 1) for n in wanted}

    def _typed(self, depth: int) -> dict[str, Any]:
        kinds = self._chance.sample(TYPES, self._one([1, 1, 1, 2]))
        schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
        if self._maybe(0.1):
            schema = {}
        for kind in kinds:
            for _ in range(self._one([0, 1, 1, 2, 3])):
                self._add(schema, kind, depth)
        return schema

    def _add(self, schema: dict[str, Any], kind: str, depth: int) -> None:
        if kind in ("integer", "number"):
            key = self._one(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"])
            schema[key] = self._one(NUMBERS)
            if self._maybe(0.3):
                schema["multipleOf"] = self._one([1, 2, 3, 0.5, 0.1, 1.5])
        elif kind == "string":
            key = self._one(["minLength", "maxLength", "pattern"])
            schema[key] = self._one(PATTERNS) if key == "pattern" else self._chance.randint(0, 3)
        elif kind == "array":
            self._add_to_array(schema, depth)
        elif kind == "object":
            self._add_to_object(schema, depth)

    def _add_to_array(self, schema: dict[str, Any], depth: int) -> None:
        key = self._one(
            ["minItems", "maxItems", "uniqueItems", *["items"] * 4, "prefixItems"] * 2
            + ["contains", "unevaluatedItems"]
        )
        if key in ("minItems", "maxItems"):
            schema[key] = self._chance.randint(0, 3)
        elif key == "uniqueItems":
            schema[key] = self._maybe(0.8)
        elif key == "prefixItems" and depth:
            schema[key] = [self.schema(depth - 1) for _ in range(self._chance.randint(1, 2))]
        elif depth:
            schema[key] = self.schema(depth - 1)
            if key == "contains" and self._maybe(0.4):
                schema[self._one(["minContains", "maxContains"])] = self._chance.randint(0, 2)

    def _add_to_object(self, schema: dict[str, Any], depth: int) -> None:
        key = self._one(
            [*["properties"] * 6, "required", "required", "additionalProperties"] * 2
            + ["patternProperties", "propertyNames", "minProperties", "maxProperties"]
            + ["dependentRequired", "dependentSchemas", "unevaluatedProperties"]
        )
        some = self._chance.sample(NAMES, self._chance.randint(1, 3))
        if key == "properties" and depth:
            schema[key] = schema.get(key, {}) | {name: self.schema(depth - 1) for name in some}
        elif key == "required":
            schema[key] = some
        elif key == "additionalProperties":
            schema[key] = False if self._maybe(0.6) or not depth else self.schema(depth - 1)
        elif key == "patternProperties" and depth:
            schema[key] = {self._one(PATTERNS): self.schema(depth - 1)}
        elif key == "propertyNames":
            schema[key] = self._one(
                [{"maxLength": 1}, {"enum": some}, {"pattern": "^a"}, {"minLength": 1}]
            )
        elif key in ("minProperties", "maxProperties"):
            schema[key] = self._chance.randint(0, 3)
        elif key == "dependentRequired":
            schema[key] = {some[0]: some[1:]}
        elif key == "dependentSchemas" and depth:
            schema[key] = {some[0]: self.schema(depth - 1)}
        elif key == "unevaluatedProperties":
            schema[key] = False

    def _listed(self, depth: int) -> dict[str, Any]:
        if self._maybe(0.4):
            return {"const": copy.deepcopy(self._one(VALUES))}
        return {"enum": copy.deepcopy(self._chance.sample(VALUES, self._chance.randint(1, 4)))}

    def _joined(self, depth: int) -> dict[str, Any]:
        key = self._one(
            ["anyOf", "anyOf", "anyOf", "oneOf", "oneOf", "allOf", "allOf", "not", "if"]
        )
        if key == "not":
            return {"not": self.schema(depth - 1)}
        if key == "if":
            parts = [part for part in ("then", "else") if self._maybe(0.7)]
            return {"if": self.schema(depth - 1)} | {p: self.schema(depth - 1) for p in parts}
        if key != "allOf" and self._maybe(0.3):
            return {key: [self._tagged(tag, depth) for tag in ("a", "b", "c")[: self._one([2, 3])]]}
        return {key: [self.schema(depth - 1) for _ in range(self._chance.randint(1, 3))]}

    def _tagged(self, tag: str, depth: int) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object", "required": ["a"]}
        return schema | {"properties": {"a": {"const": tag}, "b": self.schema(depth - 1)}}

    def _change(self, schema: dict[str, Any]) -> None:
        kind = self._one(["drop", "drop", "add", "number", "type", "wrap", "list", "title", "new"])
        keys = [key for key in schema if key not in ("$defs", "$ref")]
        if kind == "drop" and keys:
            del schema[self._one(keys)]
        elif kind == "add":
            self._add(schema, self._one(TYPES), 1)
        elif kind == "number":
            for key in keys:
                if type(schema[key]) in (int, float) and key not in ("const", "multipleOf"):
                    low = (
                        0
                        if key.startswith(
                            ("minL", "maxL", "minI", "maxI", "minP", "maxP", "minC", "maxC")
                        )
                        else -9
                    )
                    schema[key] = max(low, schema[key] + self._one([1, -1]))
        elif kind == "type" and "type" in schema:
            types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
            schema["type"] = list(dict.fromkeys([*types, self._one(TYPES)]))
        elif kind == "wrap" and "$defs" not in schema:
            inner = dict(schema)
            schema.clear()
            schema[self._one(["allOf", "anyOf", "oneOf"])] = [inner]
            if self._maybe(0.5) and "anyOf" in schema:
                schema["anyOf"].append(self.schema(1))
        elif kind == "list" and schema.get("enum"):
            schema["enum"] = schema["enum"][1:] or [0]
        elif kind == "list" and schema.get("required"):
            schema["required"] = schema["required"][1:]
        elif kind == "title":
            schema["title"] = "t"
        elif kind == "new" and schema.get("properties"):
            schema["properties"][self._one(list(schema["properties"]))] = self.schema(1)

    def _maybe(self, likely: float) -> bool:
        return self._chance.random() < likely

    def _one(self, choices: Any) -> Any:
        return self._chance.choice(choices)


def _schemas(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            below: list[Any] = []
            if key in LIST_KEYWORDS:
                below = value
            elif key in MAP_KEYWORDS:
                below = list(value.values())
            elif key in ONE_KEYWORDS:
                below = [value]
            for item in below:
                yield from _schemas(item)


def _target(reference: str, root: Any) -> Any:
    return root if reference == "#" else root.get("$defs", {}).get(reference[-1], {})
