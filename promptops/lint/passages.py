"""Texts that rules check, each character with its place in a source file.

A passage is the text of one message in one case or, to cover branches that no case renders, the
text of a template itself with its tags removed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from promptops.analysis.uses import TemplateSpan
from promptops.model.finding import Fix, Problem, Related
from promptops.model.place import Place, Text
from promptops.records import field, record
from promptops.runtime.request.render import TracedRequest
from promptops.runtime.template.template import Template
from promptops.runtime.template.text_rendering import Frame, Piece

CUT = "\ufffc"
"""Replaces a tag in a literal passage, so that the words around it stay separate."""


@record(frozen=True, slots=True)
class Passage:
    """A text made of pieces.

    Attributes:
        role: Role of the message; "" for a template that several messages use.
        message: Index in the request; -1 for the text of a template itself.
        case: The test case that rendered it; None for the text of a template itself.
        pieces: The pieces that make up `text`.
    """

    text: str
    role: str
    message: int
    case: str | None
    pieces: tuple[Piece, ...]
    _starts: tuple[int, ...] = field(repr=False)

    @property
    def literal(self) -> bool:
        """Whether it is the text of a template itself, with its tags removed."""
        return self.case is None

    def over(self, start: int, end: int) -> Iterator[tuple[int, int, Piece]]:
        """The pieces that a span touches, each with the touched part of the piece's own text."""
        index = max(bisect_right(self._starts, start) - 1, 0)
        while index < len(self.pieces) and self._starts[index] < max(end, start + 1):
            piece, at = self.pieces[index], self._starts[index]
            low, high = max(start - at, 0), min(end - at, len(piece.text))
            if low < high:
                yield low, high, piece
            index += 1

    def is_written(self, start: int, end: int) -> bool:
        """Whether any character of a span comes from a template, rather than from a value."""
        return any(piece.literal for _, _, piece in self.over(start, end))

    def is_wholly_written(self, start: int, end: int) -> bool:
        """Whether every character of a span comes from a template."""
        return all(piece.literal for _, _, piece in self.over(start, end))

    def place(self, start: int, end: int) -> Place:
        """Where to change a span: its first characters that come from a template.

        A span that comes from a value is placed at the expression that printed it.
        """
        touched = list(self.over(start, end))
        if not touched:
            return self._nearest(start)
        low, high, piece = next((part for part in touched if part[2].literal), touched[0])
        text = piece.frame.text
        if not piece.literal:
            return text.place(piece.start, piece.end)
        return text.place(piece.start + low, piece.start + high)

    def _nearest(self, start: int) -> Place:
        if not self.pieces:
            return Place("")
        piece = self.pieces[max(bisect_right(self._starts, start) - 1, 0)]
        return piece.frame.text.place(piece.start, max(piece.end, piece.start + 1))

    def problem(
        self,
        message: str,
        start: int,
        end: int,
        *,
        hint: str | None = None,
        fix: str | Fix | None = None,
    ) -> Problem:
        """A problem at a span; its related places are the includes that lead there."""
        touched = list(self.over(start, end))
        frame = next((p.frame for _, _, p in touched if p.literal), None)
        frame = frame or (touched[0][2].frame if touched else None)
        return Problem(
            message,
            at=self.place(start, end),
            hint=hint,
            fix=fix,
            related=tuple(included_from_frames(frame)) if frame else (),
            case=self.case,
        )


def passage(role: str, message: int, case: str | None, pieces: Iterable[Piece]) -> Passage:
    """Create a passage of pieces."""
    kept = tuple(piece for piece in pieces if piece.text)
    starts, at = [], 0
    for piece in kept:
        starts.append(at)
        at += len(piece.text)
    text = "".join(piece.text for piece in kept)
    return Passage(text, role, message, case, kept, tuple(starts))


def rendered_passages(case: str, traced: TracedRequest) -> Iterator[Passage]:
    """The texts of one rendered request."""
    for text in traced.texts:
        yield passage(text.role, text.message, case, text.pieces)


def literal_passage(text: Text, template: Template | None, role: str) -> Passage:
    """The text of a template without tags and comments; unchanged if it has none."""
    frame = Frame(text)
    if template is None:
        return passage(role, -1, None, [Piece(text.value, frame, 0, len(text.value), True)])
    return passage(role, -1, None, _literal_pieces(template, frame))


def _literal_pieces(template: Template, frame: Frame) -> Iterator[Piece]:
    for token in template.tokens:
        if token.kind == "data":
            source = template.source[token.start : token.end]
            yield Piece(source, frame, token.start, token.end, True)
        elif token.kind in ("variable_begin", "block_begin"):
            yield Piece(CUT, frame, token.start, token.end, False)


# The includes that lead to a template, as the related places of a problem in it.


def included_from(stack: Iterable[TemplateSpan]) -> tuple[Related, ...]:
    """The includes, imports and calls that lead to a use, the innermost first."""
    return tuple(included_at(site.place) for site in reversed(tuple(stack)))


def included_from_frames(frame: Frame) -> Iterator[Related]:
    """The places that include the template of a frame, the innermost first."""
    while frame.parent is not None:
        yield included_at(frame.parent.text.place(frame.start, frame.end))
        frame = frame.parent


def included_at(place: Place) -> Related:
    """The place of one include."""
    return Related(place, "included from here")
