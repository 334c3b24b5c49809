"""Finds personal data and secrets, and replaces them by made-up values of the same kind.

Every made-up value is reserved for examples, so no detector reports it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from promptops.analysis.match import TextMatch, occurrences
from promptops.analysis.personal_data import (
    DOCUMENTED_IBANS,
    ip_addresses,
    is_reserved_email,
    passes_luhn,
    personal_numbers,
    spelled_emails,
)
from promptops.analysis.secrets import SHAPES, find_secrets, without_escapes
from promptops.patterns import lazy_pattern
from promptops.records import record

Kind = Literal["email", "phone", "iban", "card", "ssn", "ipv4", "ipv6", "private key", "secret"]

MOST_PLACES = 20
"""A sample with more personal data and secrets is not used: little of it would remain."""

_SHORTEST_LEARNED = 6
"""A shorter value is replaced where it is found, and not wherever its characters occur."""


class Pseudonyms:
    """Made-up values for the originals in some JSON values; equal originals get equal ones.

    They are numbered in the order in which the originals occur, so nothing about an original can be
    computed from its replacement. Raises RecursionError for nesting that is too deep.
    """

    def __init__(self, values: Iterable[Any]) -> None:
        self._numbers: dict[Kind, dict[str, int]] = defaultdict(dict)
        learned: dict[str, Kind] = {}
        for text in (text for value in values for text in _texts(value)):
            for place in sensitive_places(text):
                original = text[place.start : place.end]
                self._number(place.kind, original)
                if len(original) >= _SHORTEST_LEARNED:
                    learned.setdefault(original, place.kind)
        self._learned = sorted(learned.items(), key=lambda item: (-len(item[0]), item))

    def replaced(self, value: Any) -> Any:
        """A JSON value with all originals replaced, in keys and in whole numbers, too.

        Raises RecursionError for nesting that is too deep.
        """
        if isinstance(value, str):
            return self._in_text(value)
        if isinstance(value, Mapping):
            return {self._in_text(key): self.replaced(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.replaced(item) for item in value]
        if _is_number(value):
            text = self._in_text(str(value))
            return int(text) if text.isdecimal() else text
        return value

    def _in_text(self, text: str) -> str:
        pieces, done = [], 0
        for place in sensitive_places(text):
            original = text[place.start : place.end]
            pieces += [text[done : place.start], self._made_up(place.kind, original)]
            done = place.end
        text = "".join([*pieces, text[done:]])
        # What only its surroundings revealed, such as `token = …`, is replaced without them, too.
        for original, kind in self._learned:
            if original in text:
                text = text.replace(original, self._made_up(kind, original))
        return text

    def _made_up(self, kind: Kind, original: str) -> str:
        return _MADE_UP[kind](original, self._number(kind, original))

    def _number(self, kind: Kind, original: str) -> int:
        """1 for the first value of a kind."""
        numbers = self._numbers[kind]
        return numbers.setdefault(_without_spelling(kind, original), len(numbers) + 1)


def places_in(value: Any) -> int:
    """How many places of a JSON value have to be replaced; RecursionError as in `Pseudonyms`."""
    return sum(len(sensitive_places(text)) for text in _texts(value))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif _is_number(value):
        yield str(value)


def _is_number(value: Any) -> bool:
    """A whole number with as many digits as an account or a card has."""
    return isinstance(value, int) and not isinstance(value, bool) and 10**8 <= value < 10**19


def _without_spelling(kind: Kind, original: str) -> str:
    """The same for a value in another spelling, such as a number with other spaces."""
    if kind in ("card", "ssn"):
        return _digits(original)
    if kind == "phone":
        digits = _digits(original)
        return digits if original.startswith("+") else f"1{digits}"
    if kind == "iban":
        return original.replace(" ", "")
    return original.casefold() if kind in ("email", "ipv6") else original


def _example_email(_original: str, number: int) -> str:
    return f"jo.doe-{number}@example.com"


def _example_phone(original: str, number: int) -> str:
    """One of those that North America reserves for fiction: 555-0100 to 555-0199 of an area."""
    area, line = divmod(number - 1, 100)
    digits = f"{202 + area}5550{100 + line}"
    if original.startswith("+"):
        return f"+1 {digits[:3]}-{digits[3:6]}-{digits[6:]}"
    return _in_form(original, digits)


def _example_card(original: str, number: int) -> str:
    """A valid number of the range that payment providers use for tests."""
    length = len(_digits(original))
    digits = f"400000{number:0{max(length, 13) - 7}}"
    return _in_form(
        original, next(f"{digits}{n}" for n in range(10) if passes_luhn(f"{digits}{n}"))
    )


def _example_iban(original: str, number: int) -> str:
    """A documented account; after the last of them, with check digits that can't be right."""
    known = DOCUMENTED_IBANS[number - 1 : number]
    iban = known[0] if known else f"DE00{number:018}"
    fours = (iban[at : at + 4] for at in range(0, len(iban), 4))
    return " ".join(fours) if " " in original else iban


def _example_ssn(original: str, number: int) -> str:
    """The area 000 is never given out."""
    group, serial = divmod(number - 1, 9999)
    return _in_form(original, f"000{1 + group:02}{1 + serial:04}")


def _example_ipv4(_original: str, number: int) -> str:
    """Of the networks for documentation; after them, of the one for benchmarks."""
    network, host = divmod(number - 1, 254)
    if network < len(_DOCUMENTATION_NETWORKS):
        return f"{_DOCUMENTATION_NETWORKS[network]}.{host + 1}"
    return f"198.18.{number // 256 % 256}.{number % 256}"


def _example_ipv6(_original: str, number: int) -> str:
    return f"2001:db8::{number:x}"


def _example_private_key(original: str, number: int) -> str:
    return f"{original[: original.index('-----', 5) + 5]}\nEXAMPLE{number}\n"


def _example_secret(original: str, number: int) -> str:
    """As long as the original, with the prefix of its vendor."""
    literals = (literal for shape in SHAPES for literal in shape.literals)
    prefix = max((each for each in literals if original.startswith(each)), key=len, default="")
    return prefix + f"EXAMPLE{number}".ljust(len(original) - len(prefix), "x")


def _in_form(original: str, digits: str) -> str:
    """The digits with the separators of the original, if it has as many digits."""
    if len(_digits(original)) != len(digits):
        return digits
    left = iter(digits)
    return "".join(next(left) if char.isdecimal() else char for char in original)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


_DOCUMENTATION_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_MADE_UP = {
    "email": _example_email,
    "phone": _example_phone,
    "card": _example_card,
    "iban": _example_iban,
    "ssn": _example_ssn,
    "ipv4": _example_ipv4,
    "ipv6": _example_ipv6,
    "private key": _example_private_key,
    "secret": _example_secret,
}


# Places of personal data and secrets in a text of production: more than lint reports.

_KINDS: dict[str, Kind] = {
    "e-mail address": "email",
    "IPv4 address": "ipv4",
    "IPv6 address": "ipv6",
    "telephone number": "phone",
    "IBAN": "iban",
    "card number": "card",
    "social security number": "ssn",
}
_SEPARATORS = str.maketrans(dict.fromkeys(":/=#_", " "))
_EMAIL_DOMAIN = lazy_pattern(r"(?:[\w-]{1,63}\.){1,6}[^\W\d_]{2,24}")
_NOT_IN_LOCAL_PART = frozenset('@＠﹫<>()[]{}",;:/=?&|\\')
_LONGEST_LOCAL_PART = 64
_USER_IN_URL = lazy_pattern(r"://[^\s:/@]{0,64}:")
_REST_OF_PRIVATE_KEY = lazy_pattern(
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
    """All places in order; those that overlap are one, of the kind of the first.

    Values that are reserved for examples are ignored, as everywhere. Beyond what lint reports,
    values directly after `:`, `/`, `=` or an escape such as `\\n` are found, e-mail addresses with
    letters beyond ASCII or an encoded `@`, public IP addresses, and private keys that are cut off.
    """
    plain = without_escapes(text)
    variants = {text, plain, plain.translate(_SEPARATORS)}
    secrets = [_secret_place(match, text) for each in {text, plain} for match in find_secrets(each)]
    return _united(
        [
            *secrets,
            *_email_places(plain),
            *(_place(match) for match in spelled_emails(plain)),
            *(_place(match) for each in variants for match in personal_numbers(each)),
            *(_place(match) for match in ip_addresses(text)),
        ]
    )


def _place(match: TextMatch) -> Sensitive:
    return Sensitive(match.start, match.end, _KINDS[match.name])


def _secret_place(match: TextMatch, text: str) -> Sensitive:
    if match.name != "private key":
        return Sensitive(match.start, match.end, "secret")
    rest = _REST_OF_PRIVATE_KEY.match(text, match.end)
    ended = text.startswith("-----END ", match.end) or rest is None
    return Sensitive(match.start, match.end if ended or not rest else rest.end(), "private key")


def _email_places(text: str) -> Iterator[Sensitive]:
    passwords = {found.end() for found in _USER_IN_URL.finditer(text)}
    for sign in ("@", "＠", "﹫", "%40"):
        for at in occurrences(text, sign):
            domain = _EMAIL_DOMAIN.match(text, at + len(sign))
            start = _local_part_start(text, at) if domain else at
            if domain is None or start == at or start in passwords:
                continue
            if not is_reserved_email(text[start:at], domain[0]):
                yield Sensitive(start, domain.end(), "email")


def _local_part_start(text: str, at: int) -> int:
    start = at
    while start > max(0, at - _LONGEST_LOCAL_PART):
        char = text[start - 1]
        if char in _NOT_IN_LOCAL_PART or char.isspace():
            break
        start -= 1
    return start


def _united(found: Iterable[Sensitive]) -> tuple[Sensitive, ...]:
    united: list[Sensitive] = []
    for each in sorted(found, key=lambda each: (each.start, -each.end, each.kind)):
        if united and each.start < united[-1].end:
            last = united[-1]
            united[-1] = Sensitive(last.start, max(last.end, each.end), last.kind)
        else:
            united.append(each)
    return tuple(united)
