"""Untrusted text in Markdown, which always stays plain text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.patterns import lazy_pattern

# An entity never counts as structure in Markdown, so this holds in text, in tables and in `<code>`.
# GitHub looks for names and numbers (`@` and `#`) when Markdown is done, in each run of text: there
# an entity is no help, and a comment ends the run.
_STRUCTURE = lazy_pattern(r"[&<>\"'`*_{}\[\]()~|:!$\\^+=@#]|(?<=[wW])\.")

_BACKTICKS = lazy_pattern("`+")


def sentence(text: str) -> str:
    """Escaped, with what stands between backticks as code; of visible text on one line."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return escape(text)
    return "".join(
        code(piece) if index % 2 else escape(piece) for index, piece in enumerate(pieces)
    )


def code(text: str) -> str:
    """Code within a line, of visible text."""
    return f"<code>{escape(text)}</code>"


def escape(text: str) -> str:
    """Markdown that is shown as this visible text."""
    return _STRUCTURE.sub(lambda found: _harmless(found[0]), text)


def fenced(language: str, lines: list[str]) -> str:
    """A block of code that no line of it ends."""
    longest = max((len(run) for line in lines for run in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "".join(f"{line}\n" for line in (f"{fence}{language}", *lines, fence))


def _harmless(char: str) -> str:
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
