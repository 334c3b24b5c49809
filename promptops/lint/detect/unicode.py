"""SEC007: characters that nobody sees and a model reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from promptops.analysis.match import TextMatch
from promptops.counting import some
from promptops.patterns import lazy_pattern

_SUSPECT = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_RUN = lazy_pattern(f"[{_SUSPECT}]+|[\ufe00-\ufe0f]{{2,}}")
_JOINERS = "\u200c\u200d"
_DIRECTION_MARKS = "\u061c\u200e\u200f"
_NEAR = 80

# Scripts whose spelling needs a joiner or a non-joiner: Arabic, Syriac, N'Ko, the Indic ones,
# Tibetan, Myanmar, Khmer, Mongolian, and the Arabic presentation forms.
_JOINING_LETTER = lazy_pattern(
    "[\u0600-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]"
)
_RIGHT_TO_LEFT_LETTER = lazy_pattern("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_EMOJI = lazy_pattern("[\u00a9\u00ae\u203c-\u3299\ufe0f\u20e3\U0001f000-\U0001faff]")
_IDEOGRAPH = lazy_pattern("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_FLAG = lazy_pattern("\U0001f3f4[\U000e0030-\U000e007a]{1,10}\U000e007f")


def find_invisible(text: str) -> tuple[TextMatch, ...]:
    """Runs of invisible characters, in order; those that spelling or emoji need are left alone.

    A byte order mark at the very beginning is left to the reader of the file.
    """
    return () if text.isascii() else tuple(_matches(text))


def _matches(text: str) -> Iterator[TextMatch]:
    for run in _RUN.finditer(text):
        start, end = run.span()
        if start == 0 and text[0] == "\ufeff":
            start = 1
        if start < end and not _is_needed(text, start, end):
            yield TextMatch(start, end, _message(text[start:end]), _named(text[start]), "")


def _is_needed(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    if text[start] >= "\U000e0000":
        return _is_flag(text, start, end) or _is_variant(text, start, end)
    if text[start:end] in _JOINERS:
        return _joins(before, after, text[start:end])
    if text[start:end] in _DIRECTION_MARKS:
        return _holds_right_to_left(text, start)
    return False


def _is_flag(text: str, start: int, end: int) -> bool:
    """The flags of England, Scotland, Wales: a black flag spelled on with tag characters."""
    return start > 0 and _FLAG.fullmatch(text, start - 1, end) is not None


def _is_variant(text: str, start: int, end: int) -> bool:
    """One variation selector after a Chinese character: which of its forms is meant."""
    selector = "\U000e0100" <= text[start] <= "\U000e01ef"
    return selector and end - start == 1 and bool(_IDEOGRAPH.match(text[start - 1 : start]))


def _joins(before: str, after: str, joiner: str) -> bool:
    if _JOINING_LETTER.match(before):
        return True
    return joiner == "\u200d" and bool(_EMOJI.match(before)) and bool(_EMOJI.match(after))


def _holds_right_to_left(text: str, at: int) -> bool:
    """Whether a letter that runs right to left stands on the line, or near it on a long one."""
    start = text.rfind("\n", max(0, at - _NEAR), at) + 1 or max(0, at - _NEAR)
    end = text.find("\n", at, at + _NEAR)
    end = end if end >= 0 else at + _NEAR
    return _RIGHT_TO_LEFT_LETTER.search(text, start, end) is not None


def _message(run: str) -> str:
    return f"an invisible character: {some(run, 1, name=_named)}{_hidden_words(run)}"


def _hidden_words(run: str) -> str:
    """What tag characters spell, which a model may read as ASCII."""
    spelled = "".join(chr(ord(char) - 0xE0000) for char in run if 0xE0020 <= ord(char) <= 0xE007E)
    if len(spelled) < 2:
        return ""
    return f", which spell `{spelled[:40]}{'…' if len(spelled) > 40 else ''}`"


@cache
def _named(char: str) -> str:
    import unicodedata

    if char == "\ufeff":
        return "U+FEFF BYTE ORDER MARK"
    return f"U+{ord(char):04X} {unicodedata.name(char, 'UNASSIGNED')}"
