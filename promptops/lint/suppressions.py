"""Comments that suppress a finding, with a code and a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from promptops.lint.rule_names import is_named
from promptops.model.finding import Finding
from promptops.model.place import Place, Text
from promptops.patterns import lazy_pattern
from promptops.records import record

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
    """

    place: Place
    codes: tuple[str, ...]
    reason: str
    first: int
    last: int

    def covers(self, finding: Finding) -> bool:
        """Whether it applies to this finding's rule and line."""
        named = is_named(self.codes, finding.code, finding.name)
        return named and self.covers_line(finding.place)

    def covers_line(self, place: Place) -> bool:
        """Whether it applies to the first line of a place."""
        if place.path != self.place.path:
            return False
        return self.last == 0 or self.first <= place.line <= self.last


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
    for match in _JINJA_LINE.finditer(text.value):
        place = text.place(match.start(1), match.end(1))
        line = text.locate(_next_line(text.value, match.end()))[0]
        found = directive(match[1], place, (line, line))
        if found is not None:
            yield found


def _next_line(source: str, offset: int) -> int:
    """The offset of the next line that is not such a comment."""
    while offset < len(source):
        start = offset + 1
        end = source.find("\n", start)
        end = len(source) if end < 0 else end
        if start <= end and source[start:end].strip() and not _JINJA_LINE.match(source[start:end]):
            return min(start, len(source) - 1)
        offset = end
    return max(len(source) - 1, 0)


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
    valid = [
        suppression for suppression in suppressions if suppression.codes and suppression.reason
    ]
    kept: list[Finding] = []
    silenced: list[Finding] = []
    used: dict[Suppression, tuple[Finding, ...]] = {}
    for finding in findings:
        covering = [suppression for suppression in valid if suppression.covers(finding)]
        if finding.code in unsuppressable:
            covering = []
        counting = [suppression for suppression in covering if counts(suppression, finding)]
        used |= {suppression: used.get(suppression, ()) for suppression in covering}
        used |= {suppression: (*used[suppression], finding) for suppression in counting}
        (silenced if counting else kept).append(finding)
    return Silenced(tuple(kept), tuple(silenced), used)
