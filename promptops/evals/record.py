"""What assertions judge, whatever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

On = Literal["request", "answer"]

NAMES: Mapping[On, tuple[str, ...]] = {
    "request": (
        *("value", "inputs", "expected"),
        *("messages", "tools", "response_format", "params", "model"),
    ),
    "answer": ("value", "inputs", "expected", "output"),
}
"""The names that an expression may use; `value` is what is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A rendered request, or an answer to one.

    Attributes:
        text: What is looked at where an assertion does not narrow it.
        root: JSON data: what `path` leads into.
        messages: Of a request; an answer has none.
        names: For expressions: those of `NAMES` without `value`.
    """

    on: On
    text: str
    root: Any
    messages: tuple[Mapping[str, Any], ...] = ()
    names: Mapping[str, Any] = field(default_factory=dict)
