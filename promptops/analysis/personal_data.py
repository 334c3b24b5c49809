"""Addresses and numbers of no person: reserved, documented, invented, or not valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from promptops.analysis.match import TextMatch, in_order, occurrences
from promptops.patterns import lazy_pattern

_NOBODYS_TOP = frozenset(("example", "test", "invalid", "localhost", "local", "internal"))
_NOBODYS_DOMAIN = lazy_pattern(
    r"(?:.*\.)?(?:example(?:\.[a-z]{2,3})?\.[a-z]{2,3}|(?:domain|email)\.com"
    r"|(?:your|my|some)-?(?:domain|company|email|org|website|site|business)\.(?:com|org|net|io)"
    r"|contoso\.com|fabrikam\.com|users\.noreply\.github\.com)"
)
_NOBODYS_LOCAL = lazy_pattern(r"(?:no|donot|do-not)[-_.]?reply|git|mailer-daemon|example")
_FILE_ENDINGS = frozenset(
    ("png", "jpg", "jpeg", "gif", "svg", "webp", "md", "py", "js", "ts", "css")
)

# Documented: ITU and national regulators' numbers for drama and examples, without separators.
_FICTION = lazy_pattern(
    r"1(?:[2-9]\d\d)?555\d{0,7}"  # North America, whole exchange: no line of it is a person's
    r"|44(?:20794[6]0\d{3}|7700900\d{3}|1632960\d{3}|1(?:1[3-8]|[2-6]1)4960\d{3}|1914980\d{3}"
    r"|289649 ?6\d{3}|2920180\d{3}|3069990\d{3}|8081570\d{3}|9098790\d{3})"
    r"|49(?:3023125\d{3}|6990009\d{3}|4066969\d{3}|2214710\d{3}|8999998\d{3}|152(?:28817386"
    r"|28895456|54599371)|17139200\d\d|176040690\d\d|1729925904)"
    r"|33(?:19900|26191|35301|46571|53649|63998)\d{4}"
    r"|61(?:[2378](?:5550|7010)\d{4}|491570\d{3})|35320(?:91)\d{5}"
    r"|46(?:313900[6]\d\d|406280[4]\d\d|8465004\d\d|70174\d{4})"
)

_IBANS = """DE89370400440532013000 DE75512108001245126199 DE02120300000000202051
    DE91100000000123456789 GB82WEST12345698765432 GB29NWBK60161331926819 GB33BUKB20201555555555
    GB94BARC10201530093459
    FR1420041010050500013M02606 FR7630006000011234567890189 FR7630001007941234567890185
    NL91ABNA0417164300 NL02ABNA0123456789 ES9121000418450200051332 ES7921000813610123456789
    BE68539007547034 BE71096123456769 CH9300762011623852957 CH5604835012345678009
    AT611904300234573201 AT483200000012345864 IT60X0542811101000000123456
    PL61109010140000071219812874
    SE4550000000058398257466 DK5000400440116243 NO9386011117947 FI2112345600000785
    IE29AIBK93115212345678 LU280019400644750000 PT50000201231234567890154
    CZ6508000000192000145399"""
DOCUMENTED_IBANS = tuple(_IBANS.split())
"""Valid accounts that banks print in their documentation."""

_LENGTHS = """AT20 BE16 BG22 CH21 CY28 CZ24 DE22 DK18 EE20 ES24 FI18 FR27 GB22 GR27 HR21 HU28 IE22
    IS26 IT27 LI21 LT20 LU20 LV21 MC27 MT31 NL18 NO15 PL28 PT25 RO24 SE24 SI19 SK24 TR26 UA29 AE23
    SA24 IL23 BR29 RS22 BA20 AL28 AD24 GE22 QA29"""
_IBAN_LENGTHS = {length[:2]: int(length[2:]) for length in _LENGTHS.split()}

# Test numbers of card schemes and payment providers.
_CARDS = """4111111111111111 4012888888881881 4222222222222 4242424242424242 5555555555554444
    5105105105105100 5200828282828210 2223003122003222 2223000048400011 378282246310005
    371449635398431 378734493671000 6011111111111117 6011000990139424 6011981111111113
    30569309025904 38520000023237 36227206271667 3056930009020004 3530111333300000
    3566002020360505 6200000000000005 4917610000000000 4988438843884305 5019717010103742
    5454545454545454 4916338506082832 4539578763621486 4532015112830366 5425233430109903
    2222420000001113 4263982640269299 4917484589897107 4001919257537193"""
_TEST_CARDS = frozenset(_CARDS.split())
_ISSUED = lazy_pattern(
    r"4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|6(?:011|5|4[4-9]|2)|35|30|3[68]"
)
_ADVERTISED_SOCIAL_SECURITY = frozenset(
    ("078-05-1120", "219-09-9999", "123-45-6789", "457-55-5462", "111-22-3333", "123-12-1234")
)


def is_reserved_email(local: str, domain: str) -> bool:
    """An address for examples or machines, or no address at all."""
    domain = domain.lower()
    top = domain.rpartition(".")[2]
    if top in _NOBODYS_TOP or top in _FILE_ENDINGS or _NOBODYS_DOMAIN.fullmatch(domain):
        return True
    return _NOBODYS_LOCAL.fullmatch(local.lower()) is not None


def is_reserved_phone(number: str) -> bool:
    """A number for fiction, or one typed to look like a number. With or without country code."""
    digits = _digits(number)
    if number.startswith("+"):
        return _is_typed(digits) or _FICTION.fullmatch(_without_trunk_zero(digits)) is not None
    if digits.startswith("0"):
        abroad = [f"{code}{digits[1:]}" for code in ("1", "44", "49", "33", "61", "353", "46")]
        return _is_typed(digits) or any(map(_FICTION.fullmatch, abroad))
    return any(map(_is_typed, (digits, f"1{digits}"))) or bool(_FICTION.fullmatch(f"1{digits}"))


def _without_trunk_zero(digits: str) -> str:
    """`+44 (0)20 …` is written with a zero that is not dialled."""
    return f"{digits[:2]}{digits[3:]}" if digits[:3] in ("440", "490", "330", "610") else digits


def is_reserved_iban(written: str) -> bool:
    """A documented account, or one that can't exist: wrong length or check digits."""
    iban = written.replace(" ", "")
    if iban in DOCUMENTED_IBANS or len(iban) != _IBAN_LENGTHS.get(iban[:2]):
        return True
    return int("".join(str(int(char, 36)) for char in iban[4:] + iban[:4])) % 97 != 1


def is_reserved_card(written: str) -> bool:
    """A scheme's test number, or one that can't exist: no issuer, or wrong check digit."""
    digits = _digits(written)
    if digits in _TEST_CARDS or digits.startswith("400000") or len(set(digits)) < 4:
        return True
    return not (13 <= len(digits) <= 19 and _ISSUED.match(digits) and passes_luhn(digits))


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the right check digit of a card number."""
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0


def is_reserved_social_security_number(written: str) -> bool:
    """One that was never given out, or that was printed in advertisements."""
    area, group, serial = written.split("-")
    if area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000":
        return True
    return written in _ADVERTISED_SOCIAL_SECURITY or _is_typed(area + group + serial)


def _is_typed(digits: str) -> bool:
    """One digit again and again, or the digits in their order."""
    return len(set(digits)) < 3 or digits in "01234567890123456789" or digits in "9876543210987"


def _digits(written: str) -> str:
    return "".join(char for char in written if char.isdigit())


# E-mail and IP addresses, telephone, account, card and social security numbers.
#
# Values that are reserved for examples and fiction are ignored.

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
