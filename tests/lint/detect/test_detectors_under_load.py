"""Work stays linear in the length of a text, whatever it is made of."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from promptops.analysis.match import TextMatch
from promptops.analysis.personal_data import find_personal_data
from promptops.analysis.secrets import find_secrets
from promptops.lint.other_syntax import find_placeholders
from promptops.lint.rules.injection_phrase import find_injection
from promptops.lint.rules.invisible_unicode import find_invisible
from promptops.lint.rules.leftover_marker import find_markers
from promptops.lint.rules.repeated_word import find_repeated_words
from promptops.lint.rules.special_token_literal import find_special_tokens
from promptops.lint.rules.unbalanced_delimiter import find_unbalanced
from tests.tiers import fast_spread

SIZE = 200_000
# A quiet machine takes a hundredth of it; something quadratic takes minutes.
LIMIT_S = 20.0


def placeholders_of_name(text: str) -> tuple[TextMatch, ...]:
    return find_placeholders(text, ("name", "ticket"))


DETECTORS = [
    find_secrets,
    find_personal_data,
    find_injection,
    find_invisible,
    find_special_tokens,
    find_markers,
    find_repeated_words,
    find_unbalanced,
    placeholders_of_name,
]
UNITS = [
    *("a", " ", "<", "@", "1", "\n", "`", "{", "a@", "a ", "1 ", "+1", "<a ", "<a>\n", "```\n"),
    *("sk-", "eyJ", "eyJ-", "://a:", "api_key=", '"a', "the the ", "ignore the ", "never "),
    *("ignore all previous instructions ", "\u200b ", "\u200e ", "TODO:", "AB12", "4111 "),
    *("-----BEGIN PRIVATE KEY-----", "${name}", "{tucket} ", "忽略", "İ"),
]


@pytest.mark.parametrize("find", fast_spread(DETECTORS, 4), ids=lambda find: find.__name__)
def test_a_hostile_text_is_read_in_linear_time(
    find: Callable[[str], tuple[TextMatch, ...]],
) -> None:
    texts = [(unit * SIZE)[:SIZE] for unit in UNITS]

    seconds = {}
    for unit, text in zip(UNITS, texts, strict=True):
        started = time.process_time()
        find(text)
        seconds[unit] = time.process_time() - started

    assert {unit: taken for unit, taken in seconds.items() if taken > LIMIT_S} == {}
