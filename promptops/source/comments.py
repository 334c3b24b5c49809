"""Parts of a YAML file outside of its values: comments, and tabs in wrong places."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.lines import Lines
from promptops.source.nodes import Node, scalar_nodes, walk

_COMMENT = lazy_pattern(r"(?:^|[ \t])(#)", re.MULTILINE)


@record(frozen=True, slots=True)
class Comment:
    """A YAML comment.

    Attributes:
        line, column: 1-based, of its `#`.
        text: From the `#` to the end of the line, without trailing blanks.
        pointer: The JSON pointer of the key or item that it belongs to: in its own line or, for a
            comment on a separate line, in the next line with one, or "".
        cuts: The JSON pointer of the unquoted scalar that ends just before it, or "".
    """

    line: int
    column: int
    text: str
    pointer: str
    cuts: str = ""


def comments(root: Node, lines: Lines) -> tuple[Comment, ...]:
    """Every comment in order; a `#` within a text is not a comment."""
    if "#" not in lines.text:
        return ()
    entries = _entries(root, lines)
    numbers = sorted(entries)
    ends = {
        node.end_mark.index: pointer
        for pointer, _, node in walk(root)
        if node.id == "scalar" and not node.style
    }
    return tuple(
        Comment(
            *lines.position(start),
            lines.text[start:end].rstrip(),
            entries.get(_entry_line(start, lines, numbers), ""),
            ends.get(_end_of_value(start, lines.text), ""),
        )
        for start, end in _comment_spans(root, lines)
    )


def _end_of_value(start: int, text: str) -> int:
    """The end of what is written before a comment."""
    while start > 0 and text[start - 1] in " \t":
        start -= 1
    return start


def entry_line(root: Node, lines: Lines, line: int) -> int:
    """The last line, at or above a 1-based line, that begins a key or an item; else 0.

    A comment above it covers the entry and its whole value.
    """
    numbers = sorted(_entries(root, lines))
    index = bisect_right(numbers, line)
    return numbers[index - 1] if index else 0


def tabs(root: Node, lines: Lines) -> Iterator[Problem]:
    """Each tab that is not part of a text or a comment."""
    if "\t" not in lines.text:
        return
    spans = sorted([*_scalar_spans(root, lines), *_comment_spans(root, lines)])
    for match in re.finditer(r"\t+", lines.text):
        if not _covering(spans, match.start()):
            yield Problem(
                "a tab instead of spaces",
                at=lines.place(match.start(), match.end()),
                hint="use spaces",
                code="SCH001",
            )


def _comment_spans(root: Node, lines: Lines) -> Iterator[tuple[int, int]]:
    spans = _scalar_spans(root, lines)
    offset = 0
    while match := _COMMENT.search(lines.text, offset):
        start = match.start(1)
        covering = _covering(spans, start)
        if covering:
            offset = covering
        else:
            offset = lines.line_end(start)
            yield start, offset


def _scalar_spans(root: Node, lines: Lines) -> list[tuple[int, int]]:
    """Spans of the scalars in order; of a block scalar, without its header."""
    spans = []
    for node in scalar_nodes(root):
        start, end = node.start_mark.index, node.end_mark.index
        if node.style in ("|", ">"):
            start = min(lines.line_end(start) + 1, end)
        spans.append((start, end))
    return sorted(spans)


def _covering(spans: list[tuple[int, int]], offset: int) -> int:
    """The end of the span that contains an offset, or 0."""
    index = bisect_right(spans, (offset, len(spans) and spans[-1][1])) - 1
    if index >= 0 and spans[index][0] <= offset < spans[index][1]:
        return spans[index][1]
    return 0


def _entries(root: Node, lines: Lines) -> dict[int, str]:
    """The pointer of the entry that each line begins: in block style the innermost, in brackets
    the first."""
    block: dict[int, str] = {}
    flow: dict[int, str] = {}
    styles = {"": bool(root.id != "scalar" and root.flow_style)}
    for pointer, key, node in walk(root):
        parent_in_brackets = styles[pointer.rpartition("/")[0]]
        styles[pointer] = parent_in_brackets or bool(node.id != "scalar" and node.flow_style)
        line = lines.position((key or node).start_mark.index)[0]
        if parent_in_brackets:
            flow.setdefault(line, pointer)
        else:
            block[line] = pointer
    return {**flow, **block}


def _entry_line(start: int, lines: Lines, numbers: list[int]) -> int:
    """The line of the entry that a comment belongs to, or 0."""
    line = lines.position(start)[0]
    index = bisect_right(numbers, line)
    beside = bool(lines.text[lines.starts[line - 1] : start].strip())
    if index and (beside or numbers[index - 1] == line):  # or after an entry that began above
        return numbers[index - 1]
    return numbers[index] if index < len(numbers) else 0
