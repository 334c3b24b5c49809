"""E-mail addresses, telephone, account, card and social security numbers.

Values that are reserved for examples and fiction are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptops.analysis.match import TextMatch, in_order, occurrences
from promptops.analysis.reserved import (
    is_reserved_card,
    is_reserved_email,
    is_reserved_iban,
    is_reserved_phone,
    is_reserved_social_security_number,
)
from promptops.patterns import lazy_pattern

_SHAPES = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0" * 10 + b"A" * 26)
_LOCAL_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-")
_LONGEST_LOCAL = 64
_DOMAIN = lazy_pattern(r"(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![\w@-])")
_INTERNATIONAL = lazy_pattern(r"\+[1-9](?:[ .-]?\(?\d\)?){7,14}(?![\d-])")
_NORTH_AMERICAN = lazy_pattern(r"(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}(?![\d.-]*\d)")
_IBAN = lazy_pattern(r"[A-Z]{2}\d\d(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = lazy_pattern(r"[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])")  # in a digest letters go on
_SOCIAL_SECURITY = lazy_pattern(r"\d{3}-\d\d-\d{4}(?![\d-])")


def find_personal_data(text: str) -> tuple[TextMatch, ...]:
    """Personal data that is not reserved for examples, in order."""
    emails = _emails(text) if "@" in text else ()
    return in_order([*emails, *personal_numbers(text)])


def _emails(text: str) -> Iterator[TextMatch]:
    for at in occurrences(text, "@"):
        start = _local_start(text, at)
        domain = _DOMAIN.match(text, at + 1) if start < at else None
        if domain and not is_reserved_email(text[start:at], domain[0]):
            yield TextMatch(
                start, domain.end(), "personal data: an e-mail address", "e-mail address"
            )


def _local_start(text: str, at: int) -> int:
    start = at
    while start > max(0, at - _LONGEST_LOCAL) and text[start - 1] in _LOCAL_CHARS:
        start -= 1
    while start < at and text[start] in ".-+%":
        start += 1
    # The login in an address (`https://user:password@host`) is a secret or nothing.
    return at if text[max(0, start - 1) : start] in (":", "/") else start


def personal_numbers(text: str) -> Iterator[TextMatch]:
    """Numbers of persons in no order; they may overlap.

    They are found by what digits look like: one pass over bytes, one byte a character.
    """
    shape = text.encode("latin-1", "replace").translate(_SHAPES)
    if b"000" not in shape and b"00 00" not in shape:
        return
    yield from _phones(text, shape)
    yield from _checked(text, shape, (b"AA00",), _IBAN, "IBAN")
    yield from _checked(text, shape, _CARD_SHAPES, _CARD, "card number")
    yield from _checked(text, shape, (b"000-00-0000",), _SOCIAL_SECURITY, "social security number")


_CARD_SHAPES = (
    b"0000000000000",
    b"0000 0000 0000",
    b"0000-0000-0000",
    b"0000 000000 0",
    b"0000-000000-0",
)
_RESERVED = {
    "IBAN": is_reserved_iban,
    "card number": is_reserved_card,
    "social security number": is_reserved_social_security_number,
}
_NORTH_AMERICAN_SHAPES = (b"000-000-0000", b"(000) 000-0000", b"000.000.0000", b"(000)000-0000")


def _phones(text: str, shape: bytes) -> Iterator[TextMatch]:
    for literal, pattern in (
        (b"+0", _INTERNATIONAL),
        *((shape, _NORTH_AMERICAN) for shape in _NORTH_AMERICAN_SHAPES),
    ):
        for found in _candidates(text, shape, literal, pattern):
            if not is_reserved_phone(found[0]):
                yield _match(found, "telephone number")


def _checked(
    text: str, shape: bytes, literals: tuple[bytes, ...], pattern: re.Pattern[str], name: str
) -> Iterator[TextMatch]:
    for literal in literals:
        for found in _candidates(text, shape, literal, pattern):
            if not _RESERVED[name](found[0]):
                yield _match(found, name)


def _candidates(
    text: str, shape: bytes, literal: bytes, pattern: re.Pattern[str]
) -> Iterator[re.Match[str]]:
    """The matches at the literal; a longer number does not contain several short ones."""
    at = shape.find(literal)
    while at >= 0:
        found = None if _continues(text, at) else pattern.match(text, at)
        if found:
            yield found
        at = shape.find(literal, found.end() if found else _past_run(shape, at, literal))


def _continues(text: str, at: int) -> bool:
    before = text[at - 1] if at else " "
    return before.isalnum() or before in "-._/=#" or (before == "+" and text[at] != "+")


def _past_run(shape: bytes, at: int, literal: bytes) -> int:
    """After the digits that a failed candidate begins with, so that no run is read twice."""
    if literal[:1] == b"0":
        while shape[at : at + 1] == b"0":
            at += 1
        return at
    return at + 1


def _match(found: re.Match[str], name: str) -> TextMatch:
    article = "an" if name == "IBAN" else "a"
    return TextMatch(found.start(), found.end(), f"personal data: {article} {name}", name)
