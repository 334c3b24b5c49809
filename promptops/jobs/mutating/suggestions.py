"""What to assert, so that a mutant is noticed."""

from __future__ import annotations

import json
import re

from promptops.jobs.mutating.edits import TextEdit, shortened
from promptops.jobs.mutating.sources import Source
from promptops.model.mutant import Operator
from promptops.patterns import lazy_pattern

_TAG = lazy_pattern(r"\{[{%#].*?[}%#]\}|\n", re.DOTALL)
_MOST = 60


def suggestion(source: Source, operator: Operator, edit: TextEdit) -> str:
    """A sentence with code in backticks."""
    written = source.text.value[edit.start : edit.end]
    if operator in ("condition", "loop"):
        return f"a case in which `{shortened(written)}` differs, with an assertion on its text"
    if operator == "value":
        example = _contains(source, "the value in a case")
    else:
        example = _contains(source, _fragment(edit.subject or written))
    return f"{example} below `rendered`, or an assertion on the output"


def _contains(source: Source, value: str) -> str:
    roles = source.roles(source.users[0]) if source.users else ()
    role = f"role: {roles[0]}, " if roles else ""
    return f"`{{type: contains, {role}value: {json.dumps(value, ensure_ascii=False)}}}`"


def _fragment(subject: str) -> str:
    """The longest literal part of what is missing, on one line and cut after a word."""
    parts = [part.strip() for part in _TAG.split(subject)]
    longest = max(parts, key=len, default="")
    if len(longest) <= _MOST:
        return longest
    return longest[:_MOST].rpartition(" ")[0] or longest[:_MOST]
