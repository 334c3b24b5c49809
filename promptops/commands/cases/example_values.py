"""Realistic example values for the inputs of a prompt, from their schemas and names.

The same for every run. No two texts of a prompt are equal, so that a case notices swapped inputs.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any

from promptops.analysis.uses import ITEM, Path
from promptops.commands.cases.conditions import InputPath
from promptops.json_pointer import followed
from promptops.records import record

_MAX_DEPTH = 5
_MAX_PADDING = 2_000

_FORMATS = {
    "date": ("2026-03-14", "2026-09-02"),
    "date-time": ("2026-03-14T09:30:00Z", "2026-09-02T17:05:00Z"),
    "time": ("09:30:00Z", "17:05:00Z"),
    "duration": ("P3D", "PT2H"),
    "email": ("mara@example.com", "jonas@example.org"),
    "hostname": ("a.example.com", "b.example.org"),
    "uri": ("https://example.com/a", "https://example.org/b"),
    "uuid": ("0b9d7c1e-6f0a-4c3e-9a55-1d2f3a4b5c6d", "5e2a8f90-3b7d-4e1c-8c66-7a8b9c0d1e2f"),
    "ipv4": ("192.0.2.10", "192.0.2.20"),
    "ipv6": ("2001:db8::10", "2001:db8::20"),
}


_SMALLEST_FILE = "AA=="
"""Base64 of one byte, for files: what is in them is not rendered."""


@record(frozen=True, slots=True)
class Hint:
    """What templates do with a value whose schema says little.

    Attributes:
        types: Names of JSON Schema types that the uses suggest.
        keys: The keys that are read below it.
        unpacked: The number of names that each element of the list is unpacked to.
    """

    types: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    unpacked: int = 1


class ExampleValues:
    """Values for the paths of one prompt's inputs."""

    def __init__(self, schema: Mapping[str, Any], hints: Mapping[InputPath, Hint]) -> None:
        self._root = schema
        self._hints = hints
        self._texts: dict[InputPath, str] = {}
        self._patterned: dict[InputPath, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs that the schema declares, then those that templates read."""
        declared = self._root.get("properties")
        read = (path.name for path in self._hints if not path.steps)
        is_open = self._root.get("additionalProperties") is not False
        return tuple(dict.fromkeys([*(declared or ()), *(read if is_open else ())]))

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(name for name in self._root.get("required", ()) if isinstance(name, str))

    def has_default(self, name: str) -> bool:
        return "default" in self.schema_at(InputPath(name))

    def schema_at(self, path: InputPath) -> Mapping[str, Any]:
        """The schema of a value, of its first alternative that leads there; empty if unknown."""
        found = self._below(self._root, path.name)
        for step in path.steps:
            found = self._below(found, step)
        return self._chosen(found)

    def types_at(self, path: InputPath) -> frozenset[str]:
        """The possible types of a value; empty if any is."""
        schema = self.schema_at(path)
        named = schema.get("type")
        if named is None and "enum" in schema:
            return frozenset(map(_type_name, schema["enum"]))
        if named is None:
            options = [each for key in ("anyOf", "oneOf") for each in schema.get(key, ())]
            found = [self._chosen(each).get("type") for each in options]
            return frozenset(name for name in found if isinstance(name, str))
        return frozenset([named] if isinstance(named, str) else named)

    def at(self, path: InputPath) -> Any:
        """A value, true where its schema allows it."""
        return self._value(self.schema_at(path), path, 0)

    def falsy(self, path: InputPath) -> Iterator[Any]:
        """Values of its types that are false."""
        types = self.types_at(path) or {"boolean", "string", "array", "null", "integer", "object"}
        falses = {"boolean": False, "string": "", "array": [], "null": None, "object": {}}
        falses |= {"integer": 0, "number": 0}
        schema = self.schema_at(path)
        yield from (value for value in schema.get("enum", ()) if not value)
        yield from (value for name, value in falses.items() if name in types)

    def truthy(self, path: InputPath) -> Iterator[Any]:
        """Values that are true, the most realistic first."""
        schema = self.schema_at(path)
        yield from (value for value in schema.get("enum", ())[:20] if value)
        found = self.at(path)
        if found:
            yield found
        types = self.types_at(path)
        if not types or "boolean" in types:
            yield True
        if "string" in types or not types:
            yield self.text(path)

    def sized(self, path: InputPath, size: int) -> Any:
        """A list, a mapping or a text of this length."""
        types = self.types_at(path) or self._hint(path).types
        if "array" in types or (not types and self._hint(path).keys):
            return [self.at(path.step(index)) for index in range(size)]
        if "string" in types or not types:
            text = self.text(path)
            words = f"{text} " * (min(size, _MAX_PADDING) // (len(text) + 1) + 1)
            return words[:size].rstrip().ljust(size, ".")
        return [self.at(path.step(index)) for index in range(size)]

    def other(self, path: InputPath, forbidden: Iterable[Any]) -> Any:
        """A value that differs from all of these."""
        refused = list(forbidden)
        schema = self.schema_at(path)
        candidates = [*schema.get("enum", ()), *schema.get("examples", ()), self.at(path)]
        candidates += [
            self.text(path),
            *(refused[0] + n for n in (1, -1) if _is_number(refused[0])),
        ]
        candidates += [f"{self.text(path)} {n}" for n in range(2, 5)]
        return next((value for value in candidates if value not in refused), None)

    def text(self, path: InputPath) -> str:
        """A text for a path, different from that of every other path."""
        if path not in self._texts:
            taken = set(self._texts.values())
            candidates = _texts_for(self._schema_words(path))
            self._texts[path] = next(each for each in candidates if each not in taken)
        return self._texts[path]

    # Schemas.

    def _below(self, schema: Mapping[str, Any], step: Any) -> Mapping[str, Any]:
        for way in self._ways(schema):
            if isinstance(step, str):
                properties = way.get("properties")
                if isinstance(properties, Mapping) and step in properties:
                    return followed(properties[step], self._root)
            elif "items" in way or "prefixItems" in way:
                first = way.get("prefixItems") or ()
                if isinstance(step, int) and 0 <= step < len(first):
                    return followed(first[step], self._root)
                return followed(way.get("items"), self._root)
            extra = way.get("additionalProperties")
            if isinstance(extra, Mapping):
                return followed(extra, self._root)
        return {}

    def _ways(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        whole = followed(schema, self._root)
        yield self._merged(whole)
        for key in ("anyOf", "oneOf"):
            for each in whole.get(key, ())[:8]:
                yield {**whole, **self._merged(followed(each, self._root))}

    def _merged(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        found: dict[str, Any] = dict(schema)
        for each in schema.get("allOf", ())[:8]:
            for key, value in followed(each, self._root).items():
                old = found.get(key)
                if isinstance(old, Mapping) and isinstance(value, Mapping):
                    found[key] = {**old, **value}
                else:
                    found[key] = value
        return found

    def _chosen(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """A schema with its first alternative that is not null."""
        ways = list(self._ways(schema))
        return next((way for way in ways[1:] if way.get("type") != "null"), ways[0])

    def _hint(self, path: InputPath) -> Hint:
        general = InputPath(path.name, _general(path.steps))
        return self._hints.get(path) or self._hints.get(general) or Hint()

    def _schema_words(self, path: InputPath) -> list[str]:
        """The words of a name, the last one first, then those of the description."""
        named = [step for step in (path.name, *path.steps) if isinstance(step, str)]
        words = _words(named[-1])[::-1] + (_words(named[-2])[::-1] if len(named) > 1 else [])
        description = self.schema_at(path).get("description")
        return [*words, *(_words(description) if isinstance(description, str) else ())]

    # Values.

    def _value(self, schema: Mapping[str, Any], path: InputPath, depth: int) -> Any:
        if "const" in schema:
            return schema["const"]
        for key in ("default", "examples", "enum"):
            given = schema.get(key)
            candidates = [given] if key == "default" else given if isinstance(given, list) else []
            for candidate in candidates:
                if candidate:
                    return candidate
        return self._of_type(self._type(schema, path), schema, path, depth)

    def _type(self, schema: Mapping[str, Any], path: InputPath) -> str:
        named = schema.get("type")
        names = [named] if isinstance(named, str) else list(named or ())
        hint = self._hint(path)
        for name in ("array", "object", "number", "boolean"):
            if name in hint.types and (not names or name in names):
                return name
        if "number" in hint.types and "integer" in names:
            return "integer"
        if not names:
            if "properties" in schema:
                return "object"
            if "items" in schema:
                return "array"
            return "object" if hint.keys else "string"
        return next(
            (name for name in ("string", *names) if name in names and name != "null"), "null"
        )

    def _of_type(self, name: str, schema: Mapping[str, Any], path: InputPath, depth: int) -> Any:
        if name == "null" or depth > _MAX_DEPTH:
            return None
        if name == "boolean":
            return True
        if name in ("integer", "number"):
            return _number(schema, name)
        if name == "array":
            owner = self._hints.get(InputPath(path.name, _general(path.steps)[:-1])) or Hint()
            size = max(owner.unpacked if path.steps else 1, schema.get("minItems", 0))
            return [self._element(path.step(index), depth) for index in range(min(size, 50))]
        if name == "object":
            return self._object(schema, path, depth)
        return self._string(schema, path)

    def _element(self, path: InputPath, depth: int) -> Any:
        return self._value(self.schema_at(path), path, depth + 1)

    def _object(self, schema: Mapping[str, Any], path: InputPath, depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        names = tuple(properties) if isinstance(properties, Mapping) else ()
        names = tuple(dict.fromkeys([*names, *schema.get("required", ())]))
        if not names:
            names = self._hint(path).keys or ("first",)
        return {name: self._element(path.step(name), depth) for name in names}

    def _string(self, schema: Mapping[str, Any], path: InputPath) -> str:
        if "contentMediaType" in schema:
            return f"data:{schema['contentMediaType']};base64,{_SMALLEST_FILE}"
        if schema.get("format") in _FORMATS:
            taken = set(self._texts.values()) - {self._texts.get(path)}
            values = _FORMATS[schema["format"]]
            self._texts[path] = next((each for each in values if each not in taken), values[0])
            return self._texts[path]
        pattern = schema.get("pattern")
        if isinstance(pattern, str):
            found = example_of(pattern, len(self._patterned))
            if found is not None:
                return self._patterned.setdefault(path, found)
        text = self.text(path)
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if len(text) < least:
            text = text.ljust(min(least, _MAX_PADDING), ".")
        return text if most is None or len(text) <= most else text[:most].rstrip()


def _general(steps: Path) -> Path:
    return tuple(ITEM if isinstance(step, int) else step for step in steps)


def _type_name(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    return names.get(type(value), "object" if isinstance(value, dict) else "null")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(schema: Mapping[str, Any], name: str) -> Any:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    step = schema.get("multipleOf", 1)
    value = 3 if low is None and high is None else low if low is not None else min(3, high)
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        value = value + step
    if value == 0 and (high is None or high >= step):
        value = step
    return value if name == "number" else int(value)


# Texts by name.


@cache
def _groups() -> Mapping[str, tuple[str, ...]]:
    text = files(__package__).joinpath("example_values.toml").read_text("utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for group in tomllib.loads(text)["group"]:
        for word in group["words"]:
            found.setdefault(word, tuple(group["values"]))
    return found


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.findall(r"[^\W\d_]+", spaced)]


def _texts_for(words: list[str]) -> Iterator[str]:
    """Texts for a name; endless."""
    groups = _groups()
    for word in words:
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in groups:
                yield from groups[form]
    own = words[0] if words else "value"
    yield f"some {own}"
    number = 2
    while True:
        yield f"some {own} {number}"
        number += 1


def example_of(pattern: str, number: int = 0) -> str | None:
    """A short text that a regular expression matches, another for each number; None without one."""
    from re import _parser  # type: ignore[attr-defined]  # the standard library's own parser

    try:
        found = "".join(islice(_matching(_parser.parse(pattern), number), _MAX_PADDING))
        return found if re.search(pattern, found) else None
    except (re.error, OverflowError, RecursionError):
        return None


def _matching(parsed: Any, number: int) -> Iterator[str]:
    for kind, argument in parsed:
        name = str(kind)
        if name == "LITERAL":
            yield chr(argument)
        elif name == "NOT_LITERAL":
            yield "a" if argument != ord("a") else "b"
        elif name == "ANY":
            yield _LETTERS[number % len(_LETTERS)]
        elif name == "IN":
            yield _member(argument, number)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = argument
            for _ in range(min(max(least, 1 if most else 0), _MOST_REPEATS)):
                yield from _matching(inner, number)
        elif name == "SUBPATTERN":
            yield from _matching(argument[-1], number)
        elif name == "BRANCH":
            yield from _matching(argument[1][number % len(argument[1])], number)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "1234567890"
_CLASSES = {"CATEGORY_DIGIT": _DIGITS, "CATEGORY_WORD": _LETTERS, "CATEGORY_SPACE": " "}
_MOST_REPEATS = 50


def _member(members: Any, number: int) -> str:
    if str(members[0][0]) == "NEGATE":
        refused = {_member([each], 0) for each in members[1:]}
        return next(char for char in f"A1 -_.{_LETTERS}" if char not in refused)
    kind, argument = str(members[0][0]), members[0][1]
    if kind == "LITERAL":
        return chr(argument)
    if kind == "RANGE":
        return chr(argument[0] + number % (argument[1] - argument[0] + 1))
    known = _CLASSES.get(str(argument), _LETTERS)
    return known[number % len(known)]
