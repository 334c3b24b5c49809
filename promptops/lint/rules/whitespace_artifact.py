"""TPL008."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import Passage, included_from_frames
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.template import TemplateError, Token, parse, token_at
from promptops.runtime.template.text_rendering import Frame, Piece

_MESSAGES = {
    "several": (
        "this tag leaves several blank lines in a row",
        "move the blank line into the branch",
    ),
    "spaces": ("this tag leaves a line of spaces", "put the tag on its own line, or use `-%}`"),
    "empty": ("this leaves a blank line if it is empty", "put the line into an `if`"),
}


@rule("TPL008", severity=Severity.WARNING)
def whitespace_artifact(passages: Sequence[Passage]) -> Iterator[Problem]:
    """Tags leave no unintended blank lines.

    Layout carries meaning for a model: a gap ends a list, and a hole suggests that a section is
    missing. A tag alone on its line is removed together with the line. The blank lines around it
    remain, and so does the line of an empty value. The rule checks rendered cases only. Two blank
    lines that the author wrote are allowed.

    Bad:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
            rule: {type: string, maxLength: 200, default: ""}
        messages:
          - role: user
            content: |
              Sort this ticket.

              {% if rule %}
              Mind this: {{ rule }}
              {% endif %}

              {{ ticket }}
        tests:
          - name: without a rule
            inputs: {ticket: It blinks.}
            rendered: [{type: contains, value: It blinks.}]

    Good:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
            rule: {type: string, maxLength: 200, default: ""}
        messages:
          - role: user
            content: |
              Sort this ticket.

              {% if rule %}
              Mind this: {{ rule }}

              {% endif %}
              {{ ticket }}
        tests:
          - name: without a rule
            inputs: {ticket: It blinks.}
            rendered: [{type: contains, value: It blinks.}]
    """
    for passage in passages:
        if not passage.literal:
            yield from (_problem(passage, each) for each in leftovers(passage))


def _problem(passage: Passage, found: Leftover) -> Problem:
    message, hint = _MESSAGES[found.kind]
    return Problem(
        message,
        at=found.place,
        hint=hint,
        related=tuple(included_from_frames(found.frame)),
        case=passage.case,
    )


# Finds blank lines in rendered text that tags leave unintentionally.

_BLANK = " \t\n"
_BEGINS = ("variable_begin", "block_begin", "comment_begin")
_ENDS = ("variable_end", "block_end", "comment_end")
_OPENING = lazy_pattern(r"(?:>|```\w*|\"\"\"|''')\s*\Z")

Kind = Literal["several", "spaces", "empty"]


@record(frozen=True, slots=True)
class Leftover:
    """One or more blank lines at a tag.

    Attributes:
        kind: Several blank lines in a row, a line of spaces, or an empty value alone on a line.
        place: The place of the tag.
        frame: The template that contains the tag.
        tag: The tag as written.
    """

    kind: Kind
    place: Place
    frame: Frame
    tag: str


def leftovers(passage: Passage) -> Iterator[Leftover]:
    """The blank lines that the tags of one rendered text leave, in order."""
    for start, end in _runs(passage):
        # The newline before the first blank line shows whether the line started with a tag.
        pieces = list(passage.over(max(start - 1, 0), end))
        if all(piece.literal for _, _, piece in pieces):
            yield from _in_run(passage.text, start, end, pieces)


def _runs(passage: Passage) -> Iterator[tuple[int, int]]:
    """Blank lines where two pieces meet: tags leave blank lines only there."""
    text, at, done = passage.text, 0, 0
    for piece in passage.pieces[:-1]:
        at += len(piece.text)
        if at >= done and text[at] in _BLANK and text[at - 1] in _BLANK:
            first = done = at
            while first and text[first - 1] in _BLANK:
                first -= 1
            while done < len(text) and text[done] in _BLANK:
                done += 1
            start = text.find("\n", first, done) + 1 if first else 0
            end = text.rfind("\n", first, done) + 1
            if start < end:
                yield start, end


def _in_run(
    text: str, start: int, end: int, pieces: list[tuple[int, int, Piece]]
) -> Iterator[Leftover]:
    lines = text[start:end].split("\n")[:-1]
    kind: Kind = "several"
    if len(lines) < 2:
        if lines[0]:
            kind = "spaces"
        elif start and not _OPENING.search(text, max(start - 12, 0), start):
            kind = "empty"
        else:
            return
    elif _is_written(pieces):
        return
    found = _tag(kind, pieces)
    if found is not None:
        yield found


def _is_written(pieces: list[tuple[int, int, Piece]]) -> bool:
    """Whether one template writes two blank lines in a row by itself."""
    return any(piece.text[low:high].count("\n") > 2 for low, high, piece in pieces)


def _tag(kind: Kind, pieces: list[tuple[int, int, Piece]]) -> Leftover | None:
    for (_, _, before), (low, _, after) in pairwise(pieces):
        frame, start, end = _between(before, after)
        tags = list(_tags(frame, start, end))
        if not tags or (kind == "empty" and not tags[0].is_value):
            continue
        # Spaces after a tag remain of its line; spaces before it belong to the line above.
        tag = tags[-1] if kind == "spaces" and after.text[low] in " \t" else tags[0]
        source = frame.text.value[tag.start : tag.end]
        return Leftover(kind, frame.text.place(tag.start, tag.end), frame, source)
    return None


def _between(before: Piece, after: Piece) -> tuple[Frame, int, int]:
    """The template that contains the tags between two pieces, and the offsets of that range."""
    ends = {id(frame): end for frame, _, end in _frames_of(before)}
    for frame, start, _ in _frames_of(after):
        if id(frame) in ends:
            return frame, ends[id(frame)], start
    return before.frame, before.end, before.end


def _frames_of(piece: Piece) -> Iterator[tuple[Frame, int, int]]:
    """Offsets of a piece in its template, in the including template, and so on."""
    frame: Frame | None = piece.frame
    start, end = piece.start, piece.end
    while frame is not None:
        yield frame, start, end
        start, end = frame.start, frame.end
        frame = frame.parent


@record(frozen=True, slots=True)
class _TagSpan:
    start: int
    end: int
    is_value: bool


def _tags(frame: Frame, start: int, end: int) -> Iterator[_TagSpan]:
    """The tags that end after the first offset and begin before the second, at least one.

    In a loop, the second offset can be smaller than the first.
    """
    try:
        template = parse(frame.text.value)
    except TemplateError:
        return
    index = token_at(template, start)
    while index > 0 and template.tokens[index].kind not in _BEGINS + _ENDS:
        index -= 1
    begin: Token | None = None
    for token in template.tokens[index:]:
        if token.kind in _BEGINS:
            begin = token
            if begin.start >= end > start:
                return
        elif token.kind in _ENDS and begin is not None:
            # The newline after a tag is part of its last token.
            close = begin.start + len(frame.text.value[begin.start : token.end].rstrip())
            if close > start:
                yield _TagSpan(begin.start, close, begin.kind == "variable_begin")
                if end <= start:
                    return
