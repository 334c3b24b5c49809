"""JSON pointers (RFC 6901): write them, split them, follow them; references within a schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

NO_VALUE: Final = object()
"""A default for `child` and `value_at` that no JSON value equals."""

_LONGEST_INDEX = 9
"""Digits of an index: no list is longer, and Python refuses to convert thousands of them."""


def escaped(step: object) -> str:
    """A key or an index as a token of a pointer."""
    return str(step).replace("~", "~0").replace("/", "~1")


def unescaped(token: str) -> str:
    """The key that a token of a pointer means."""
    return token.replace("~1", "/").replace("~0", "~")


def pointer_to(path: Iterable[object]) -> str:
    """The pointer of a path of keys and indexes; "" for an empty path."""
    return "".join(f"/{escaped(step)}" for step in path)


def tokens(pointer: str) -> list[str]:
    """The keys and indexes of a pointer, unescaped; none for ""."""
    return [unescaped(token) for token in pointer.split("/")[1:]]


def child(value: Any, step: str, default: Any = None) -> Any:
    """The value of a key of a mapping or at an index of a list, or the default."""
    if isinstance(value, Mapping):
        return value.get(step, default)
    if isinstance(value, (list, tuple)) and _is_index(step) and int(step) < len(value):
        return value[int(step)]
    return default


def value_at(value: Any, pointer: str, default: Any = None) -> Any:
    """The value that a pointer leads to; the default if it leads nowhere."""
    for step in tokens(pointer):
        value = child(value, step, NO_VALUE)
        if value is NO_VALUE:
            return default
    return value


def parts_of(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """A value and all values in it, each with its pointer."""
    yield pointer, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from parts_of(inner, f"{pointer}/{escaped(key)}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from parts_of(inner, f"{pointer}/{index}")


def with_part(value: Any, path: Sequence[str | int], part: Any) -> Any:
    """A copy of a value with another part at a path; everything else is shared.

    Keys on the path may be new; an index must exist.
    """
    if not path:
        return part
    step, *rest = path
    if isinstance(step, int):
        return [*value[:step], with_part(value[step], rest, part), *value[step + 1 :]]
    return {**value, step: with_part(value[step], rest, part) if rest else part}


def _is_index(step: str) -> bool:
    """Whether a step is a number without leading zeros."""
    is_number = step.isascii() and step.isdigit() and len(step) <= _LONGEST_INDEX
    return is_number and (step == "0" or step[0] != "0")


# Follows the references of a schema to other parts of the same document.

MAX_REFERENCES = 20
"""The longest chain of references that is followed."""


def local_pointer(reference: Any) -> str | None:
    """The JSON pointer of a reference, such as `#/$defs/money`, into its own document, or None."""
    if not isinstance(reference, str) or (reference != "#" and not reference.startswith("#/")):
        return None
    if "%" in reference:
        from urllib.parse import unquote

        reference = unquote(reference)
    return str(reference[1:])


def target(reference: Any, root: Any) -> Mapping[str, Any] | None:
    """The schema that a reference leads to, or None, or it is not a mapping."""
    pointer = local_pointer(reference)
    found = value_at(root, pointer) if pointer is not None else None
    return found if isinstance(found, Mapping) else None


def referred(schema: Any, root: Any) -> Any:
    """A schema with its `$ref` replaced by the target, in which no reference is followed.

    Keywords beside the reference take precedence. None if the reference leads nowhere; a schema
    without a reference into its own document stays as it is.
    """
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    if local_pointer(reference) is None:
        return schema
    found = target(reference, root)
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**found, **beside} if found is not None else None


def followed(schema: Any, root: Any) -> Mapping[str, Any]:
    """The same, with the references of the targets followed, at most MAX_REFERENCES times.

    Empty for what is not a mapping, such as `true`, and if a reference leads nowhere.
    """
    for _ in range(MAX_REFERENCES):
        if not isinstance(schema, Mapping) or local_pointer(schema.get("$ref")) is None:
            break
        schema = referred(schema, root)
    return schema if isinstance(schema, Mapping) else {}
