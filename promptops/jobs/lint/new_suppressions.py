"""Risks in comments that silence findings: new ones, and old ones above new text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache

from promptops.catalog.catalog import Catalog
from promptops.lint.suppressions import Counts, Suppression
from promptops.model.finding import Finding
from promptops.model.place import Place
from promptops.model.report import SilencingComment
from promptops.model.risk import Risk

SECURITY = "SEC"
"""The code prefix of the security rules."""

Before = Callable[[str], bytes | None]
"""From a path to the content of the file at the base; None where the base has no such file."""


def comment_risks(
    comments: Iterable[SilencingComment], catalog: Catalog, before: Before
) -> Iterator[Risk]:
    """Each comment that the base does not have; of the others, each finding on a new line."""
    known = _BaseLines(catalog, before)
    for comment in comments:
        codes = " and ".join(f"`{code}`" for code in comment.codes)
        prompt = catalog.id_of(comment.place.path) or ""
        if not known.has_words(comment.place):
            message = f"a new comment silences {codes}: {comment.reason}"
            yield Risk(message=message, prompt=prompt, place=comment.place)
            continue
        for finding in comment.silenced:
            if not known.has_line(finding.place):
                message = f"an existing comment silences `{finding.code}` in new text"
                yield Risk(message=message, prompt=prompt, place=finding.place)


def only_known(catalog: Catalog, before: Before) -> Counts:
    """Whether a comment counts in an untrusted change.

    It silences a security rule only where the base has both the comment and the line of the
    finding.
    """
    known = _BaseLines(catalog, before)

    def counts(comment: Suppression, finding: Finding) -> bool:
        if not finding.code.startswith(SECURITY):
            return True
        return known.has_words(comment.place) and known.has_line(finding.place)

    return counts


class _BaseLines:
    """The lines of the base's files; compared without surrounding white space."""

    def __init__(self, catalog: Catalog, before: Before) -> None:
        self._catalog = catalog
        self._lines = cache(lambda path: _lines(before(path)))

    def has_words(self, place: Place) -> bool:
        """Whether any line of the file contains the text at a place."""
        line = self._catalog.line(place.path, place.line)
        words = line[place.column - 1 : place.end_column - 1].strip()
        return any(words in each for each in self._lines(place.path))

    def has_line(self, place: Place) -> bool:
        line = self._catalog.line(place.path, place.line).strip()
        return line in self._lines(place.path)


def _lines(data: bytes | None) -> frozenset[str]:
    text = (data or b"").decode("utf-8", "replace")
    return frozenset(line.strip() for line in text.splitlines())
