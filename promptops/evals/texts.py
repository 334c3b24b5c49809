"""Shared functions of assertions over texts."""

from __future__ import annotations

from promptops.analysis.match import TextMatch
from promptops.evals.case_work import CaseWork
from promptops.evals.verdict import Refused, Unjudgeable
from promptops.evals.wording import LONG, shown
from promptops.plurals import counted, some

MAX_COMPARED_CHARS = 400_000_000
"""Characters of a text times the number of searched strings: about a second."""

_OF_A_COMPARISON = 3  # in units of CaseWork
_TELLING = 8


def not_empty(value: str, at: str = "/value") -> None:
    """Raises Refused for an empty string."""
    if not value:
        raise Refused(
            "`value` is empty: every answer contains it",
            hint="write the required text",
            at=at,
        )


def not_blank(value: str) -> None:
    """Raises Refused for a blank string."""
    if not value.strip():
        raise Refused("`value` is empty", hint="describe the required property")


def not_empty_texts(values: tuple[str, ...]) -> None:
    """Raises Refused for an empty list, or an empty string in it."""
    if not values:
        raise Refused("the list is empty: nothing is checked", hint="write the required text")
    for index, value in enumerate(values):
        not_empty(value, f"/value/{index}")


def not_blank_texts(values: tuple[str, ...]) -> None:
    """Raises Refused for an empty list, or a blank string in it."""
    not_empty_texts(values)
    refused = no_white_space(values)
    if refused is not None:
        raise refused


def no_white_space(values: tuple[str, ...]) -> Refused | None:
    """Refuses whitespace among several strings, because nearly every text contains it."""
    for index, value in enumerate(values):
        if not value.strip():
            message, hint = (
                "`value` is whitespace, which nearly every answer contains",
                "write the required text",
            )
            return Refused(message, hint=hint, at=f"/value/{index}")
    return None


def no_blank(values: tuple[str, ...]) -> Refused | None:
    """Refuses strings that are a single space; newlines and several spaces are a layout."""
    if set(values) != {" "}:
        return None
    return Refused(
        "`value` is a space, which nearly every answer contains",
        hint="write the required text",
    )


def searchable(text: str, values: tuple[str, ...], work: CaseWork) -> str:
    """The text; raises Unjudgeable if it takes too long to search for each value in it."""
    compared = len(text) * len(values)
    work.count(_OF_A_COMPARISON * compared)
    if compared > MAX_COMPARED_CHARS:
        what = f"{counted(len(values), 'string')} in {counted(len(text), 'character')}"
        raise Unjudgeable(f"it takes too long to search for {what}", "/value")
    return text


def sendable(text: str) -> str:
    """The text with `?` for each lone surrogate, which no encoding has."""
    return text.encode("utf-8", "replace").decode()


def found_in(text: str, matches: tuple[TextMatch, ...]) -> str:
    """The findings of detectors by kind and line; a reason has more readers than a secret."""
    if not matches:
        return "none"

    def named(match: TextMatch) -> str:
        line = text.count("\n", 0, match.start) + 1
        return f"{match.message} in line {line}"

    return some(matches, 3, name=named)


def without(value: str, text: str) -> str:
    """A text that lacks a value; for a long text, also how much of the value's beginning occurs."""
    start, length = _longest_beginning(value, text)
    if len(text) <= LONG or length < _TELLING:
        return shown(text)
    goes_on = text[start + length : start + length + 20] or "nothing"
    return f"{shown(text)}, where {shown(value[:length][-40:])} is followed by {shown(goes_on)}"


def _longest_beginning(value: str, text: str) -> tuple[int, int]:
    """The offset and the length of the longest beginning of a value that occurs in a text."""
    low, high, at = 0, len(value), 0
    while low < high:
        middle = (low + high + 1) // 2
        found = text.find(value[:middle])
        if found >= 0:
            low, at = middle, found
        else:
            high = middle - 1
    return at, low
