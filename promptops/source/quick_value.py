"""A valid prompt file, parsed to its value; its nodes are created when needed."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

from promptops.json_pointer import value_at
from promptops.model.place import Text
from promptops.source.compose import MAX_DEPTH, MISREAD, begins_with_directive, compose
from promptops.source.document import Document, decode, read
from promptops.source.json_lines import JsonNode, TextOffset
from promptops.source.lines import Lines
from promptops.source.nodes import Node
from promptops.source.scalars import locator
from promptops.source.values import MAY_BE_NO_TEXT, is_json_number, plain_value


class NotPlainError(Exception):
    """The text must be parsed with places: it may be invalid, or uses rare syntax."""


WITH_TEMPLATES = "messages"
"""The key of a prompt file below which the places of strings are usually requested."""

Scalars = dict[int, tuple[str | None, int, int]]
"""From the identity of a string in a value to the style and offsets of its node."""


def quick_value(text: str, scalars: Scalars) -> dict[str, Any]:
    """The value that `Builder` makes of a composed mapping, if it finds no problem.

    Raises NotPlainError for everything else: wrong syntax, tabs, tags, anchors, equal keys, keys
    that are not text, numbers that JSON does not allow, deep nesting, other roots than a mapping.

    Args:
        scalars: Filled with the strings below the key `messages`.
    """
    parser = _parser()
    if parser is None or "\t" in text or begins_with_directive(text):
        raise NotPlainError
    if not text.isascii() and any(char in text for char in MISREAD):
        raise NotPlainError
    import yaml

    try:
        return _ValueReader(parser(text).get_event, scalars).document()
    except (yaml.YAMLError, ValueError, OverflowError):
        raise NotPlainError from None


class _ValueReader:
    """Reads the events of one file; each of its checks costs as much as the value it checks."""

    def __init__(self, next_event: Any, scalars: Scalars) -> None:
        self._next = next_event
        self._scalars = scalars
        self._kinds = _kinds()
        self._notes_scalars = False

    def document(self) -> dict[str, Any]:
        import yaml

        self._next()  # the stream starts
        if type(self._next()) is not yaml.DocumentStartEvent:
            raise NotPlainError
        first = self._next()
        if type(first) is not yaml.MappingStartEvent:
            raise NotPlainError
        value = self._mapping(first, 1)
        if type(self._next()) is not yaml.DocumentEndEvent:
            raise NotPlainError
        if type(self._next()) is not yaml.StreamEndEvent:  # a second document
            raise NotPlainError
        return value

    def _mapping(self, start: Any, depth: int) -> dict[str, Any]:
        if start.tag is not None or start.anchor is not None or depth > MAX_DEPTH:
            raise NotPlainError
        scalar, _, _, end, _ = self._kinds
        found: dict[str, Any] = {}
        following, read, inner = self._next, self._scalar, self._inner
        while type(key := following()) is not end:
            if type(key) is not scalar or key.tag is not None or key.anchor is not None:
                raise NotPlainError
            name = key.value
            if name in found or name == "<<":
                raise NotPlainError
            if depth == 1:
                self._notes_scalars = name == WITH_TEMPLATES
            event = following()
            found[name] = read(event) if type(event) is scalar else inner(event, depth + 1)
        return found

    def _sequence(self, start: Any, depth: int) -> list[Any]:
        if start.tag is not None or start.anchor is not None or depth > MAX_DEPTH:
            raise NotPlainError
        scalar, _, _, _, end = self._kinds
        found = []
        while type(event := self._next()) is not end:
            found.append(
                self._scalar(event) if type(event) is scalar else self._inner(event, depth + 1)
            )
        return found

    def _inner(self, event: Any, depth: int) -> Any:
        _, mapping, sequence, _, _ = self._kinds
        if type(event) is mapping:
            return self._mapping(event, depth)
        if type(event) is sequence:
            return self._sequence(event, depth)
        raise NotPlainError  # an alias

    def _scalar(self, event: Any) -> Any:
        if event.tag is not None or event.anchor is not None:
            raise NotPlainError
        value = event.value
        if event.implicit[0] and value[:1] in MAY_BE_NO_TEXT:
            value = plain_value(value)
        if type(value) is str:
            if self._notes_scalars and len(value) > 1:  # Python interns shorter strings
                start, end = event.start_mark.index, event.end_mark.index
                self._scalars[id(value)] = (event.style, start, end)
        elif isinstance(value, int | float) and not is_json_number(value):
            raise NotPlainError
        return value


@lru_cache(maxsize=1)
def _kinds() -> tuple[Any, Any, Any, Any, Any]:
    """The events of a scalar, of the starts of a mapping and a list, and of their ends."""
    import yaml

    return (
        yaml.ScalarEvent,
        yaml.MappingStartEvent,
        yaml.SequenceStartEvent,
        yaml.MappingEndEvent,
        yaml.SequenceEndEvent,
    )


@lru_cache(maxsize=1)
def _parser() -> Any:
    """The parser of libyaml; None if PyYAML was built without it."""
    import yaml

    if not yaml.__with_libyaml__:
        return None
    from yaml._yaml import CParser

    return CParser


def read_by_value(path: str, data: bytes) -> Document:
    """Like `read`, in half the time if few places outside of strings are requested."""
    text, problems = decode(path, data)
    if problems:
        return read(path, data)
    scalars: Scalars = {}
    try:
        value = quick_value(text, scalars)
    except NotPlainError:
        return read(path, data)
    return _QuickDocument(Lines(path, text), value, scalars)


class _QuickDocument(Document):
    def __init__(self, lines: Lines, value: Any, scalars: Scalars) -> None:
        self.path = lines.path
        self.text = lines.text
        self.value = value
        self.problems = ()
        self._lines = lines
        self._scalars = scalars

    @cached_property
    def _root(self) -> Node | None:  # type: ignore[override]
        return compose(self._lines)

    def template(self, pointer: str, *, key: bool = False) -> Text:
        value = None if key else value_at(self.value, pointer)
        found = self._scalars.get(id(value)) if isinstance(value, str) else None
        if found is None or not isinstance(value, str):
            return super().template(pointer, key=key)
        style, start, end = found
        node = JsonNode("scalar", value, TextOffset(start), TextOffset(end), style or "")
        return Text(self.path, value, locator(node, self._lines))
