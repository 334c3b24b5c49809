"""The formats of samples: one file each in `readers/`, found by being there."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from promptops.errors import UsageError
from promptops.module_discovery import module_names
from promptops.source.traffic import readers
from promptops.source.traffic.reading import Reader
from promptops.suggestions import did_you_mean


def reader_names() -> list[str]:
    """The names of all formats, sorted."""
    return module_names(readers)


def reader(name: str) -> Reader:
    """The reader of a format; UsageError for an unknown name."""
    if name not in reader_names():
        known = ", ".join(reader_names())
        hint = did_you_mean(name, reader_names()) or f"formats: {known}"
        raise UsageError(f"`{name}` is not a format of samples", hint=hint)
    module = import_module(f"{readers.__name__}.{name}")
    return cast(Reader, module.READER)
