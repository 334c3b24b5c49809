"""The result of one check of the setup."""

from __future__ import annotations

from typing import Literal

from promptops.records import record

State = Literal["ok", "note", "problem"]


@record(frozen=True, slots=True)
class Diagnosis:
    """The result of one check.

    Attributes:
        name: What was checked, such as `git` or `key of fast`.
        state: A `problem` prevents promptops from working; a `note` does not.
        message: The result, never the value of an API key.
        hint: The fix, or "".
    """

    name: str
    state: State
    message: str
    hint: str = ""
