"""Personal data and secrets of production become made-up values of the same kind."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.analysis.pseudonyms import Pseudonyms, places_in, sensitive_places
from tests.tiers import examples

GITHUB = "ghp_aB3dE5gH7jK9mN1pQ3sT5uV7wX9zA1bC3dE5"
RANDOM = "aZ39fkq0z8dkLw82mMq9"
RSA = "-----BEGIN RSA PRIVATE KEY-----"
BODY = "MIIEpAIBAAKCAQEA7bq5h0Jm3pQW9xZ1kq2wM8c"


def replaced(value: Any) -> Any:
    return Pseudonyms([value]).replaced(value)


@pytest.mark.parametrize(
    ("original", "made_up"),
    [
        ("Mail jo@acme.com.", "Mail jo.doe-1@example.com."),
        ("email:jo@acme.com", "email:jo.doe-1@example.com"),
        ("?user=jo%40acme.com", "?user=jo.doe-1@example.com"),
        ("müller@bücher.de", "jo.doe-1@example.com"),
        ("line\\njo@acme.com", "line\\njo.doe-1@example.com"),
        ("Jo@Acme.com, jo@acme.com", "jo.doe-1@example.com, jo.doe-1@example.com"),
        ("jo@acme.com, al@acme.com", "jo.doe-1@example.com, jo.doe-2@example.com"),
        ("tel:+49 30 1234567", "tel:+1 202-555-0100"),
        ("(415) 867-5309", "(202) 555-0100"),
        ("415.867.5309 is +1 415 867 5309", "202.555.0100 is +1 202-555-0100"),
        ("+49 30 1234567 (415) 867-5309", "+1 202-555-0100"),
        ("4539 1488 0343 6467", "4000 0000 0000 0010"),
        ("/cards/4539148803436467", "/cards/4000000000000010"),
        ("DE44 5001 0517 5407 3249 31", "DE89 3704 0044 0532 0130 00"),
        ("536-22-1234", "000-01-0001"),
        ("8.8.8.8 and 2a00:1450:4001::1:", "192.0.2.1 and 2001:db8::1:"),
        (GITHUB, "ghp_EXAMPLE1xxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        (f"token = '{RANDOM}'; {RANDOM}!", "token = 'EXAMPLE1xxxxxxxxxxxx'; EXAMPLE1xxxxxxxxxxxx!"),
        ("postgres://app:k3qT9zWm@db.acme.dev/x", "postgres://app:EXAMPLE1@db.acme.dev/x"),
        (f"{RSA}\n{BODY}\n{BODY}\ntail", f"{RSA}\nEXAMPLE1\n"),
        (f"{RSA}\n{BODY}\n-----END RSA", f"{RSA}\nEXAMPLE1\n-----END RSA"),
    ],
)
def test_a_value_is_replaced_by_one_of_its_kind(original: str, made_up: str) -> None:
    assert (replaced(original), places_in(made_up)) == (made_up, 0)


def test_examples_and_machines_stay() -> None:
    text = (
        "help@example.com, 555-0134, 4111 1111 1111 1111, 10.0.0.1, ::1, 12:30:45, git@github.com"
    )

    assert replaced(text) == text


def test_keys_and_whole_numbers_are_replaced_and_other_values_stay() -> None:
    value = {"jo@acme.com": [4539148803436467, 12, 1.5, True, None], "order": 123456789012}

    assert replaced(value) == {
        "jo.doe-1@example.com": [4000000000000010, 12, 1.5, True, None],
        "order": 123456789012,
    }


def _made_card(digits: str) -> str:
    total = sum(int(d) for d in digits[-2::-2])
    doubled = (2 * int(d) for d in digits[-1::-2])
    return digits + str(-(total + sum(n - 9 if n > 9 else n for n in doubled)) % 10)


_WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9)
_DIGITS = st.integers(100, 999)
ORIGINALS = st.one_of(
    st.builds("{}.{}@{}-shop.com".format, _WORDS, _WORDS, _WORDS),
    st.builds("+49 171 {}{}".format, _DIGITS, _DIGITS.map(lambda n: n * 10 + 7)),
    st.builds("415-{}-{}17".format, st.integers(600, 899), st.integers(20, 99)),
    st.integers(10**14, 10**15 - 1).map(lambda n: _made_card(f"4{n}")),
    st.builds("{}.{}.8.8".format, st.integers(11, 99), _DIGITS.map(lambda n: n % 256)),
    st.text("bcdfghjkmpqrstvw23456789", min_size=36, max_size=36).map("ghp_{}".format),
)
TEXTS = st.lists(
    st.one_of(ORIGINALS, st.sampled_from([" ", ", ", "\n", ":", "/", "=", "é", "\\n", "order 7"])),
    max_size=12,
).map("".join)


@settings(max_examples=examples(400))
@given(st.dictionaries(_WORDS, st.lists(TEXTS, max_size=3), max_size=3))
def test_nothing_that_was_found_remains(value: dict[str, list[str]]) -> None:
    texts = [text for listed in value.values() for text in listed]
    originals = {text[p.start : p.end] for text in texts for p in sensitive_places(text)}
    # `8::` is also a part of the address that replaces it.
    others = [each for each in originals if each not in str(replaced({"a": [each]}))]

    result = str(replaced(value))

    assert [original for original in others if original in result] == []


@settings(max_examples=examples(200))
@given(st.lists(ORIGINALS, unique=True, min_size=1, max_size=6))
def test_equal_values_get_equal_ones_and_different_values_different_ones(found: list[str]) -> None:
    names = Pseudonyms(found)

    made_up = [names.replaced(original) for original in found]

    real = [original for original in found if places_in(original)]
    assert made_up == [names.replaced(f"<{original}>")[1:-1] for original in found]
    assert len({names.replaced(original) for original in real}) == len(real)
    assert [made for made in made_up if places_in(made)] == []
