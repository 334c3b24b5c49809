"""Parses single rows of plain YAML; many rows repeat in a catalog."""

from __future__ import annotations

from functools import lru_cache
from json import JSONDecoder, dumps
from json.encoder import encode_basestring
from typing import Any

from promptops.patterns import lazy_pattern
from promptops.source.quick_value import NotPlainError
from promptops.source.values import MAY_BE_NO_TEXT, is_json_number, plain_value

NOTHING, SCALAR, JSON, BLOCK = range(4)
"""Kinds of values of a row."""

Row = tuple[int, str | None, int, Any, int, int]
"""A row without its indentation.

The offset of the content of a list's item, 0 if the row is not an item; the key, None if an item is
not a mapping; the kind of the value; the value, which is a scalar, the JSON of a list or mapping,
or the end of a block; the offset and the length of the value as written.
"""

_MAX_CACHED = 80
"""Longest row in characters that is kept for the next time."""
_MAX_BRACKETS = 1000
"""Longest value in brackets, in characters."""
_MAX_DEPTH = 20
"""Of brackets in a row."""

_FIRST = r"""(?:[^\s\-?:,\[\]{}#&*!|>'"%@`]|-(?=[0-9]))"""
_KEY = lazy_pattern(r"[A-Za-z_$][A-Za-z0-9_./$-]{0,99}")
_PLAIN = lazy_pattern(rf"({_FIRST}(?:[^:#]|:(?=\S)|(?<=\S)#)*+)(?:(?<= )#.*)?")
_STRING = r"""(?:"(?:[^"\\]|\\[nrt"\\])*+"|'(?:[^']|'')*+')"""
_QUOTED = lazy_pattern(rf"({_STRING}) *(?:(?<= )#.*)?")
_RUN = r"""[^\[\]{},:"']"""
_PARTS = lazy_pattern(
    rf"""{_RUN}+(?:(?:(?<=[^ ])'|:(?=[A-Za-z0-9/])){_RUN}*)*|[\[\]{{}},]|: |{_STRING}|."""
)
_WORD = lazy_pattern(rf"(?!<<){_FIRST}(?:[^#]|(?<=\S)#)*")


def row_of(body: str) -> Row:
    """As `fresh_row`, but strings of equal rows may be the same object."""
    return fresh_row(body) if len(body) > _MAX_CACHED else _cached_row(body)


def fresh_row(body: str) -> Row:
    """Parse a row without its indentation; raises NotPlainError for one that is not plain."""
    item, rest = 0, body
    if body[:2] == "- ":
        rest = body[2:].lstrip(" ")
        item = len(body) - len(rest)
        if rest[:1] in "{['\"" or (": " not in rest and rest[-1:] != ":"):
            return _with_value(body, item, None, item)
    key, separator, value = rest.partition(": ")
    if not separator and rest[-1] == ":":
        key = rest[:-1]
    elif not separator:
        raise NotPlainError
    if _KEY.fullmatch(key) is None:
        raise NotPlainError
    value = value.lstrip(" ")
    if not value or value[0] == "#":
        return (item, key, NOTHING, None, 0, 0)
    return _with_value(body, item, key, len(body) - len(value))


_cached_row = lru_cache(maxsize=4096)(fresh_row)


def _with_value(body: str, item: int, key: str | None, start: int) -> Row:
    text = body[start:].rstrip(" ")
    first = text[:1]
    if first in "{[":
        return (item, key, JSON, _json(text), start, len(text))
    if first == "|":
        if text not in ("|", "|-"):
            raise NotPlainError
        return (item, key, BLOCK, "\n" if text == "|" else "", start, len(text))
    match = (_QUOTED if first in "\"'" else _PLAIN).fullmatch(text)
    if match is None:
        raise NotPlainError
    written = match[1].rstrip(" ")
    value = _unquoted(written) if first in "\"'" else _meant(written)
    return (item, key, SCALAR, value, start, len(written))


def _meant(word: str) -> Any:
    """The value of a word without quotes."""
    value = plain_value(word) if word[0] in MAY_BE_NO_TEXT else word
    if isinstance(value, int | float) and not is_json_number(value):
        raise NotPlainError
    return value


def _unquoted(text: str) -> Any:
    if text[0] == "'":
        return text[1:-1].replace("''", "'")
    return decoded(text) if "\\" in text else text[1:-1]


def _json(text: str) -> str:
    """The JSON of what means the same as a list or mapping in one row; may be wrong as JSON."""
    if len(text) > _MAX_BRACKETS or text.count("[") + text.count("{") > _MAX_DEPTH:
        raise NotPlainError
    return "".join(map(_part, _PARTS.findall(text)))


@lru_cache(maxsize=4096)
def _part(text: str) -> str:
    """A bracket, comma, colon or value as JSON."""
    if text == ": ":
        return text
    text = text.strip(" ")
    if text in ("", "[", "]", "{", "}", ",") or (text[0] == '"' and len(text) > 1):
        return text
    if text[0] == "'" and len(text) > 1:
        return encode_basestring(_unquoted(text))
    if _WORD.fullmatch(text) is None:
        raise NotPlainError
    value = _meant(text)
    return encode_basestring(value) if type(value) is str else dumps(value)


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotPlainError
    return found


_decoder: Any = JSONDecoder(object_pairs_hook=_mapping)


def decoded(text: str) -> Any:
    """The value of the JSON in a row; raises NotPlainError where it is wrong."""
    try:
        value, end = _decoder.scan_once(text, 0)
    except (StopIteration, ValueError):
        raise NotPlainError from None
    if end < len(text):
        raise NotPlainError
    return value
