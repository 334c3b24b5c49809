"""SEC004: finds the parts of a text between delimiters."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.match import occurrences
from promptops.lint.detect.code import closes, fences
from promptops.patterns import lazy_pattern
from promptops.records import record

_TAG = lazy_pattern(r"<(/?)([^\W\d][\w.:-]{0,63})(?:[ \t\n][^<>]{0,400})?>")
_QUOTES = ('"""', "'''")


@record(frozen=True, slots=True)
class Enclosures:
    """Spans between delimiters, each with its opening delimiter."""

    spans: tuple[tuple[int, int], ...]

    def hold(self, start: int, end: int) -> bool:
        """Whether a span is between a delimiter and its closing one."""
        return any(low <= start and end <= high for low, high in self.spans)


def enclosures(text: str) -> Enclosures:
    """Spans between a tag and its end tag, in a code fence, or between triple quotes."""
    return Enclosures((*_between_tags(text), *_in_fences(text), *_between_quotes(text)))


def _between_tags(text: str) -> Iterator[tuple[int, int]]:
    opened: dict[str, list[int]] = {}
    for tag in _TAG.finditer(text) if "</" in text else ():
        if tag[0].endswith("/>"):
            continue
        if not tag[1]:
            opened.setdefault(tag[2], []).append(tag.end())
        elif opened.get(tag[2]):
            yield opened[tag[2]].pop(), tag.start()


def _in_fences(text: str) -> Iterator[tuple[int, int]]:
    opened = None
    for fence in fences(text):
        if opened is None:
            opened = fence
        elif fence.bare and closes(fence, opened):
            yield opened.end, fence.start
            opened = None


def _between_quotes(text: str) -> Iterator[tuple[int, int]]:
    for quotes in _QUOTES:
        marks = list(occurrences(text, quotes))
        for start, end in zip(marks[::2], marks[1::2], strict=False):
            yield start + len(quotes), end
