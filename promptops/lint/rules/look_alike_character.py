"""SEC012."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.match import TextMatch
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.passages import Passage
from promptops.look_alikes import LATIN, named
from promptops.patterns import lazy_pattern
from promptops.runtime.template.limits import cached_by_size


@rule("SEC012", severity=Severity.WARNING)
def look_alike_character(passages: Sequence[Passage]) -> Iterator[Problem]:
    """A word has only letters of its own script, and ordinary spaces around it.

    A Cyrillic or Greek letter in a Latin word looks right to a reviewer, but the model receives
    another word, and assertions and searches don't find it. The same applies to a no-break space
    between two words, which comes from web pages and word processors. Texts in Cyrillic or Greek,
    and no-break spaces as French, Czech, a number with its unit or a name (`Dr Smith`) need them,
    are not reported. Invisible characters are reported by [SEC007](SEC007.md).

    Bad:
        messages:
          - role: user
            content: "Summ\\u0430rize this ticket."

    Bad:
        messages:
          - role: user
            content: "Sort\\u00a0this ticket."

    Good:
        messages:
          - role: user
            content: "Summarize this ticket of 10\\u00a0lines. \\u041f\\u0440\\u0438!"
    """
    for passage in passages:
        for match in _found(passage.text):
            if passage.is_wholly_written(match.start, match.end):
                place = passage.place(match.start, match.end)
                yield passage.problem(
                    match.message,
                    match.start,
                    match.end,
                    hint=f"write `{match.replacement}`" if match.name else "write a space",
                    fix=Fix((Edit(place, match.replacement or ""),), safe=False),
                )


_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_NO_BREAK = "\u00a0\u202f"
_LETTER = "A-Za-z\u00c0-\u024f"
_SPACE_IN_TEXT = lazy_pattern(f"(?<=[{_LETTER}]{{2}})[{_SPACES}](?=[{_LETTER}]{{2}})")
_NEEDED_SPACES = lazy_pattern(
    f"\u00ab[{_SPACES}]|[{_SPACES}][:;!?%\u00bb\u2013\u2014]|\\b\\w[{_SPACES}]"
)
_WORD = lazy_pattern(r"[^\W\d_]{3,60}")
_OTHER_SCRIPT = lazy_pattern("[\u0370-\u052f]")
_NEAR = 200
_LEAST_LATIN = 2
"""Letters of a word that must be ASCII: `10 k\u039f` or `x\u03bf` may be a formula."""


@cached_by_size(16_000_000)
def _found(text: str) -> tuple[TextMatch, ...]:
    return () if text.isascii() else tuple(find_look_alikes(text))


def find_look_alikes(text: str) -> Iterator[TextMatch]:
    """Latin words with look-alike letters, then spaces between words that only look like one."""
    if _OTHER_SCRIPT.search(text):
        for word in _WORD.finditer(text):
            letter = _foreign_letter(word[0])
            if letter and not _is_near_its_script(text, word.start(), word.end()):
                latin = word[0].translate(LATIN)
                message = (
                    f"`{letter}` in `{word[0]}` is {named(letter)}, not `{letter.translate(LATIN)}`"
                )
                yield TextMatch(word.start(), word.end(), message, letter, latin)
    if not _NEEDED_SPACES.search(text):
        for space in _SPACE_IN_TEXT.finditer(text):
            if space[0] in _NO_BREAK and text[space.end()].isupper():
                continue  # typographers keep the parts of a name on one line
            message = f"{named(space[0])} between two words"
            yield TextMatch(space.start(), space.end(), message, "", " ")


def _foreign_letter(word: str) -> str | None:
    """The first look-alike letter of a word that has only these and Latin letters."""
    latin = word.translate(LATIN)
    if word.isascii() or latin == word or _OTHER_SCRIPT.search(latin):
        return None
    changed = [char for char, other in zip(word, latin, strict=True) if char != other]
    is_latin = sum(char.isascii() for char in word) >= _LEAST_LATIN
    return changed[0] if is_latin else None


def _is_near_its_script(text: str, start: int, end: int) -> bool:
    """Whether letters around a word show that the text is written in the other script, too."""
    before, after = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
    around = f"{before} {after}".translate(LATIN)
    return _OTHER_SCRIPT.search(around) is not None
