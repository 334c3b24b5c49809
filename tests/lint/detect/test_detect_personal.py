from __future__ import annotations

import pytest

from promptops.analysis.personal_data import find_personal_data

FIRING = [
    ("Write to jane.doe@gmail.com today.", "jane.doe@gmail.com", "an e-mail address"),
    ("Mail <k.meier+x@uni-mainz.de>", "k.meier+x@uni-mainz.de", "an e-mail address"),
    ("Call +49 171 2345678 now", "+49 171 2345678", "a telephone number"),
    ("Call +442079461234 now", "+442079461234", "a telephone number"),
    ("Phone: (415) 867-5309.", "(415) 867-5309", "a telephone number"),
    ("Phone 212-736-5000, ask for Bob", "212-736-5000", "a telephone number"),
    ("IBAN DE44 5001 0517 5407 3249 31", "DE44 5001 0517 5407 3249 31", "an IBAN"),
    ("to GB98MIDL07009312345678.", "GB98MIDL07009312345678", "an IBAN"),
    ("card 4539 1488 0343 6467 exp", "4539 1488 0343 6467", "a card number"),
    ("card 374245455400126", "374245455400126", "a card number"),
    ("SSN 536-22-8726.", "536-22-8726", "a social security number"),
    ("Phone 212 736 5000 today", "212 736 5000", "a telephone number"),
    ("Mobil 0171 2345678.", "0171 2345678", "a telephone number"),
    ("0171/2345678", "0171/2345678", "a telephone number"),
    ("Büro (030) 901820", "(030) 901820", "a telephone number"),
    ("020 8946 7123", "020 8946 7123", "a telephone number"),
    ("06 12 34 56 78", "06 12 34 56 78", "a telephone number"),
    ("06.12.34.56.78", "06.12.34.56.78", "a telephone number"),
    ("My phone number is 01715520934.", "01715520934", "a telephone number"),
    ("Call me at 867 5309", "867 5309", "a telephone number"),
    ("０１７１　２３４５６７８", "０１７１　２３４５６７８", "a telephone number"),
    ("from 84.17.23.9: refused", "84.17.23.9", "an IP address"),
    ("https://84.17.23.9/login", "84.17.23.9", "an IP address"),
    ("host=84.17.23.9", "84.17.23.9", "an IP address"),
    ("to 2a00:1450:4001:829::200e.", "2a00:1450:4001:829::200e", "an IP address"),
    ("anna [at] firma [dot] at", "anna [at] firma [dot] at", "an e-mail address"),
    ("Mail anna.k(at)firma.de", "anna.k(at)firma.de", "an e-mail address"),
    ("anna.k at firma dot de", "anna.k at firma dot de", "an e-mail address"),
    ("jane at gmail dot com", "jane at gmail dot com", "an e-mail address"),
    ("Mail anna＠firma.de", "anna＠firma.de", "an e-mail address"),
    ("Mail ａｎｎａ＠ｆｉｒｍａ．ｄｅ", "ａｎｎａ＠ｆｉｒｍａ．ｄｅ", "an e-mail address"),
]


@pytest.mark.parametrize(("text", "data", "kind"), FIRING, ids=[data for _, data, _ in FIRING])
def test_personal_data_is_found(text: str, data: str, kind: str) -> None:
    found = [(text[m.start : m.end], m.message) for m in find_personal_data(text)]

    assert found == [(data, f"personal data: {kind}")]


@pytest.mark.parametrize(
    "text",
    [
        "4539148803436467a0ffee",  # a digest
        "",
        "Nothing here, and 42 besides.",
        "ada@example.com, bob@mail.example.org, c@example.net, d@example.co.uk",
        "a@host.test, b@x.invalid, c@y.example, root@localhost, e@printer.local",
        "noreply@acme.io, no-reply@acme.io, git@github.com:acme/app.git",
        "you@yourcompany.com and name@domain.com",
        "icon@2x.png, pip install a@1.2.3, @app.route, @ada, a @ b.io",
        "https://user:word@db.acme.io",
        "+1 415 555 0132, (212) 555-0199, 555-0100",
        "+44 20 7946 0958, +44 (0)7700 900123, +49 30 23125 001, +33 1 99 00 12 34",
        "123-456-7890, 000-000-0000, +1 234 567 8901, +1 111 111 1111",
        "2025-10-07 12:30:45, v1.2.3, 10.0.0.1, 192.168.100.200",
        "203.0.113.9, 198.51.100.7, 127.0.0.1, 2001:db8::1, fe80::1, ::1",
        "version 10.22.3.41, Chrome/120.0.6099.71, pkg==14.22.3.41, 1.2.3.4, 8.8.8.8, v84.17.23.9",
        "std::vector, a::b, 12:30:45, 1.0.0.233, 2023-08-24T14:59:56.38.19.16",
        "020 7946 0123, 07700 900123, phone: 555-0100, phone 1234567",
        "05-12-2024 10:30, 05-12 2024 10, 01.02.2024, 09-12-2024 110, 250 300 4000 500",
        "id 0712345678, 0123456789, 0.123 456 7890, order 00 12 34 56 78, call 1000000 times",
        "look at acme dot com, items[at].name, me (at) example.com, ada [at] mail [dot] example",
        "DE89 3704 0044 0532 0130 00 and GB82 WEST 1234 5698 7654 32",
        "DE44 5001 0517 5407 3249 32 has wrong check digits, AB12 CDEF GHIJ KLMN no country",
        "4242 4242 4242 4242, 4111-1111-1111-1111, 378282246310005, 4000 0000 0000 9995",
        "4539 1488 0343 6468 fails the check, 1234567890123456 has no issuer",
        "id 00004539148803436467, sku-4539148803436467",
        "078-05-1120, 123-45-6789, 000-12-3456, 666-12-3456, 912-34-5678, 536-00-1234, 536-22-0000",
        "CVE-2021-26084, order 1042-33-9000-1, part 123-45-67890",
    ],
)
def test_what_is_reserved_or_invalid_is_nobodys(text: str) -> None:
    assert find_personal_data(text) == ()


def test_offsets_are_those_of_the_text_whatever_stands_before() -> None:
    text = "Größe 漢字 🙂: jane.doe@gmail.com, +49 171 2345678"

    found = [text[m.start : m.end] for m in find_personal_data(text)]

    assert found == ["jane.doe@gmail.com", "+49 171 2345678"]
