"""The lines of Jinja's blocks, found without parsing: a text may be half typed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.patterns import lazy_pattern
from promptops.records import record

_TAG = lazy_pattern(r"\{%[-+]?\s*(?P<word>[a-z]+)(?P<rest>[^%]*)|(?P<comment>\{#.*?#\})", re.DOTALL)
_ENDED = frozenset(
    ("if", "for", "macro", "call", "filter", "block", "with", "raw", "autoescape", "trans")
)
_BRANCHES = frozenset(("else", "elif"))


@record(frozen=True, slots=True)
class TemplateBlock:
    """The lines of a block or of one of its branches, 1-based, without the tag that ends it.

    Attributes:
        comment: It is a comment.
    """

    first: int
    last: int
    comment: bool = False


def template_blocks(text: str) -> Iterator[TemplateBlock]:
    """The blocks of a text that span several lines, as far as their tags are written."""
    opened: list[tuple[str, int]] = []
    line, offset = 1, 0
    for tag in _TAG.finditer(text):
        line, offset = line + text.count("\n", offset, tag.start()), tag.start()
        if tag["comment"] is not None:
            yield from _lines(line, line + tag["comment"].count("\n"), comment=True)
        else:
            yield from _closed(opened, tag["word"], tag["rest"], line)


def _closed(
    opened: list[tuple[str, int]], word: str, rest: str, line: int
) -> Iterator[TemplateBlock]:
    """The block that a tag ends; `opened` are the words and lines of the open ones."""
    if word in _BRANCHES and opened and opened[-1][0] in ("if", "for"):
        yield from _lines(opened[-1][1], line - 1)
        opened[-1] = (opened[-1][0], line)
    elif word.startswith("end"):
        begun = _begun(opened, word.removeprefix("end"))
        if begun is not None:
            yield from _lines(begun, line - 1)
    elif word in _ENDED or (word == "set" and "=" not in rest):
        opened.append((word, line))


def _begun(opened: list[tuple[str, int]], word: str) -> int | None:
    """The line of the innermost open block of a kind; blocks inside it were never ended."""
    for index in range(len(opened) - 1, -1, -1):
        if opened[index][0] == word:
            line = opened[index][1]
            del opened[index:]
            return line
    return None


def _lines(first: int, last: int, *, comment: bool = False) -> Sequence[TemplateBlock]:
    return (TemplateBlock(first, last, comment),) if last > first else ()
