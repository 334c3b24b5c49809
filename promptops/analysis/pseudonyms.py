"""Personal data and secrets replaced by made-up values of the same kind.

Every made-up value is reserved for examples, so no detector reports it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.analysis.reserved import DOCUMENTED_IBANS, passes_luhn
from promptops.analysis.secrets import SHAPES
from promptops.analysis.sensitive import Kind, sensitive_places

_SHORTEST = 6
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
                if len(original) >= _SHORTEST:
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


def _email(_original: str, number: int) -> str:
    return f"jo.doe-{number}@example.com"


def _phone(original: str, number: int) -> str:
    """One of those that North America reserves for fiction: 555-0100 to 555-0199 of an area."""
    area, line = divmod(number - 1, 100)
    digits = f"{202 + area}5550{100 + line}"
    if original.startswith("+"):
        return f"+1 {digits[:3]}-{digits[3:6]}-{digits[6:]}"
    return _in_form(original, digits)


def _card(original: str, number: int) -> str:
    """A valid number of the range that payment providers use for tests."""
    length = len(_digits(original))
    digits = f"400000{number:0{max(length, 13) - 7}}"
    return _in_form(
        original, next(f"{digits}{n}" for n in range(10) if passes_luhn(f"{digits}{n}"))
    )


def _iban(original: str, number: int) -> str:
    """A documented account; after the last of them, with check digits that can't be right."""
    known = DOCUMENTED_IBANS[number - 1 : number]
    iban = known[0] if known else f"DE00{number:018}"
    fours = (iban[at : at + 4] for at in range(0, len(iban), 4))
    return " ".join(fours) if " " in original else iban


def _ssn(original: str, number: int) -> str:
    """The area 000 is never given out."""
    group, serial = divmod(number - 1, 9999)
    return _in_form(original, f"000{1 + group:02}{1 + serial:04}")


def _ipv4(_original: str, number: int) -> str:
    """Of the networks for documentation; after them, of the one for benchmarks."""
    network, host = divmod(number - 1, 254)
    if network < len(_NETWORKS):
        return f"{_NETWORKS[network]}.{host + 1}"
    return f"198.18.{number // 256 % 256}.{number % 256}"


def _ipv6(_original: str, number: int) -> str:
    return f"2001:db8::{number:x}"


def _private_key(original: str, number: int) -> str:
    return f"{original[: original.index('-----', 5) + 5]}\nEXAMPLE{number}\n"


def _secret(original: str, number: int) -> str:
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


_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_MADE_UP = {
    "email": _email,
    "phone": _phone,
    "card": _card,
    "iban": _iban,
    "ssn": _ssn,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "private key": _private_key,
    "secret": _secret,
}
