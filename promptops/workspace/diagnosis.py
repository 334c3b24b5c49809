"""The result of one check of the setup."""

from __future__ import annotations

from typing import Literal

from promptops.records import record

State = Literal["ok", "note", "problem"]


@record(frozen=True, slots=True)
class Diagnosis:
    """The result of one check.

    Attributes:
        state: A `problem` prevents promptops from working; a `note` does not.
        hint: The fix, or "".
    """

    name: str
    state: State
    message: str
    hint: str = ""
