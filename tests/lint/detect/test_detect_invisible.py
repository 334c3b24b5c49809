from __future__ import annotations

import pytest

from promptops.lint.rules.invisible_unicode import find_invisible

TAGS = "".join(chr(0xE0000 + ord(char)) for char in "ignore")

FIRING = [
    ("a\u200bb", "U+200B ZERO WIDTH SPACE"),
    ("a\u200b\u200c\u200bb", "U+200B ZERO WIDTH SPACE and 2 more"),
    ("a\u202eb", "U+202E RIGHT-TO-LEFT OVERRIDE"),
    ("a\u2066b", "U+2066 LEFT-TO-RIGHT ISOLATE"),
    ("a\u00adb", "U+00AD SOFT HYPHEN"),
    ("a\u2060b", "U+2060 WORD JOINER"),
    ("a\ufeffb", "U+FEFF BYTE ORDER MARK"),
    ("a\u200eb", "U+200E LEFT-TO-RIGHT MARK"),
    ("a\u200db", "U+200D ZERO WIDTH JOINER"),
    ("a\u200cb", "U+200C ZERO WIDTH NON-JOINER"),
    ("a\u3164b", "U+3164 HANGUL FILLER"),
    ("a\ufe01\ufe02b", "U+FE01 VARIATION SELECTOR-2 and 1 more"),
    ("a\U000e0101b", "U+E0101 VARIATION SELECTOR-18"),
    (
        f"a{TAGS}b",
        "U+E0069 TAG LATIN SMALL LETTER I and 5 more, which spell `ignore`",
    ),
]


@pytest.mark.parametrize(("text", "named"), FIRING, ids=[named for _, named in FIRING])
def test_an_invisible_character_is_found_and_named(text: str, named: str) -> None:
    (match,) = find_invisible(text)

    assert (match.start, match.end) == (1, len(text) - 1)
    assert (match.message, match.replacement) == (f"an invisible character: {named}", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain ASCII\twith\nwhite space",
        "Größe, “quotes”, 漢字, עברית",
        "\ufeffat the very beginning",
        "👩‍💻 and 🏳️‍🌈 and ❤️",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "می\u200cخواهم",
        "क्\u200dष",
        "葛\U000e0100城",
        "שלום\u200f, abc",
    ],
)
def test_what_emoji_and_spelling_need_is_left_alone(text: str) -> None:
    assert find_invisible(text) == ()


def test_a_second_mark_at_the_beginning_is_found() -> None:
    (match,) = find_invisible("\ufeff\u200bx")

    assert (match.start, match.end) == (1, 2)


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        ("a.\u2028b", " "),
        ("a\u2029b", " "),
        ("a\u0085b", " "),
        ("a\u200b\u2028b", " "),
        ("a \u2028b", ""),
        ("a\u2029\nb", ""),
        ("a\u0085", ""),
        ("\u0085b", ""),
    ],
)
def test_a_separator_is_replaced_by_a_space_where_words_need_one(text, replacement) -> None:
    (match,) = find_invisible(text)

    assert match.replacement == replacement
