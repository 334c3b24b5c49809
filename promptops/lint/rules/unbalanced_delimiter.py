"""MSG006."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from promptops.analysis.match import TextMatch, in_order, occurrences
from promptops.lint import Problem, Severity, rule
from promptops.lint.other_syntax import CodeSpans, Fence, closes, code_of, fences
from promptops.lint.passages import Passage
from promptops.model.prompt import Message, Prompt, TextPart
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.template.text_rendering import Piece

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
        text = "".join(_as_written(piece, passage.literal) for piece in passage.pieces)
        for match in find_unbalanced(text):
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


# MSG006: a tag or a code fence that opens and never closes.

_VALUE = r"\"[^\"\n<>]{0,200}\"|'[^'\n<>]{0,200}'|[^\s\"'<>]{1,100}"
_TAG = lazy_pattern(
    rf"<(/?)([A-Za-z][\w.-]{{0,63}})"
    rf"((?:[ \t]+[\w:.-]{{1,40}}(?:=(?:{_VALUE}))?){{0,10}})[ \t]*(/?)>"
)
# HTML whose end tag does not exist or may be left out.
_NAMES = """area base br col embed hr img input link meta param source track wbr
    li p td tr th dt dd option"""
_VOID = frozenset(_NAMES.split())


@record(frozen=True, slots=True)
class Tag:
    """A tag outside code.

    Attributes:
        closing: Whether it is `</name>`.
        alone: Whether it is alone on its line, or starts the line directly before text.
    """

    start: int
    end: int
    name: str
    closing: bool
    alone: bool


def find_unbalanced(text: str) -> tuple[TextMatch, ...]:
    """Delimiters that open and never close, or close what never opened, in order.

    A tag is a delimiter if it is alone on its line or starts the line directly before text:
    `<name>` within a sentence is a placeholder. A tag at the end of the text may stay open, because
    the model continues from there.
    """
    tags = _tags(text) if "<" in text else []
    return in_order([*_open_fences(text), *_open_tags(text, tags)])


def _open_fences(text: str) -> Iterator[TextMatch]:
    """A fence that stays open both as Markdown nests blocks and if fences are paired in order."""
    as_markdown: list[Fence] = []
    by_pairs: list[Fence] = []
    for fence in fences(text):
        if as_markdown:
            if fence.bare and closes(fence, as_markdown[0]):
                as_markdown.clear()
        else:
            as_markdown.append(fence)
        if fence.bare and by_pairs and closes(fence, by_pairs[-1]):
            by_pairs.pop()
        else:
            by_pairs.append(fence)
    if as_markdown and by_pairs:
        opened = as_markdown[0]
        yield TextMatch(opened.start, opened.end, "a code fence is never closed", opened.marks)


def _tags(text: str) -> list[Tag]:
    code = code_of(text)
    return [tag for at in occurrences(text, "<") if (tag := _tag_at(text, at, code))]


def _tag_at(text: str, at: int, code: CodeSpans) -> Tag | None:
    found = _TAG.match(text, at)
    if not found or found[4] or found[2].lower() in _VOID or code.holds(at):
        return None
    if text[at - 1 : at] in ("<", "\\"):
        return None  # `<<name>>`
    closing = found[1] == "/"
    alone = _is_alone(text, at, found.end(), closing)
    return Tag(at, found.end(), found[2], closing, alone)


def _is_alone(text: str, start: int, end: int, closing: bool) -> bool:
    before = text[max(0, start - 20) : start].rpartition("\n")[2]
    after = text[end : end + 20].partition("\n")[0]
    if before.strip():
        return False
    return not after.strip() or (not closing and (after[0].isalnum() or after[0] in "{\"'“"))


def _open_tags(text: str, tags: list[Tag]) -> Iterator[TextMatch]:
    by_name: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags:
        by_name[tag.name].append(tag)
    length = len(text.rstrip())
    for same in by_name.values():
        yield from _unpaired(same, length)


def _unpaired(tags: list[Tag], length: int) -> Iterator[TextMatch]:
    """Unclosed tags of one name; `length` is that of the text without trailing white space."""
    opened: list[Tag] = []
    for tag in tags:
        if not tag.closing:
            opened.append(tag)
        elif opened:
            opened.pop()
        elif tag.alone:
            yield TextMatch(tag.start, tag.end, f"`</{tag.name}>` has no opening tag", tag.name)
    for tag in opened:
        if tag.alone and tag.end < length:
            yield TextMatch(tag.start, tag.end, f"`<{tag.name}>` is never closed", tag.name)
