"""E-mail and IP addresses, telephone, account, card and social security numbers.

Values that are reserved for examples and fiction are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

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
_NORTH_AMERICAN = lazy_pattern(
    r"(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}(?![\d.-]*\d)"
    r"|[2-9]\d\d [2-9]\d\d \d{4}(?![\w-]| ?[.,]?\d)"
)
_NATIONAL = lazy_pattern(
    r"0[1-9](?:(?:\.\d\d){4}|\d{0,4}\)?(?:[ /-]{1,3}\d{2,8}){1,5})(?![\w-]|[.,:/]\d)"
)
_NATIONAL_DIGITS = range(9, 13)
_DATE = lazy_pattern(
    r"\d\d?(?P<mark>[-/. ])\d\d?(?P=mark)(?:19|20)\d\d(?:\D.*)?"
    r"|\d\d\D(?:.*\D)?(?:19|20)\d\d(?:\D.*)?"
)
_NUMBER = lazy_pattern(r"\d(?:[ ()/.-]{0,3}\d){6,14}(?![\w-]|[.,:/]\d)")
_NAMED_TELEPHONE = lazy_pattern(
    r"\b(?:tel|telephone|telefon|telefonnummer|téléphone|telefono|teléfono|telefone|telefoon|phone"
    r"|mobile|mobil|móvil|cellulare|celular|portable|handy|handynummer|fax|whatsapp|sms"
    r"|call (?:me|us|him|her|them)|reach (?:me|us|him|her|them)|rufen sie mich|ruf mich)\b"
    r"[^\w\n+(]{0,4}(?:(?:number|nummer|no|nr|back|at|on|is|ist|lautet|unter|est|es|al|au|an)\b"
    r"[^\w\n+(]{0,3}){0,3}\(?$",
    re.IGNORECASE,
)
"""Matches what names the number after it a telephone number."""
_LONGEST_NAME = 48
_IBAN = lazy_pattern(r"[A-Z]{2}\d\d(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = lazy_pattern(r"[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])")  # in a digest letters go on
_SOCIAL_SECURITY = lazy_pattern(r"\d{3}-\d\d-\d{4}(?![\d-])")
_FULL_WIDTH = {0xFF00 + offset: chr(0x20 + offset) for offset in range(1, 0x5F)} | {
    0xFE6B: "@",
    0x3000: " ",
}
"""From the characters of East Asian fonts, such as `＠` and `０`, to those of ASCII."""
_ANY_FULL_WIDTH = lazy_pattern("[\uff01-\uff5e\ufe6b]")


def find_personal_data(text: str) -> tuple[TextMatch, ...]:
    """Personal data that is not reserved for examples, in order."""
    if not text.isascii() and _ANY_FULL_WIDTH.search(text):
        text = text.translate(_FULL_WIDTH)
    emails = _emails(text) if "@" in text else ()
    addresses = (each for each in ip_addresses(text) if not _is_version(text, each))
    return in_order([*emails, *spelled_emails(text), *personal_numbers(text), *addresses])


def _emails(text: str) -> Iterator[TextMatch]:
    for at in occurrences(text, "@"):
        start = _local_start(text, at)
        domain = _DOMAIN.match(text, at + 1) if start < at else None
        if domain and not is_reserved_email(text[start:at], domain[0]):
            yield TextMatch(
                start, domain.end(), "personal data: an e-mail address", "e-mail address"
            )


_PLAIN = bytes.maketrans(b"[{<]}>ADOT", b"((()))adot")
_SPELLED_EMAIL = lazy_pattern(
    r"([\w.%+-]{1,64}) ?(?:[\[({<] ?at ?[\])}>]|(?<=\w) at(?= )) ?"
    r"((?:[\w-]{1,63}(?:\.| ?[\[({<] ?(?:dot|punkt|point|punto) ?[\])}>] ?| dot )){1,6}[a-z]{2,24})"
    r"(?![\w@-])",
    re.IGNORECASE,
)
_SPELLED_DOT = lazy_pattern(r" ?[\[({<] ?(?:dot|punkt|point|punto) ?[\])}>] ?| dot ", re.IGNORECASE)
_MAILBOXES = lazy_pattern(
    r"(?:gmail|googlemail|outlook|hotmail|yahoo|icloud|proton|protonmail|gmx|web|aol|live|me)\..*",
    re.IGNORECASE,
)


def spelled_emails(text: str) -> Iterator[TextMatch]:
    """Addresses that avoid the sign, as in `ada [at] firma [dot] at`, in no order.

    Without brackets both must be spelled out, as in `ada at gmail dot com`; the provider is a known
    one then, or the name has a digit or a dot, because "look at acme dot com" is no address.
    """
    shape = text.encode("latin-1", "replace").translate(_PLAIN)
    for sign in (b"(at)", b"( at )", *((b" at ",) if b" dot " in shape else ())):
        for at in occurrences(shape, sign):
            found = _SPELLED_EMAIL.match(text, _local_start(text, at - (text[at - 1 : at] == " ")))
            if found and found.start(2) >= at and not _is_no_email(found, sign == b" at "):
                message = "personal data: an e-mail address"
                yield TextMatch(found.start(), found.end(), message, "e-mail address")


def _is_no_email(found: re.Match[str], plain: bool) -> bool:
    local, domain = found[1], _SPELLED_DOT.sub(".", found[2])
    if plain and ("." in found[2] or not (_MAILBOXES.match(domain) or re.search(r"[\d._]", local))):
        return True
    return is_reserved_email(local, domain)


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
    shape = _shape(text)
    if b"00" not in shape:
        return
    yield from _phones(text, shape)
    yield from _national_phones(text, shape)
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


def _shape(text: str) -> bytes:
    """The text with 0 for each digit and A for each capital letter, one byte a character."""
    return text.encode("latin-1", "replace").translate(_SHAPES)


_WITH_BLANKS = b"000 000 0000"
_NORTH_AMERICAN_SHAPES = (
    *(b"000-000-0000", b"(000) 000-0000", b"000.000.0000", b"(000)000-0000", _WITH_BLANKS),
)


def _phones(text: str, shape: bytes) -> Iterator[TextMatch]:
    for literal, pattern in (
        (b"+0", _INTERNATIONAL),
        *((shape, _NORTH_AMERICAN) for shape in _NORTH_AMERICAN_SHAPES),
    ):
        for found in _candidates(text, shape, literal, pattern):
            in_row = literal == _WITH_BLANKS and _is_after_digit(text, found.start())
            if not in_row and not is_reserved_phone(found[0]):
                yield _match(found, "telephone number")


def _is_after_digit(text: str, at: int) -> bool:
    """Whether a number is one of several in a row, as in a table."""
    return text[at - 1 : at] == " " and text[max(at - 2, 0) : at - 1].isdigit()


def _national_phones(text: str, shape: bytes) -> Iterator[TextMatch]:
    """Telephone numbers without a country code: those with a leading zero, and those named so."""
    for found in _candidates(text, shape, b"00", _NATIONAL):
        if not _is_after_digit(text, found.start()) and not _is_no_phone(found[0]):
            opened = text[max(found.start() - 1, 0) : found.start()] == "(" and ")" in found[0]
            start = found.start() - opened
            yield TextMatch(start, found.end(), *_TELEPHONE)
    for found in _candidates(text, shape, b"00", _NUMBER):
        before = text[max(found.start() - _LONGEST_NAME, 0) : found.start()]
        is_named = _NAMED_TELEPHONE.search(before) and not _DATE.fullmatch(found[0])
        if is_named and not is_reserved_phone(found[0]):
            yield TextMatch(found.start(), found.end(), *_TELEPHONE)


_TELEPHONE = ("personal data: a telephone number", "telephone number")


def _is_no_phone(number: str) -> bool:
    digits = sum(map(str.isdigit, number))
    if digits not in _NATIONAL_DIGITS or _DATE.fullmatch(number):
        return True
    if _SOCIAL_SECURITY.fullmatch(number):
        return True
    return is_reserved_phone(number)


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


_IPV4 = lazy_pattern(r"(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_IPV6 = lazy_pattern(r"[0-9A-Fa-f]{4}(?::[0-9A-Fa-f]{0,4}){2,7}(?!\w)")
_HEX = bytes.maketrans(b"0123456789abcdefABCDEF", b"0" * 22)


def ip_addresses(text: str) -> Iterator[TextMatch]:
    """Public ones: those of private networks and of documentation belong to no person."""
    shape = _shape(text)
    for at in occurrences(shape, b"0.0"):
        start = at
        while start and shape[start - 1 : start] == b"0":
            start -= 1
        if shape[max(start - 1, 0) : start] != b".":
            yield from _ip_address(_IPV4.match(text, start), "IPv4 address")
    if ":" not in text:
        return
    hexadecimal = text.encode("latin-1", "replace").translate(_HEX)
    for literal in (b"0000:0", b"0000::"):
        for at in occurrences(hexadecimal, literal):
            before = text[max(at - 1, 0) : at]
            if before != ":" and not before.isalnum():
                yield from _ip_address(_IPV6.match(text, at), "IPv6 address")


def _ip_address(found: re.Match[str] | None, name: str) -> Iterator[TextMatch]:
    if found is None:
        return
    from ipaddress import ip_address

    # A colon after an address is punctuation, but two are part of it.
    written = re.sub("(?<!:):$", "", found[0])
    with suppress(ValueError):
        if ip_address(written).is_global:
            end = found.start() + len(written)
            yield TextMatch(found.start(), end, "personal data: an IP address", name)


def _is_version(text: str, address: TextMatch) -> bool:
    """Whether it may be the number of a version or a section, or names in code: `a::b`."""
    written = text[address.start : address.end]
    if address.name == "IPv6 address":
        return written.count(":") < 3
    parts = written.split(".")
    if parts.count("0") > 1 or all(len(part) == 1 for part in parts):
        return True
    return _BEFORE_VERSION.search(text[max(address.start - 12, 0) : address.start]) is not None


_BEFORE_VERSION = lazy_pattern(
    r"(?:version|release|build|section|\bv|[<>=~!]=|-|(?<!/)/|\d:)\s?$", re.IGNORECASE
)
"""Matches the end of `Chrome/` and of a time, too."""


def _match(found: re.Match[str], name: str) -> TextMatch:
    article = "an" if name == "IBAN" else "a"
    return TextMatch(found.start(), found.end(), f"personal data: {article} {name}", name)
