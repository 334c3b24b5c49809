"""MSG006."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.match import TextMatch
from promptops.lint import Problem, Severity, rule
from promptops.lint.detect.delimiters import find_unbalanced
from promptops.lint.passages import Passage
from promptops.model.prompt import Message, Prompt, TextPart
from promptops.runtime.template.scope import Piece

# Values are data: their tags and fences are not delimiters.
_AS_DATA = str.maketrans("<>`~", "    ")


@rule("MSG006", severity=Severity.WARNING)
def unbalanced_delimiter(prompt: Prompt, passages: Sequence[Passage]) -> Iterator[Problem]:
    """Every tag or code fence that opens also closes.

    A model separates documents from instructions by the delimiters around them. If the closing
    delimiter is missing, the model reads the instructions after it as part of the document.

    The rule checks code fences, and tags that are alone on their line or at its start. HTML tags
    that need no end, tags within a sentence and tags in code are not checked. The end of the last
    message may leave a delimiter open for the model to continue: a fence on its last line, or any
    delimiter of an assistant message.

    Bad:
        messages:
          - role: user
            content: |
              <report>
              Sales went up.
              Sum up the report in one sentence.

    Bad:
        messages:
          - role: user
            content: |
              ```python
              print(1)
              What does this print?

    Good:
        messages:
          - role: user
            content: |
              <report>
              Sales went up.
              </report>
              Sum up the report in one sentence.
    """
    written = "".join(passage.text for passage in passages if passage.literal)
    if "<" not in written and "```" not in written and "~~~" not in written:
        return
    for passage in passages:
        for match in find_unbalanced(_without_data(passage)):
            if _is_continued(passage, match) and _is_last(passage, passages, prompt):
                continue
            if passage.is_written(match.start, match.end) and _certain(passage, match, written):
                hint = "close it, or put it in backquotes if it is not a delimiter"
                yield passage.problem(match.message, match.start, match.end, hint=hint)


def _is_continued(passage: Passage, match: TextMatch) -> bool:
    """Whether the model may be meant to go on from an open delimiter."""
    if passage.role == "assistant":
        return not match.message.startswith("`</")
    is_fence = match.name.startswith(("`", "~"))
    return is_fence and "\n" not in passage.text[match.end :].rstrip()


def _is_last(passage: Passage, passages: Sequence[Passage], prompt: Prompt) -> bool:
    """Whether a passage ends the request."""
    turn = prompt.messages[-1]
    if not isinstance(turn, Message):
        return False
    if not passage.literal:
        return passage.message == max(p.message for p in passages if p.case == passage.case)
    part = turn.parts[-1]
    text = part.text if isinstance(part, TextPart) else None
    return any(piece.frame.text is text for piece in passage.pieces)


def _without_data(passage: Passage) -> str:
    return "".join(_as_written(piece, passage.literal) for piece in passage.pieces)


def _as_written(piece: Piece, literal: bool) -> str:
    if piece.literal:
        return piece.text
    if literal and _is_statement(piece):
        return "\n"  # such a tag usually has its own line, whose newline is trimmed
    return piece.text.translate(_AS_DATA)


def _certain(passage: Passage, match: TextMatch, written: str) -> bool:
    """Whether no branch and no other template can contain the other end."""
    if not passage.literal:
        return True
    if passage.role and not any(map(_is_statement, passage.pieces)):
        return True
    if match.name.startswith(("`", "~")):
        return False
    closing = match.message.startswith("`</")
    return f"<{match.name}" not in written if closing else f"</{match.name}" not in written


def _is_statement(piece: Piece) -> bool:
    return not piece.literal and piece.frame.text.value.startswith("{%", piece.start)
