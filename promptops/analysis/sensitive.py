"""Places of personal data and secrets in a text of production, more than lint reports.

Values that are reserved for examples are ignored, as everywhere. Also found are values directly
after `:`, `/`, `=` or an escape such as `\\n`, e-mail addresses with letters beyond ASCII or an
encoded `@`, public IP addresses, and private keys that are cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from re import Pattern
from typing import Literal

from promptops.analysis.masking import without_escapes
from promptops.analysis.match import TextMatch, occurrences
from promptops.analysis.personal_data import personal_numbers
from promptops.analysis.reserved import is_reserved_email
from promptops.analysis.secrets import find_secrets
from promptops.patterns import lazy_pattern
from promptops.records import record

Kind = Literal["email", "phone", "iban", "card", "ssn", "ipv4", "ipv6", "private key", "secret"]

_NUMBERS: dict[str, Kind] = {
    "telephone number": "phone",
    "IBAN": "iban",
    "card number": "card",
    "social security number": "ssn",
}
_SEPARATORS = str.maketrans(dict.fromkeys(":/=#_", " "))
_DOMAIN = lazy_pattern(r"(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}")
_NOT_LOCAL = frozenset('@<>()[]{}",;:/=?&|\\')
_LONGEST_LOCAL = 64
_USER = lazy_pattern(r"://[^\s:/@]{0,64}:")
_IPV4 = lazy_pattern(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_IPV6 = lazy_pattern(r"(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?!\w)")
_REST_OF_KEY = lazy_pattern(
    r"[A-Za-z0-9+/=]*(?:(?:\s|\\[nr]){1,4}[A-Za-z0-9+/=]{16,100})*"
    r"(?:(?:\s|\\[nr])[A-Za-z0-9+/=]{1,100})?"
)


@record(frozen=True, slots=True)
class Sensitive:
    """A value that must not be copied out of production.

    Attributes:
        start, end: Offsets in characters, end exclusive.
    """

    start: int
    end: int
    kind: Kind


def sensitive_places(text: str) -> tuple[Sensitive, ...]:
    """All of them, in order; those that overlap are one, of the kind of the first."""
    plain = without_escapes(text)
    variants = {text, plain, plain.translate(_SEPARATORS)}
    secrets = [_secret(match, text) for each in {text, plain} for match in find_secrets(each)]
    return _united(
        [
            *secrets,
            *_emails(plain),
            *(_number(match) for each in variants for match in personal_numbers(each)),
            *_ip_addresses(text),
        ]
    )


def _number(match: TextMatch) -> Sensitive:
    return Sensitive(match.start, match.end, _NUMBERS[match.name])


def _secret(match: TextMatch, text: str) -> Sensitive:
    if match.name != "private key":
        return Sensitive(match.start, match.end, "secret")
    rest = _REST_OF_KEY.match(text, match.end)
    ended = text.startswith("-----END ", match.end) or rest is None
    return Sensitive(match.start, match.end if ended or not rest else rest.end(), "private key")


def _emails(text: str) -> Iterator[Sensitive]:
    passwords = {found.end() for found in _USER.finditer(text)}
    for sign in ("@", "%40"):
        for at in occurrences(text, sign):
            domain = _DOMAIN.match(text, at + len(sign))
            start = _local_start(text, at) if domain else at
            if domain is None or start == at or start in passwords:
                continue
            if not is_reserved_email(text[start:at], domain[0]):
                yield Sensitive(start, domain.end(), "email")


def _local_start(text: str, at: int) -> int:
    start = at
    while start > max(0, at - _LONGEST_LOCAL):
        char = text[start - 1]
        if char in _NOT_LOCAL or char.isspace():
            break
        start -= 1
    return start


def _ip_addresses(text: str) -> Iterator[Sensitive]:
    """Public ones: those of private networks and of documentation belong to no person."""
    from ipaddress import ip_address

    patterns: tuple[tuple[Kind, Pattern[str]], ...] = (("ipv4", _IPV4), ("ipv6", _IPV6))
    for kind, pattern in patterns:
        for found in pattern.finditer(text):
            # A colon after an address is punctuation, but two are part of it.
            written = re.sub("(?<!:):$", "", found[0])
            with suppress(ValueError):
                if ip_address(written).is_global:
                    yield Sensitive(found.start(), found.start() + len(written), kind)


def _united(found: Iterable[Sensitive]) -> tuple[Sensitive, ...]:
    united: list[Sensitive] = []
    for each in sorted(found, key=lambda each: (each.start, -each.end, each.kind)):
        if united and each.start < united[-1].end:
            last = united[-1]
            united[-1] = Sensitive(last.start, max(last.end, each.end), last.kind)
        else:
            united.append(each)
    return tuple(united)
