"""MSG006: a tag or a code fence that opens and never closes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from promptops.analysis.match import TextMatch, in_order, occurrences
from promptops.lint.detect.code import CodeSpans, Fence, closes, code_of, fences
from promptops.patterns import lazy_pattern
from promptops.records import record

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
