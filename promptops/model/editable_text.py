"""A text of a message, and where it can be edited."""

from __future__ import annotations

from typing import Literal

from promptops.records import record
from promptops.records.outputs import empty_text


@record(frozen=True, slots=True, kw_only=True)
class EditableText:
    """A text of a message of a prompt, which can be edited by itself.

    Attributes:
        at: JSON pointer of the text in the prompt file; it names the text in an edit.
        role: Of its message, such as system or user.
        kind: `text`: it is in a prompt file. `file`: it is a file of its own.
        path: The file that contains it, relative to the repository root.
        when: The condition under which it is sent, as written; None if it always is.
        text: The template.
        starts: The place of the first character of each of its lines in the file: line and column,
            1-based.
        editable: It can be edited here.
        reason: Why it can't, or "".
    """

    at: str
    role: str
    kind: Literal["text", "file"]
    path: str
    when: str | None = None
    text: str = empty_text()
    starts: tuple[tuple[int, int], ...] = ()
    editable: bool = True
    reason: str = ""
