"""What of a record its JSON contains: the declarations that the writer and the schemas follow.

Without any, a record is an object with its fields, under their names. The rules for values are in
`promptops.report.data_text`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from promptops.records import MISSING, field

Record = TypeVar("Record")

OUTPUTS: dict[str, tuple[type, int]] = {}
"""From the name of an output to its record and the version of its schema, as far as imported."""

HIDDEN = "hidden"
EMPTY_TEXT = "empty text"


def output(name: str, *, version: int = 1) -> Callable[[type[Record]], type[Record]]:
    """A record that is the result of a command: its JSON begins with `"schema": VERSION`.

    `schemas/NAME.schema.json` describes it.
    """

    def registered(record: type[Record]) -> type[Record]:
        OUTPUTS[name] = record, version
        _declare(record, "__output__", version)
        return record

    return registered


class shown(property):  # noqa: N801  # used as `property` is
    """A property that the JSON contains, after the fields; its docstring describes it."""


def hidden(*, default: Any = MISSING, default_factory: Any = MISSING) -> Any:
    """A field that the JSON does not contain."""
    return field(default=default, default_factory=default_factory, metadata={HIDDEN: True})


def empty_text() -> Any:
    """A field whose "" is an empty text; in all other fields "" means that the text is absent."""
    return field(default="", metadata={EMPTY_TEXT: True})


def as_text(cls: type[Record]) -> type[Record]:
    """A class whose values are written as `str` gives them."""
    return _declare(cls, "__as_text__", True)


def private(cls: type[Record]) -> type[Record]:
    """A class that no output may contain."""
    return _declare(cls, "__private__", True)


def _declare(cls: type[Record], name: str, value: object) -> type[Record]:
    setattr(cls, name, value)
    return cls


def shown_fields(record: Any) -> tuple[Any, ...]:
    """The fields of a record class that its JSON contains, in their order."""
    return tuple(
        each
        for each in record.__record_fields__
        if not (each.name.startswith("_") or HIDDEN in each.metadata)
    )


def shown_properties(record: type) -> tuple[tuple[str, shown], ...]:
    """The properties that its JSON contains, in the order in which they are written."""
    return tuple((name, value) for name, value in vars(record).items() if isinstance(value, shown))


def may_be_absent(each: Any) -> bool:
    """Whether "" in this field means that there is no text."""
    is_text = each.type in ("str", str) and each.default == ""
    return is_text and EMPTY_TEXT not in each.metadata
