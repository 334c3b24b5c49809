"""Comments that suppress a finding, with a code and a reason."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from promptops.lint.registry import is_named
from promptops.model.finding import Finding
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record, replace

MAX_NAMES = 1_000
"""How many names of rules the suppression comments of one prompt may have together."""

_DIRECTIVE = lazy_pattern(
    r"promptops:\s*(?P<kind>ignore(?:-file)?)\b(?:\[(?P<codes>[^\]\n]*)\])?(?P<reason>.*)"
)
_JINJA_LINE = lazy_pattern(r"(?m)^[ \t]*\{#-?\s*(promptops:.*?)\s*-?#\}[ \t]*$")


@record(frozen=True, slots=True)
class Suppression:
    """One suppression comment.

    Attributes:
        place: The place of the comment's text.
        codes: Codes, prefixes of codes, or names of rules; an empty list is an error.
        first, last: The lines it applies to, both included; 0 and 0 for the whole file.
        reason: The reason; an empty one is an error.
        excess: Whether the comments above it already have as many names as are allowed; it then
            has no codes.
    """

    place: Place
    codes: tuple[str, ...]
    reason: str
    first: int
    last: int
    excess: bool = False

    def covers(self, line: int) -> bool:
        """Whether it applies to a line of its file."""
        return self.last == 0 or self.first <= line <= self.last


def directive(words: str, place: Place, lines: tuple[int, int]) -> Suppression | None:
    """Parse the words of a comment; None for an ordinary comment.

    Args:
        words: The text of the comment without its marks.
        lines: First and last line it would apply to.
    """
    match = _DIRECTIVE.search(words)
    if match is None:
        return None
    codes = tuple(code.strip() for code in (match["codes"] or "").split(",") if code.strip())
    first, last = (0, 0) if match["kind"] == "ignore-file" else lines
    return Suppression(place, codes, match["reason"].strip(" :-"), first, last)


def template_suppressions(text: Text) -> Iterator[Suppression]:
    """Suppressions in Jinja comments on separate lines; each applies to the next normal line."""
    if "promptops:" not in text.value:
        return
    comments = list(_JINJA_LINE.finditer(text.value))
    lines = _lines_below(text.value, [(match.start(), match.end()) for match in comments])
    for match, offset in zip(comments, lines, strict=True):
        place = text.place(match.start(1), match.end(1))
        line = text.locate(offset)[0]
        found = directive(match[1], place, (line, line))
        if found is not None:
            yield found


def _lines_below(source: str, comments: Sequence[tuple[int, int]]) -> list[int]:
    """For the span of each comment, the offset of the next line that is not such a comment."""
    starts, found = [start for start, _ in comments], [0] * len(comments)
    for index in reversed(range(len(comments))):
        line = _line_with_text(source, comments[index][1])
        below = bisect_left(starts, line)
        is_comment = below < len(starts) and starts[below] == line
        found[index] = found[below] if is_comment else line
    return found


def _line_with_text(source: str, offset: int) -> int:
    """The offset of the next line that is not blank, or of the last character."""
    while offset < len(source):
        start = offset + 1
        end = source.find("\n", start)
        offset = len(source) if end < 0 else end
        if source[start:offset].strip():
            return start
    return max(len(source) - 1, 0)


def limited(suppressions: Iterable[Suppression]) -> Iterator[Suppression]:
    """The suppressions up to the limit of names, and the first one beyond it as `excess`."""
    left = MAX_NAMES
    for each in suppressions:
        left -= max(len(each.codes), 1)
        if left < 0:
            yield replace(each, codes=(), excess=True)
            return
        yield each


Counts = Callable[[Suppression, Finding], bool]
"""Whether a comment that covers a finding may suppress it."""


@record(frozen=True, slots=True)
class Silenced:
    """Findings split by suppression.

    Attributes:
        used: The suppressions that cover any finding, each with the findings it removes.
    """

    kept: tuple[Finding, ...]
    silenced: tuple[Finding, ...]
    used: Mapping[Suppression, tuple[Finding, ...]]


def silence(
    findings: Sequence[Finding],
    suppressions: Sequence[Suppression],
    unsuppressable: frozenset[str],
    counts: Counts,
) -> Silenced:
    """Remove findings that a valid comment covers; some rules ignore comments."""
    valid = _Valid(suppressions)
    kept: list[Finding] = []
    silenced: list[Finding] = []
    used: dict[Suppression, list[Finding]] = {}
    for finding in findings:
        covering = [] if finding.code in unsuppressable else valid.covering(finding)
        counting = [suppression for suppression in covering if counts(suppression, finding)]
        for suppression in covering:
            used.setdefault(suppression, [])
        for suppression in counting:
            used[suppression].append(finding)
        (silenced if counting else kept).append(finding)
    removed = {suppression: tuple(found) for suppression, found in used.items()}
    return Silenced(tuple(kept), tuple(silenced), removed)


class _Valid:
    """The suppressions with codes and a reason."""

    def __init__(self, suppressions: Iterable[Suppression]) -> None:
        self._by_path: dict[str, list[Suppression]] = defaultdict(list)
        self._by_rule: dict[tuple[str, str, str], list[Suppression]] = {}
        for suppression in suppressions:
            if suppression.codes and suppression.reason:
                self._by_path[suppression.place.path].append(suppression)

    def covering(self, finding: Finding) -> list[Suppression]:
        """Those that apply to the rule and the line of a finding."""
        key = (finding.place.path, finding.code, finding.name)
        if key not in self._by_rule:
            self._by_rule[key] = [
                suppression
                for suppression in self._by_path.get(finding.place.path, ())
                if is_named(suppression.codes, finding.code, finding.name)
            ]
        line = finding.place.line
        return [suppression for suppression in self._by_rule[key] if suppression.covers(line)]
