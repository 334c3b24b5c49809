"""Errors in the configuration, each with its line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promptops.errors import InputError, PromptopsError, SourceLine
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern

SECRET_KEYS = ("api_key_env", "base_url", "headers", "provider_options")
"""Keys of a model profile whose values are never shown in messages."""

_HEADER = lazy_pattern(r"^[ \t]*\[+[ \t]*(.*)", re.MULTILINE)
_BARE = lazy_pattern(r"[A-Za-z_]")
_BARE_HEADER = lazy_pattern(r"[ \t]*\[+[ \t]*[A-Za-z_]")
_BARE_KEY = lazy_pattern(r"[ \t]*[\w-]+(?:[ \t]*\.[ \t]*[\w-]+)*[ \t]*=")
_MAY_BE_SECRET = lazy_pattern("|".join(("models", *SECRET_KEYS)))


def refuse(problems: Sequence[Problem], text: str, kind: type[PromptopsError] = InputError) -> None:
    """Raise an error if there are problems; see `config_error`."""
    if problems:
        raise config_error(problems, text, kind)


def config_error(
    problems: Sequence[Problem], text: str, kind: type[PromptopsError] = InputError
) -> PromptopsError:
    """The first problem of a file as an error that includes the others.

    Attributes:
        text: The file with LF newlines; "" if there is no line to show.
    """
    first, *others = (_error(problem, text, kind) for problem in problems)
    first.others = tuple(others)
    return first


def _error(problem: Problem, text: str, kind: type[PromptopsError]) -> PromptopsError:
    source = _source(problem.at, text) if isinstance(problem.at, Place) else None
    return kind(problem.message, where=str(problem.at), hint=problem.hint, source=source)


def _source(place: Place, text: str) -> SourceLine | None:
    rows = text.split("\n")
    shown = _without_values(rows, place.line) if place.line <= len(rows) else ""
    if not shown.strip():
        return None
    end = place.end_column if place.end_line == place.line else len(shown) + 1
    return SourceLine(text=shown, line=place.line, column=place.column, end_column=end)


def _without_values(rows: Sequence[str], number: int) -> str:
    """A line up to its `=`, because a secret may follow; "" for a line inside a value."""
    row = rows[number - 1]
    if not _MAY_BE_SECRET.search(f"{_tables(rows[:number])} {row}"):
        return row
    if _BARE_HEADER.match(row) and "=" not in row:
        return row
    key = _BARE_KEY.match(row)
    return f"{key[0]} …" if key else ""


def _tables(rows: Sequence[str]) -> str:
    """The header above a line, and the later rows that are headers or lists of an array."""
    headers = _HEADER.findall("\n".join(rows))
    bare = [index for index, header in enumerate(headers) if _BARE.match(header)]
    return " ".join(headers[bare[-1] if bare else 0 :])
