"""What to assert, so that a mutant is noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from promptops.analysis.masking import without_secrets
from promptops.evals.subject import text_of
from promptops.jobs.mutating.edits import TextEdit, shortened
from promptops.jobs.mutating.mutated_prompt import with_span
from promptops.jobs.mutating.sources import Source
from promptops.model.mutant import Operator
from promptops.model.place import Offsets
from promptops.patterns import lazy_pattern

_TAG = lazy_pattern(r"\{[{%#].*?[}%#]\}", re.DOTALL)
_TAG_OR_LINE = lazy_pattern(r"\{[{%#].*?[}%#]\}|\n", re.DOTALL)
_MOST = 60


def suggestion(source: Source, operator: Operator, edit: TextEdit) -> str:
    """A sentence with code in backticks."""
    text = source.text.value
    if operator in ("condition", "loop"):
        written = shortened(text[edit.start : edit.end])
        return f"a case in which `{written}` differs, with an assertion on its text"
    printed = operator in ("value", "include")
    value, case = _printed(source, edit) if printed else (_fragment(text, edit), "")
    if not value.strip():
        return "an assertion below `rendered` on the text that it adds"
    return f"{_contains(source, value)} below `rendered`" + (f" of `{case}`" if case else "")


def _contains(source: Source, value: str) -> str:
    roles = source.roles(source.users[0]) if source.users else ()
    role = f"role: {roles[0]}, " if roles else ""
    return f"`{{type: contains, {role}value: {json.dumps(value, ensure_ascii=False)}}}`"


def _fragment(text: str, edit: TextEdit) -> str:
    """The literal part of a template with the replaced words, else the longest one."""
    start, end = edit.subject or (edit.start, edit.end)
    changed = max(edit.start, start), min(edit.end, end)
    lines = _parts(_TAG_OR_LINE, text, start, end)
    for part in (*lines, *_parts(_TAG, text, start, end)):
        if part[0] <= changed[0] and changed[1] <= part[1]:
            return _window(text, part, changed)
    longest = max(lines, key=lambda part: part[1] - part[0], default=(start, end))
    return _window(text, longest, changed)


def _parts(between: re.Pattern[str], text: str, start: int, end: int) -> list[Offsets]:
    """The parts of a span, without the white space around them."""
    tags = [match.span() for match in between.finditer(text, start, end)]
    starts = [start, *(after for _, after in tags)]
    ends = [*(before for before, _ in tags), end]
    return [_stripped(text, span) for span in zip(starts, ends, strict=True)]


def _stripped(text: str, span: Offsets) -> Offsets:
    written = text[slice(*span)]
    start = span[0] + len(written) - len(written.lstrip())
    return start, max(start, span[0] + len(written.rstrip()))


def _window(text: str, part: Offsets, changed: Offsets) -> str:
    """Of a long part, whole words around what changed, or at its start if that is long, too."""
    start, end = part
    first, last = max(changed[0], start), min(changed[1], end)
    if last - first > _MOST:
        last = first
    left = max(start, min(first - (_MOST - (last - first)) // 2, end - _MOST))
    right = min(end, left + _MOST)
    if left > start:
        left = next((at + 1 for at in range(left - 1, first) if text[at] == " "), left)
    if right < end:
        blank = text.rfind(" ", last, right + 1)
        right = blank if blank >= 0 else right
    return text[left:right].strip()


def _printed(source: Source, edit: TextEdit) -> tuple[str, str]:
    """What a case prints in place of the dropped value, with words around it.

    And the name of the case.
    """
    text = with_span(source.text, edit.start, edit.end, edit.after)
    for user in source.users:
        for planned, broken in user.changed_cases(source.variant(user, text)):
            assert planned.request is not None
            assert broken.request is not None
            for found in _differences(planned.request.messages, broken.request.messages):
                return without_secrets(found), without_secrets(planned.case.name)
    return "", ""


def _differences(before: Sequence[Any], after: Sequence[Any]) -> Iterator[str]:
    for old, new in zip(before, after, strict=False):
        was, now = text_of(old.get("content")), text_of(new.get("content"))
        if was != now:
            yield _difference(was, now)


def _difference(was: str, now: str) -> str:
    """The part of a line that is missing in the other text, with words around it."""
    shorter = min(len(was), len(now))
    start = next((at for at in range(shorter) if was[at] != now[at]), shorter)
    rest = shorter - start
    same = next((at for at in range(rest) if was[-1 - at] != now[-1 - at]), rest)
    end = len(was) - same
    written = was[start:end]
    start += len(written) - len(written.lstrip())
    line_end = was.find("\n", start)
    line = was.rfind("\n", 0, start) + 1, line_end if line_end >= 0 else len(was)
    return _window(was, _stripped(was, line), (start, min(end, line[1])))
