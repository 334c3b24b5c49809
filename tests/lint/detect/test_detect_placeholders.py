from __future__ import annotations

import pytest

from promptops.lint.other_syntax import find_placeholders

NAMES = frozenset(("ticket", "customer_name", "id"))

FIRING = [
    ("Read {ticket} now", "{ticket}", "ticket"),
    ("Read ${ticket} now", "${ticket}", "ticket"),
    ("Read ${ ticket } now", "${ ticket }", "ticket"),
    ("Read <<ticket>> now", "<<ticket>>", "ticket"),
    ("Read %(ticket)s now", "%(ticket)s", "ticket"),
    ("Dear {customerName},", "{customerName}", "customer_name"),
    ("Dear {CUSTOMER_NAME},", "{CUSTOMER_NAME}", "customer_name"),
    ("Read {tickets}", "{tickets}", "ticket"),
    ("Read {tikcet}", "{tikcet}", "ticket"),
    ("Read {tcket}", "{tcket}", "ticket"),
    ("Read {tucket}", "{tucket}", "ticket"),
    ("/users/{id}", "{id}", "id"),
]


@pytest.mark.parametrize(("text", "written", "name"), FIRING, ids=[w for _, w, _ in FIRING])
def test_a_placeholder_of_another_language_is_found_with_the_input_it_means(
    text: str, written: str, name: str
) -> None:
    found = [
        (text[m.start : m.end], m.name, m.replacement, m.message)
        for m in find_placeholders(text, NAMES)
    ]

    message = f"`{written}` is not a placeholder here and is sent unchanged"
    assert found == [(written, name, f"{{{{ {name} }}}}", message)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Read {{ ticket }} and {{ticket}} now",
        "Read {other} and {is} and ${HOME}",
        '{"ticket": 1}',
        "{ticket and more}",
        "\\begin{ticket}",
        'logger.error(f"no {ticket}")',
        "{{{ticket}}}",
        "%(ticket) without a kind",
        "<ticket>",
    ],
)
def test_jinja_and_what_is_not_declared_is_left_alone(text: str) -> None:
    assert find_placeholders(text, NAMES) == ()


def test_without_declared_names_nothing_is_foreign() -> None:
    assert find_placeholders("{ticket}", ()) == ()


def test_the_exact_name_wins_over_a_near_one() -> None:
    (match,) = find_placeholders("{tickets}", ("ticket", "tickets"))

    assert match.name == "tickets"
