"""Settings that programs in every language can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.json_pointer import escaped
from promptops.model.finding import Problem
from promptops.model.prompt import Locate
from promptops.runtime.template.data import MAX_EXACT_INTEGER

_SETTINGS = ("params", "provider_options")


def inexact_settings(model: Any, place: Locate, at: str) -> Iterator[Problem]:
    """SCH002 for each integer beyond 2^53 in the settings of a model or a profile, at its value."""
    if not isinstance(model, Mapping):
        return
    for name in _SETTINGS:
        for pointer, value in _integers(model.get(name), f"{at}/{name}"):
            if abs(value) > MAX_EXACT_INTEGER:
                message = f"{value} is an integer beyond {MAX_EXACT_INTEGER}"
                hint = "other languages can't read it exactly: use a smaller one, or quote it"
                yield Problem(message, at=place(pointer, False), hint=hint, code="SCH002")


def _integers(value: Any, at: str) -> Iterator[tuple[str, int]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _integers(each, f"{at}/{escaped(key)}")
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _integers(each, f"{at}/{index}")
    elif isinstance(value, int) and not isinstance(value, bool):
        yield at, value
