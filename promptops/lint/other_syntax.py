"""Finds code in a text, and inputs in the syntax of other template languages."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Collection, Iterator

from promptops.analysis.match import TextMatch, in_order, occurrences
from promptops.patterns import lazy_pattern
from promptops.records import record

_FENCE = lazy_pattern(
    r"^[ \t>]{0,20}(?:[-*+] |\d{1,3}\. )?[ \t]{0,8}(`{3,}|~{3,})([^\n]{0,200})$", re.MULTILINE
)
_INLINE = lazy_pattern(r"(?<!`)(`{1,2})(?!`)([^`\n]{1,400})\1(?!`)")


@record(frozen=True, slots=True)
class Fence:
    """A line that opens or closes a fenced block.

    Attributes:
        start, end: Offsets of the fence's marks, without the language.
        marks: The marks themselves.
        indent: The number of characters before them on the line.
        bare: Whether the line contains only the marks, as closing fences do.
    """

    start: int
    end: int
    marks: str
    indent: int
    bare: bool


@record(frozen=True, slots=True)
class CodeSpans:
    """The spans of a text that are code, ascending."""

    spans: tuple[tuple[int, int], ...]

    def holds(self, offset: int) -> bool:
        """Whether the character at an offset is code."""
        index = bisect_right(self.spans, (offset, sys.maxsize)) - 1
        return index >= 0 and offset < self.spans[index][1]


def code_of(text: str) -> CodeSpans:
    """Fenced blocks and inline code between them; an unclosed block reaches the end of the text."""
    if "`" not in text and "~~~" not in text:
        return CodeSpans(())
    blocks = tuple(_blocks(text))
    inline = ((m.start(), m.end()) for m in _INLINE.finditer(text)) if "`" in text else ()
    outside = (span for span in inline if not CodeSpans(blocks).holds(span[0]))
    return CodeSpans(tuple(sorted((*blocks, *outside))))


def fences(text: str) -> Iterator[Fence]:
    """Lines that begin with a fence, in order, except those that also close it."""
    if "```" not in text and "~~~" not in text:
        return
    for line in _FENCE.finditer(text):
        marks, info = line[1], line[2].strip()
        if marks[0] not in info:
            indent = line.start(1) - line.start()
            yield Fence(line.start(1), line.end(1), marks, indent, not info)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    opened: Fence | None = None
    for fence in fences(text):
        if opened is None:
            opened = fence
        elif fence.bare and closes(fence, opened):
            yield opened.start, fence.end
            opened = None
    if opened:
        yield opened.start, len(text)


def closes(fence: Fence, opened: Fence) -> bool:
    """Whether a fence closes another: it has the right marks and is not indented inside it."""
    if fence.indent - opened.indent > 3:
        return False
    return fence.marks[0] == opened.marks[0] and len(fence.marks) >= len(opened.marks)


# VAR012: inputs in the syntax of other template languages.

_NAME = r"([A-Za-z_][A-Za-z0-9_]{0,63})"
_SYNTAXES = (
    ("${", lazy_pattern(rf"\$\{{[ ]?{_NAME}[ ]?\}}(?!\}})")),
    ("{", lazy_pattern(rf"\{{[ ]?{_NAME}[ ]?\}}(?!\}})")),
    ("<<", lazy_pattern(rf"<<[ ]?{_NAME}[ ]?>>(?!>)")),
    ("%(", lazy_pattern(rf"%\({_NAME}\)[sdrif]")),
)
_BEFORE = "{$\\"
_LATEX_COMMAND = lazy_pattern(r"\\[A-Za-z]{1,20}$")
_FORMATTED = lazy_pattern(r"\b[fF]\"[^\"\n]*$|\b[fF]'[^'\n]*$")


def find_placeholders(text: str, names: Collection[str]) -> tuple[TextMatch, ...]:
    """Foreign placeholders of declared inputs, or of names near one, in order.

    In a match, `name` is the declared input and `replacement` its Jinja syntax.
    """
    if not names or ("{" not in text and "<<" not in text and "%(" not in text):
        return ()
    return in_order(_matches(text, names))


def _matches(text: str, names: Collection[str]) -> Iterator[TextMatch]:
    for literal, pattern in _SYNTAXES:
        for at in occurrences(text, literal):
            found = pattern.match(text, at)
            name = _declared(found[1], names) if found else None
            if found and name and not _is_other(text, at):
                yield _match(found, name)


def _is_other(text: str, at: int) -> bool:
    """Whether it is part of a Jinja tag, a longer placeholder, a LaTeX command or code."""
    if at and text[at - 1] in _BEFORE:
        return True
    line = text[max(0, text.rfind("\n", 0, at) + 1, at - 200) : at]
    return bool(_LATEX_COMMAND.search(line) or _FORMATTED.search(line))


def _declared(written: str, names: Collection[str]) -> str | None:
    """The intended input: the same name, or one that differs in case, `_` or one letter."""
    if written in names:
        return written
    plain = _plain(written)
    for name in sorted(names):
        if _plain(name) == plain or (len(plain) > 4 and _one_edit_apart(plain, _plain(name))):
            return name
    return None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _one_edit_apart(one: str, other: str) -> bool:
    """Whether one letter is added, missing or different, or two neighbours are swapped."""
    if len(one) > len(other):
        one, other = other, one
    same = next((i for i, char in enumerate(one) if char != other[i]), len(one))
    if len(one) == len(other):
        swapped = one[same + 1 : same + 2] + one[same : same + 1]
        return one[same + 1 :] == other[same + 1 :] or (
            swapped == other[same : same + 2] and one[same + 2 :] == other[same + 2 :]
        )
    return len(other) - len(one) == 1 and one[same:] == other[same + 1 :]


def _match(found: re.Match[str], name: str) -> TextMatch:
    replacement = f"{{{{ {name} }}}}"
    message = f"`{found[0]}` is not a placeholder here and is sent unchanged"
    return TextMatch(found.start(), found.end(), message, name, replacement)
