"""Escapes untrusted text in Markdown, so that it stays plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.report.visible import visible, visible_line

# An entity is never Markdown structure: neither in text nor in tables nor in `<code>`.
# GitHub links names and numbers (`@` and `#`) in each run of text after the Markdown is done: there
# an entity does not help, but a comment ends the run.
# Not matched, so that numbers and names stay readable: `[95.1, 100.0]` without a target, `$0.015`,
# `a.yaml:31:10` (emoji with digits are `:100:` and `:1234:`), `max_tokens`, `\n`, `{a: 1}`, `->`.
# GitLab marks `{+a+}` and `[-a-]`. Quotes, `!` and parentheses need the brackets of a link.
_STRUCTURE = lazy_pattern(
    r"(?P<interval>\[(?:-?\$?\d[\d.,% -]*(?:\$\d[\d.,% -]*)?(?<![- ])|\d[\d.,% ]*-)\](?![(\[:]))"
    r"|[<`*\[\]~|^@#]"
    r"|&(?=[#\w])"
    r"|\\(?![^\W_])"
    r"|\{(?=[+-])|(?<=[+-])\}"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|\$(?!\d)"
    r"|:(?=\S)(?!(?!(?:100|1234):)\d+(?![\w+-]))"
    r"|(?<=[wW])\."
)
# What makes a line more than text of a paragraph; the last character of a match is escaped.
# A hyphen alone is "no value" in a cell of a table.
_BLOCK = lazy_pattern(
    r"(?!-\Z)(?: {4}| {0,3}(?:\t|>|=|\+(?=\s|\Z)|-(?=\s|-*\s*\Z)|\d{1,9}[.)](?=\s|\Z)))"
)
_NOT_IN_SPANS = lazy_pattern(r"[`|\\@#\n]")

_BACKTICKS = lazy_pattern("`+")

_LONGEST_BLOCK = 3_000


def sentence(text: str) -> str:
    """Escape one line of visible text; text in backticks becomes code."""
    return _with_code(text, code)


def shown_sentence(text: str) -> str:
    """The same of any text, which is made visible and cut."""
    return sentence(visible(text))


def code(text: str) -> str:
    """Visible text as inline code."""
    return f"<code>{_inline(text)}</code>"


def readable_sentence(text: str) -> str:
    """As `sentence`, with code between backticks where these can contain it."""
    return _with_code(text, code_span)


def _with_code(text: str, as_code: Callable[[str], str]) -> str:
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    return "".join(
        as_code(piece) if index % 2 else (_inline if index else escape)(piece)
        for index, piece in enumerate(pieces)
    )


def code_span(text: str) -> str:
    """Visible text as inline code between backticks, or as `code` where these can't hold it."""
    fits = text.strip() == text != "" and _NOT_IN_SPANS.search(text) is None
    return f"`{text}`" if fits else code(text)


def escape(text: str) -> str:
    """Escape visible text for Markdown: what is markup at its place; the rest stays readable.

    The text may be at the beginning of a line, except a hyphen alone.
    """
    block = _BLOCK.match(text)
    if block is None:
        return _inline(text)
    return f"{block[0][:-1]}&#{ord(block[0][-1])};{_inline(text[block.end() :])}"


def _inline(text: str) -> str:
    return _STRUCTURE.sub(_harmless, text)


def fenced(language: str, lines: list[str]) -> str:
    """A code block with a fence that is longer than any in its lines."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "".join(f"{line}\n" for line in (f"{fence}{language}", *lines, fence))


def block(language: str, lines: list[str], most: int) -> str:
    """A code block with the first lines, made visible, and the number of the others."""
    shown = list(within(_LONGEST_BLOCK, map(visible_line, lines[:most])))
    left_out = len(lines) - len(shown)
    more = [f"… {counted(left_out, 'more line')}"] if left_out else []
    return fenced(language, [*shown, *more])


def indented(text: str) -> str:
    """Indent the lines of a block for the item of a list."""
    return "".join(f"  {line}\n" for line in text.splitlines()).rstrip("\n")


def _harmless(found: re.Match[str]) -> str:
    char = found[0]
    if found["interval"]:
        return char
    return f"{char}<!-- -->" if char in "@#" else f"&#{ord(char)};"


def within(room: int, texts: Iterable[str]) -> Iterator[str]:
    """The first texts that fit together into so many characters."""
    for text in texts:
        room -= len(text)
        if room < 0:
            return
        yield text


def fitting(room: int, texts: Iterable[str]) -> Iterator[str]:
    """The texts that fit together into so many characters; one that is too long is left out."""
    for text in texts:
        if len(text) <= room:
            room -= len(text)
            yield text
