"""Records for code that expects dataclasses, and dataclasses for code that expects records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from promptops.records.method_source import MISSING, Field


def fields_of_dataclass(value: Any) -> Iterator[Field]:
    """The fields of a dataclass, or of an instance of one; TypeError for anything else."""
    for attribute in dataclasses.fields(value):
        found = Field(
            default=_own_missing(attribute.default),
            default_factory=_own_missing(attribute.default_factory),
            init=attribute.init,
            compare=attribute.compare,
            metadata=attribute.metadata,
        )
        found.name, found.type = attribute.name, attribute.type
        yield found


def _own_missing(default: Any) -> Any:
    return MISSING if default is dataclasses.MISSING else default


def dataclass_fields(cls: Any) -> Any:
    """`__dataclass_fields__` of a record: those of a dataclass with the same fields."""
    attributes = [
        (attribute.name, attribute.type, _dataclass_field(attribute))
        for attribute in cls.__record_fields__
    ]
    twin: Any = dataclasses.make_dataclass(cls.__name__, attributes)
    return twin.__dataclass_fields__


def _dataclass_field(attribute: Field) -> Any:
    given = {"default": attribute.default, "default_factory": attribute.default_factory}
    known: Any = {name: value for name, value in given.items() if value is not MISSING}
    return dataclasses.field(
        init=attribute.init,
        repr=attribute.repr,
        compare=attribute.compare,
        kw_only=True,
        metadata=attribute.metadata,
        **known,
    )
