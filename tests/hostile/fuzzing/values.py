"""JSON values, schemas and assertions that mean harm."""

from __future__ import annotations

from random import Random
from typing import Any

from promptops.evals.registry import built_in

from .templates import expression

NUMBERS = (0, 1, -1, 3, 1.5, 100, 1e308, 4 * 10**9, 10**19, 2**53 + 1, 1e-7)
WITHOUT_END = (float("inf"), float("nan"), 10**310)
STRINGS = (
    *(
        "",
        " ",
        "x",
        "hello",
        "\u202e",
        "\x00",
        "\x1b[31m",
        "::error::x",
        "\n",
        "-rf",
        "é",
        "😀",
        "e\u0301",
    ),
    *(
        "string",
        "object",
        "#",
        "#/a",
        "2024-02-30",
        "yes",
        "NO",
        "0x1F",
        "12:30",
        "x" * 5000,
        "\ufeff",
    ),
    *(
        "<<<<<<< HEAD",
        "{{ ticket }}",
        "sk-proj-aaaaaaaaaaaaaaaaaaaa",
        "[a-z]+",
        "(a+)+$",
        "\\",
        "${a}",
    ),
)
TYPES = (
    "string",
    "number",
    "integer",
    "boolean",
    "array",
    "object",
    "null",
    "nope",
    ["string", "null"],
)
REFERENCES = (
    *("#", "#/$defs/a", "#/$defs/b", "#a", "x.json", "x.json#/$defs/a", "y.json", "../x.json", ""),
    *(
        "http://a.example/x.json",
        "/etc/passwd",
        "#/properties/a",
        "x.json#",
        "#/%24defs/a",
        "a" * 300,
    ),
)
FORMATS = ("date", "date-time", "email", "uri", "uuid", "regex", "ipv4", "nope", "json-pointer")
KEYS = (
    "a",
    "b",
    "ticket",
    "x-aliases",
    "$id",
    "$schema",
    "$anchor",
    "$comment",
    "title",
    "",
    "a/b~c",
)


def value(random: Random, depth: int = 3) -> Any:
    """A JSON value, now and then of what JSON has no words for."""
    chosen = random.random()
    if chosen < 0.003:
        return random.choice(WITHOUT_END)
    if depth <= 0 or chosen < 0.6:
        return random.choice((None, True, False, *NUMBERS, *STRINGS))
    if chosen < 0.8:
        return [value(random, depth - 1) for _ in range(random.randint(0, 4))]
    return {
        random.choice((*KEYS, *STRINGS)): value(random, depth - 1)
        for _ in range(random.randint(0, 4))
    }


def schema(random: Random, depth: int = 3) -> Any:
    """A schema, with references in circles, bounds without end and keywords that don't fit."""
    if random.random() < 0.05:
        return value(random, 2)
    found: dict[str, Any] = {}
    for _ in range(random.randint(1, 4)):
        name, make = random.choice(_KEYWORDS)
        found[name] = make(random, depth)
    return found


def _below(random: Random, depth: int) -> Any:
    return schema(random, depth - 1) if depth > 0 else {"type": random.choice(TYPES)}


def _mapping(random: Random, depth: int) -> Any:
    names = random.sample(KEYS, random.randint(0, 3))
    return {name: _below(random, depth) for name in names}


def _list(random: Random, depth: int) -> Any:
    return [_below(random, depth) for _ in range(random.randint(0, 3))]


def _number(random: Random, _depth: int) -> Any:
    return random.choice(NUMBERS if random.random() < 0.99 else WITHOUT_END)


_KEYWORDS: tuple[tuple[str, Any], ...] = (
    ("type", lambda random, _: random.choice(TYPES)),
    *(
        (name, _mapping)
        for name in ("properties", "$defs", "patternProperties", "dependentSchemas")
    ),
    *(
        (name, _below)
        for name in (
            "items",
            "additionalProperties",
            "not",
            "if",
            "then",
            "contains",
            "propertyNames",
        )
    ),
    *((name, _list) for name in ("anyOf", "oneOf", "allOf", "prefixItems")),
    *(
        (name, _number)
        for name in (
            "minimum",
            "maximum",
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "multipleOf",
            "minProperties",
            "maxProperties",
            "minContains",
            "maxContains",
        )
    ),
    ("$ref", lambda random, _: random.choice(REFERENCES)),
    ("$dynamicRef", lambda random, _: random.choice(REFERENCES)),
    ("format", lambda random, _: random.choice(FORMATS)),
    ("pattern", lambda random, _: random.choice(STRINGS)),
    ("const", lambda random, _: value(random, 2)),
    ("default", lambda random, _: value(random, 2)),
    ("enum", lambda random, _: [value(random, 1) for _ in range(random.randint(0, 4))]),
    ("required", lambda random, _: random.sample(KEYS, 2)),
    ("x-untrusted", lambda random, _: random.choice((True, "yes"))),
    ("x-sunset", lambda random, _: random.choice(("2024-02-30", "2030-01-01", 20240101))),
    ("description", lambda random, _: random.choice(STRINGS)),
    ("", lambda random, _: value(random, 1)),
)


def assertion(random: Random, depth: int = 2) -> Any:
    """An assertion of any type, with arguments of which some fit."""
    if random.random() < 0.03:
        return value(random, 2)
    if random.random() < 0.5:
        return _fitting(random, depth)
    names = (*built_in(), *(f"not-{name}" for name in built_in()), "nope")
    found: dict[str, Any] = {"type": random.choice(names)}
    for key in random.sample(_ARGUMENTS, random.randint(0, 3)):
        found[key] = _argument(random, key, depth)
    return found


def _fitting(random: Random, depth: int) -> Any:
    """An assertion whose arguments are of the right type, and hold anything."""
    text, number = random.choice(STRINGS), random.choice(NUMBERS)
    below = [_fitting(random, depth - 1) for _ in range(2)] if depth > 0 else []
    name, argument = random.choice((
        *((name, text) for name in ("contains", "icontains", "equals", "starts-with", "regex", "refuses")),
        *((name, [text, "x"]) for name in ("contains-all", "contains-any", "one-of", "no-leak")),
        *((name, number) for name in ("message-count", "max-chars", "max-tokens", "word-count", "similar")),
        *((name, below) for name in ("all", "any")),
        ("expr", expression(random, 3)), ("json-schema", schema(random)), ("is-json", None),
        ("contains-json", schema(random)), ("no-personal-data", None), ("no-secrets", None),
    ))  # fmt: skip
    found = {"type": f"{random.choice(('', '', 'not-'))}{name}", "value": argument}
    if argument is None:
        del found["value"]
    if random.random() < 0.2:
        found[random.choice(("transform", "path"))] = random.choice(
            (expression(random, 2), "/messages/0/content")
        )
    return found


_ARGUMENTS = (
    "value",
    "value",
    "path",
    "role",
    "transform",
    "weight",
    "score",
    "must",
    "threshold",
    "schema",
    "nope",
)


def _argument(random: Random, key: str, depth: int) -> Any:
    if key == "transform" or random.random() < 0.2:
        return expression(random, 2)
    if key == "schema" or random.random() < 0.15:
        return schema(random, 2)
    if key == "path":
        return random.choice(("/messages/0/content", "", "/", "a", "/" * 300, "/~2"))
    if depth > 0 and random.random() < 0.2:
        return [assertion(random, depth - 1) for _ in range(2)]
    return value(random, 2)
