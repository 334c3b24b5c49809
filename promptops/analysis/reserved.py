"""Addresses and numbers of no person: reserved, documented, invented, or not valid."""

from __future__ import annotations

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
