"""Checks of JSON data; each raises ValueError for what an API answers with a 400."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], None]

_UNDERSCORE = re.compile("_([a-z])")


def expect(holds: bool, message: str, at: str) -> None:
    if not holds:
        raise ValueError(f"{at}: {message}")


def of_type(*types: type) -> Check:
    def check(value: Any, at: str) -> None:
        wanted = " or ".join(each.__name__ for each in types)
        expect(type(value) in types, f"Input should be {wanted}", at)

    return check


def one_of(*values: Any) -> Check:
    return lambda value, at: expect(value in values, f"Input should be one of {values}", at)


def list_of(item: Check, *, least: int = 0) -> Check:
    def check(value: Any, at: str) -> None:
        LIST(value, at)
        expect(len(value) >= least, f"at least {least} items", at)
        for index, each in enumerate(value):
            item(each, f"{at}.{index}")

    return check


def fields_of(fields: Mapping[str, Check], *required: str) -> Check:
    def check(value: Any, at: str) -> None:
        OBJECT(value, at)
        for name in value.keys() - fields.keys():
            raise ValueError(f"{at}.{name}: Extra inputs are not permitted")
        for name in required:
            expect(name in value, "Field required", f"{at}.{name}")
        for name, each in value.items():
            fields[name](each, f"{at}.{name}")

    return check


def camel(name: str) -> str:
    return _UNDERSCORE.sub(lambda match: match[1].upper(), name)


def proto_of(fields: Mapping[str, Check], *required: str) -> Check:
    """An object of Google's, whose fields may also have names with underscores."""
    check = fields_of(fields, *required)

    def named(value: Any, at: str) -> None:
        OBJECT(value, at)
        check({camel(key): each for key, each in value.items()}, at)

    return named


def tagged(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` decides its fields."""

    def check(value: Any, at: str) -> None:
        OBJECT(value, at)
        expect(value.get("type") in kinds, f"Input tag {value.get('type')!r} is unknown", at)
        kinds[value["type"]](value, at)

    return check


def either(scalar: type, other: Check) -> Check:
    return lambda value, at: None if type(value) is scalar else other(value, at)


def text(value: Any, at: str) -> None:
    expect(type(value) is str and value != "", "text content blocks must be non-empty", at)


def base64_text(value: Any, at: str) -> None:
    STRING(value, at)
    base64.b64decode(value, validate=True)


def any_base64(value: Any, at: str) -> None:
    """Google accepts both alphabets."""
    STRING(value, at)
    base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)


def https(value: Any, at: str) -> None:
    expect(str(value).startswith("https://"), "Only HTTPS URLs are supported", at)


STRING, OBJECT, LIST = of_type(str), of_type(dict), of_type(list)
INTEGER, NUMBER, BOOLEAN = of_type(int), of_type(int, float), of_type(bool)
ANY: Check = lambda _value, _at: None  # noqa: E731  # a check like the others
