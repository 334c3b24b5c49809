from __future__ import annotations

import pytest

from promptops.lint.rules.repeated_word import find_repeated_words

FIRING = [
    ("Answer the the question.", "the the", "the"),
    ("The the question is old.", "The the", "The"),
    ("Read it in in order, please.", "in in", "in"),
    ("One at the end of\nof the line is found.", "of\nof", "of"),
    ("One at the end of\r\n  of the line is found.", "of\r\n  of", "of"),
    ("Give us a a reason now.", "a a", "a"),
    ("Say what it is, and and then stop.", "and and", "and"),
]


@pytest.mark.parametrize(("text", "twice", "once"), FIRING, ids=[twice for _, twice, _ in FIRING])
def test_a_word_typed_twice_is_found_with_the_text_that_mends_it(
    text: str, twice: str, once: str
) -> None:
    found = [(text[m.start : m.end], m.message, m.replacement) for m in find_repeated_words(text)]

    assert found == [(twice, f"`{once}` is repeated", once)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I know that that is what he had had before.",
        "Say bye bye, no no, very very slowly.",
        "Order 12 12 and 7 7 of them.",
        "# Input input for all\n\nInput\ninput",
        "# INPUT\nINPUT: the text",
        "## Summary\nSummary of the text",
        "The band is Duran Duran, from England.",
        "| name name | price price |",
        "yes yes",
        "red\n\nred is a colour of roses",
        "Run `pip pip install` in the shell.",
        "```\ncp file file\n```",
        "The <b>b b</b> is a tag, and b-b a a-b pair.",
        "the end. The end; the, the same",
        "Wenn Sie sie sehen, und die die da sind; nous nous voyons",
        "yavaş yavaş ve luôn luôn",
        "a state state.name and user user@host",
    ],
)
def test_what_is_right_twice_is_left_alone(text: str) -> None:
    assert find_repeated_words(text) == ()
