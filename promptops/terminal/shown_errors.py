"""Errors that stop a command, as text and as JSON: place, cause, source line and fix."""

from __future__ import annotations

import re

from promptops.analysis.masking import masked, without_secrets
from promptops.errors import PromptopsError, SourceLine
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.report.parts.excerpt import excerpt
from promptops.report.parts.json_text import json_text
from promptops.report.parts.visible import visible, visible_path

_GUTTER = 5


def shown_error(error: PromptopsError) -> str:
    """The lines of an error, without the last newline; secrets are masked."""
    where = f"{visible_path(without_secrets(error.where))}: " if error.where else ""
    lines = [f"{where}error: {visible(without_secrets(error.message))}"]
    hint = visible(without_secrets(error.hint)) if error.hint else ""
    if error.source is not None:
        lines += _source(error.source, hint)
    elif hint:
        lines.append(f"  tip: {hint}")
    return "\n".join(lines)


def error_json(error: PromptopsError) -> str:
    """`schemas/error.schema.json`: the error and those found with it; secrets are masked."""
    errors = [_value(one) for one in (error, *error.others)]
    return json_text({"schema": 1, "exit_code": error.exit_code, "errors": errors})


def _value(error: PromptopsError) -> dict[str, object]:
    where = without_secrets(error.where) if error.where else None
    place = _PLACE.fullmatch(where or "")
    return {
        "message": without_secrets(error.message),
        "hint": without_secrets(error.hint) if error.hint else None,
        "where": place[1] if place else where,
        "line": int(place[2]) if place else None,
        "column": int(place[3]) if place else None,
    }


_PLACE = lazy_pattern(r"(.+):(\d+):(\d+)", re.DOTALL)


def _source(source: SourceLine, hint: str) -> list[str]:
    place = Place("", source.line, source.column, source.line, source.end_column)
    shown = excerpt(masked(source.text).text, place)
    number = str(source.line).rjust(_GUTTER)
    return [
        f"{number} | {shown.line}",
        f"{' ' * len(number)} | {shown.carets} {hint}".rstrip(),
    ]
