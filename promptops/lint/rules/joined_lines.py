"""TPL013."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import Passage
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template import nodes
from promptops.runtime.template.template import Template


@rule("TPL013", severity=Severity.WARNING)
def joined_lines(passages: Sequence[Passage], catalog: Catalog) -> Iterator[Problem]:
    """A tag at the end of a line of text keeps the newline after it.

    The renderer removes the newline after a tag, so that a tag alone on its line leaves no blank
    line. At the end of a line of text, this joins the line to the next one: with the first example
    below, the model receives `Dear DrYou asked`. The same happens after a comment. Write `+%}` (or
    `+#}`) to keep the newline, or `-%}` where the lines are meant to be one.

    A line that has only tags is not reported, nor is a tag before a blank line or at the end of a
    template, nor a branch whose text ends with a space.

    Bad:
        inputs:
          properties:
            doctor: {type: boolean, default: false}
        messages:
          - role: user
            content: |
              Dear {% if doctor %}Dr{% endif %}
              You asked for help.

    Bad:
        messages:
          - role: user
            content: |
              - Be brief. {# asked for by the legal department #}
              - Write English.

    Good:
        inputs:
          properties:
            doctor: {type: boolean, default: false}
        messages:
          - role: user
            content: |
              Dear {% if doctor %}Dr{% endif +%}
              You asked for help.
              {% if doctor %}
              Be formal.
              {% endif %}
              {# asked for by the legal department #}
              Write English.
    """
    for passage in passages:
        text = passage.pieces[0].frame.text if passage.literal and passage.pieces else None
        if text is not None and _TAG_IN_LINE.search(text.value):
            template = catalog.template(text)
            for part in _Lines(template).joining if template else ():
                yield _problem(text, part)


_TAG_IN_LINE = lazy_pattern(r"(?m)^[ \t]*[^ \t\n][^\n]*?\{[%#]")
"""A tag that is not the first of its line."""


def _problem(text: Text, part: _Part) -> Problem:
    end = text.value[part.end - 2 : part.end]
    return Problem(
        f"the newline after `{end}` is removed, which joins this line to the next one",
        at=text.place(part.start, part.end),
        hint=f"write `+{end}` to keep it, or `-{end}` to join the lines on purpose",
    )


@record(frozen=True, slots=True)
class _Part:
    """A part of a template.

    Attributes:
        word: The first word of a tag; `text`, `value` or `comment` for other parts.
        start, end: Offsets; the end without a newline that is removed.
        removes: It removes the newline after it, and not by `-%}`.
    """

    word: str
    start: int
    end: int
    removes: bool = False


_OPENING = frozenset(("if", "for", "block", "macro", "call", "filter", "with", "raw", "set block"))
_CAPTURING = frozenset(("macro", "set block"))
_RENDERING = frozenset(("value", "include", "call"))


class _Lines:
    """Finds the tags of a template that join two lines."""

    def __init__(self, template: Template) -> None:
        self._source = template.source
        self._parts = tuple(_parts(template))
        self._ends, self._starts = _blocks(self._parts)

    @property
    def joining(self) -> Iterator[_Part]:
        """The tags and comments that do, in order."""
        line, opened = "", [""]  # the text of the line so far, and where each open block began
        for index, part in enumerate(self._parts):
            if part.word in ("text", "value"):
                line = _continued(line, self._source[part.start : part.end])
                continue
            if part.word.startswith("end"):
                before = opened.pop()
                line = before if self._captures(index) else line
            elif part.word in ("else", "elif"):
                line = opened[-1]  # the text of the branch before is not in front of this one
            if part.removes and self._is_text(line, part) and self._text_follows(index + 1):
                yield part
            if part.word in _OPENING:
                opened.append(line)
            if part.removes or part.word in _CAPTURING:
                line = ""

    def _captures(self, end: int) -> bool:
        """Whether a tag ends a block whose text is not rendered there."""
        return self._parts[self._starts[end]].word in _CAPTURING

    @staticmethod
    def _is_text(line: str, part: _Part) -> bool:
        """Whether a line of text ends at a tag; a space at the end of a branch ends no line."""
        return bool(line.strip()) and not (part.word.startswith("end") and line[-1].isspace())

    def _text_follows(self, index: int) -> bool:
        """Whether a line goes on at an index, in a branch or in the next round of a loop."""
        loops: set[int] = set()
        waiting = [index]
        while waiting:
            index = waiting.pop()
            while index < len(self._parts):
                part = self._parts[index]
                text = self._source[part.start : part.end] if part.word == "text" else ""
                if part.word in _RENDERING or text.partition("\n")[0].strip():
                    return True
                if "\n" in text or part.word in ("endmacro", "endset", "endcall"):
                    break  # a blank line; or the place where the block is used decides
                if part.word == "endfor" and index not in loops:
                    loops.add(index)
                    waiting.append(self._starts[index] + 1)
                elif part.word in ("else", "elif") or part.word in _CAPTURING:
                    index = self._ends[index]
                index += 1
        return False


def _continued(line: str, text: str) -> str:
    """The line after a text: of what it has, only its first and its last character."""
    whole = f"{line}{text}".rpartition("\n")[2]
    return whole.strip()[:1] + whole[-1:]


def _parts(template: Template) -> Iterator[_Part]:
    blocks = {node.at for node in template.tree.find_all(nodes.AssignBlock)}
    start, word = 0, ""
    for token in template.tokens:
        source = template.source[token.start : token.end]
        if token.kind == "data":
            yield _Part("text", token.start, token.end)
        elif token.kind == "raw_begin":
            yield _Part("raw", token.start, token.end)
        elif token.kind == "raw_end":
            yield _closed("endraw", token.start, token.start, source)
        elif token.kind == "variable_end":
            yield _Part("value", start, token.end)
        elif token.kind in ("block_end", "comment_end"):
            yield _closed(word or "comment", start, token.start, source)
        elif token.kind.endswith("_begin"):
            start, word = token.start, ""
        elif token.kind == "name" and not word:
            word = "set block" if token.start in blocks else source


def _closed(word: str, start: int, closing: int, source: str) -> _Part:
    """A tag or comment, with the source of its last token."""
    mark = source.rstrip()
    removes = source.endswith("\n") and not mark.endswith(("-%}", "-#}"))
    return _Part(word, start, closing + len(mark), removes)


def _blocks(parts: Sequence[_Part]) -> tuple[Mapping[int, int], Mapping[int, int]]:
    """For the tags that open or continue a block, the index of its end; and for ends, the start."""
    ends: dict[int, int] = {}
    starts: dict[int, int] = {}
    opened: list[list[int]] = []
    for index, part in enumerate(parts):
        if part.word in _OPENING:
            opened.append([index])
        elif part.word in ("else", "elif"):
            opened[-1].append(index)
        elif part.word.startswith("end"):
            tags = opened.pop()
            starts[index] = tags[0]
            ends.update((tag, index) for tag in tags)
    return ends, starts
