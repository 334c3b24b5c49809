"""Write promptops/source/generated/ from schemas/: fast checks before jsonschema-rs.

Run it after one of these schemas changed: python scripts/make_checks.py

A keyword that this script does not know stops it. Where a schema decides by `if` or `oneOf`, the
generated check must be exact in both directions, so fewer keywords are known there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "promptops" / "source" / "generated"
MADE = {"prompt.schema.json": "prompt_check.py", "config.schema.json": "config_check.py"}

HEAD = '''\
"""Whether a value certainly fits {schema}.

Made by scripts/make_checks.py; change the schema, not this file.
"""
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.source.quick_checks import (
    Check,
    always,
    distinct,
    is_plain,
    members,
    members_or_own,
    never,
    same,
)
'''
TYPES = {
    "string": ("str",),
    "integer": ("int",),  # 1.0 is also an integer: left to jsonschema-rs
    "number": ("int", "float"),
    "boolean": ("bool",),
    "null": ("type(None)",),
    "array": ("list",),
    "object": ("dict",),
}
ANNOTATIONS = frozenset(("$schema", "$defs", "title", "description", "default", "examples"))
EXACT = ANNOTATIONS | {"required", "properties", "enum", "const"}
OWN = {"^x-": True}
OF_STRINGS = {"minLength": "len({v}) >= {n}", "maxLength": "len({v}) <= {n}"}
OF_NUMBERS = {
    "minimum": "{v} >= {n}",
    "maximum": "{v} <= {n}",
    "exclusiveMinimum": "{v} > {n}",
    "exclusiveMaximum": "{v} < {n}",
}
OF_LISTS = {"minItems": "len({v}) >= {n}", "maxItems": "len({v}) <= {n}"}
OF_MEMBERS = ("properties", "patternProperties", "additionalProperties")
OF_OBJECTS = {"minProperties": "len({v}) >= {n}", "maxProperties": "len({v}) <= {n}"}


class Unknown(Exception):
    """A schema keyword that this script does not support."""


class Module:
    """Generates the checks of one schema file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.schema = json.loads((ROOT / "schemas" / name).read_text("utf-8"))
        self.constants: list[str] = []

    def text(self) -> str:
        """The source of the module."""
        parts = {f"_{name}": each for name, each in self.schema.get("$defs", {}).items()}
        functions = [
            f"def {name}(v: Any) -> bool:\n    return {self.check(schema, 'v')}\n"
            for name, schema in {**parts, "_root": self.schema}.items()
        ]
        names = ", ".join(f'"{name[1:]}": {name}' for name in parts)
        ends = f'PARTS = {{"": _root, {names}}}\n'
        fits = (
            "def fits(value: Any, part: str = '') -> bool:\n"
            '    """Whether a value certainly fits the schema, or a part of its `$defs`."""\n'
            "    return is_plain(value) and PARTS[part](value)\n"
        )
        head = HEAD.format(schema=self.name)
        return "\n\n".join([head, *functions, "\n".join(self.constants), ends, fits])

    def check(self, schema: Any, v: str, *, exact: bool = False) -> str:
        """An expression that is true only if the value named `v` is valid."""
        if isinstance(schema, bool):
            return str(schema)
        parts = [part for part in self._parts(schema, v, exact=exact) if part != "True"]
        return " and ".join(parts) or "True"

    def _parts(self, schema: Mapping[str, Any], v: str, *, exact: bool) -> Iterator[str]:
        known = EXACT if exact else KNOWN
        for keyword in schema:
            if keyword not in known and not keyword.startswith("x-"):
                raise Unknown(f"{self.name}: {keyword!r} in {json.dumps(schema)[:200]}")
        kinds = _kinds(schema.get("type", [*TYPES]))
        if "type" in schema:
            yield f"type({v}) is {kinds[0]}" if len(kinds) == 1 else _is_one_of(v, kinds)
        for kind, found in (
            (("str",), self._of_strings(schema, v)),
            (("int", "float"), _counted(OF_NUMBERS, schema, v)),
            (("list",), self._of_lists(schema, v)),
            (("dict",), self._of_objects(schema, v, exact=exact)),
        ):
            text = " and ".join(part for part in found if part != "True")
            if text and set(kinds) & set(kind):
                yield text if set(kinds) <= set(kind) else f"(not {_is_one_of(v, kind)} or {text})"
        yield from self._of_all(schema, v, exact=exact)

    def _of_strings(self, schema: Mapping[str, Any], v: str) -> Iterator[str]:
        yield from _counted(OF_STRINGS, schema, v)
        if "pattern" in schema:
            yield f"{self._pattern(schema['pattern'])}.search({v}) is not None"

    def _of_lists(self, schema: Mapping[str, Any], v: str) -> Iterator[str]:
        yield from _counted(OF_LISTS, schema, v)
        if schema.get("uniqueItems"):
            yield f"distinct({v})"
        items = self.check(schema.get("items", True), f"{v}_")
        if items != "True":
            yield f"all({items} for {v}_ in {v})"

    def _of_objects(self, schema: Mapping[str, Any], v: str, *, exact: bool) -> Iterator[str]:
        yield from _counted(OF_OBJECTS, schema, v)
        yield from (f"{name!r} in {v}" for name in schema.get("required", ()))
        for name, needed in schema.get("dependentRequired", {}).items():
            yield f"({name!r} not in {v} or {' and '.join(f'{n!r} in {v}' for n in needed)})"
        if "propertyNames" in schema:
            yield f"all({self.check(schema['propertyNames'], f'{v}_')} for {v}_ in {v})"
        if not schema.keys().isdisjoint(
            ("properties", "patternProperties", "additionalProperties")
        ):
            yield self._members(schema, v, exact=exact)

    def _members(self, schema: Mapping[str, Any], v: str, *, exact: bool) -> str:
        patterns = schema.get("patternProperties", {})
        if patterns not in ({}, OWN):
            raise Unknown(f"{self.name}: patternProperties {patterns}")
        known = {
            name: self._function(each, exact=exact)
            for name, each in schema.get("properties", {}).items()
        }
        table = "".join(f"\n    {name!r}: {check}," for name, check in known.items())
        name = self._constant("MEMBERS", f"{{{table}\n}}" if table else "{}")
        other = self._function(schema.get("additionalProperties", True), exact=exact)
        return f"{'members_or_own' if patterns else 'members'}({v}, {name}, {other})"

    def _of_all(self, schema: Mapping[str, Any], v: str, *, exact: bool) -> Iterator[str]:
        if "enum" in schema or "const" in schema:
            yield self._options(schema.get("enum", [schema.get("const")]), v)
        if "$ref" in schema:
            yield f"_{schema['$ref'].removeprefix('#/$defs/')}({v})"
        yield from (f"({self.check(each, v)})" for each in schema.get("allOf", ()))
        if "anyOf" in schema:
            yield f"({' or '.join(f'({self.check(each, v)})' for each in schema['anyOf'])})"
        if "oneOf" in schema:
            each = ", ".join(f"bool({self.check(e, v, exact=True)})" for e in schema["oneOf"])
            yield f"sum(({each})) == 1"
        if "if" in schema:
            yield self._condition(schema, v)

    def _condition(self, schema: Mapping[str, Any], v: str) -> str:
        test = self.check(schema["if"], v, exact=True)
        then, other = (self.check(schema.get(name, True), v) for name in ("then", "else"))
        return f"(({then}) if {test} else ({other}))"

    def _options(self, options: list[Any], v: str) -> str:
        if all(isinstance(each, str) for each in options):
            return f"type({v}) is str and {v} in {self._constant('OPTIONS', _set(options))}"
        if any(
            isinstance(each, (int, float, list, dict)) and each not in (True, False)
            for each in options
        ):
            raise Unknown(f"{self.name}: the options {options}")
        return f"({' or '.join(f'same({v}, {each!r})' for each in options)})"

    def _pattern(self, pattern: str) -> str:
        """The pattern in Python's dialect, where `$` must not match before the last newline."""
        if re.search(r"\\(?![{}.])|(?<!\[)\.(?!\])|\(\?", pattern.replace("\\.", "")):
            raise Unknown(f"{self.name}: the pattern {pattern!r}")
        return self._constant("PATTERN", f"lazy_pattern({pattern.replace('$', chr(92) + 'Z')!r})")

    def _function(self, schema: Any, *, exact: bool) -> str:
        text = self.check(schema, "v", exact=exact)
        alone = re.fullmatch(r"(_[A-Za-z]+)\(v\)", text)
        return {"True": "always", "False": "never"}.get(text) or (
            alone[1] if alone else f"lambda v: {text}"
        )

    def _constant(self, kind: str, value: str) -> str:
        for known in self.constants:
            if known.partition(" = ")[2] == value:
                return known.partition(" = ")[0].partition(":")[0]
        name = f"_{kind}_{len(self.constants)}"
        hint = ": dict[str, Check]" if kind == "MEMBERS" else ""
        self.constants.append(f"{name}{hint} = {value}")
        return name


KNOWN = EXACT | {
    *OF_STRINGS, *OF_NUMBERS, *OF_LISTS, *OF_OBJECTS, "type", "pattern", "items", "uniqueItems",
    "patternProperties", "additionalProperties", "propertyNames", "dependentRequired", "$ref",
    "allOf", "anyOf", "oneOf", "if", "then", "else",
}  # fmt: skip


def _kinds(names: str | list[str]) -> list[str]:
    found = [
        kind for name in ([names] if isinstance(names, str) else names) for kind in TYPES[name]
    ]
    return list(dict.fromkeys(found))


def _is_one_of(v: str, kinds: tuple[str, ...] | list[str]) -> str:
    return f"type({v}) is {kinds[0]}" if len(kinds) == 1 else f"type({v}) in ({', '.join(kinds)})"


def _counted(keywords: Mapping[str, str], schema: Mapping[str, Any], v: str) -> Iterator[str]:
    for keyword, text in keywords.items():
        if keyword in schema:
            yield text.format(v=v, n=schema[keyword])


def _set(options: list[str]) -> str:
    return f"frozenset(({', '.join(map(repr, options))},))"


def modules() -> dict[str, str]:
    """The source of each generated module, by file name."""
    return {file: Module(name).text() for name, file in MADE.items()}


if __name__ == "__main__":
    for file, text in modules().items():
        (FOLDER / file).write_text(text, "utf-8")
