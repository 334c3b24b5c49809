from __future__ import annotations

import pytest

from promptops.lint.rules.look_alike_character import find_look_alikes


@pytest.mark.parametrize(
    ("text", "start", "message", "replacement"),
    [
        (
            "Summ\u0430rize it.",
            0,
            "`\u0430` in `Summ\u0430rize` is U+0430 CYRILLIC SMALL LETTER A, not `a`",
            "Summarize",
        ),
        (
            "Be g\u03bf\u03bfd.",
            3,
            "`\u03bf` in `g\u03bf\u03bfd` is U+03BF GREEK SMALL LETTER OMICRON, not `o`",
            None,
        ),
        ("Sort\u00a0this", 4, "U+00A0 NO-BREAK SPACE between two words", " "),
        ("Ask Dr\u00a0Smith to sort\u00a0this", 20, "U+00A0 NO-BREAK SPACE between two words", " "),
        ("Sort\u3000this", 4, "U+3000 IDEOGRAPHIC SPACE between two words", " "),
    ],
)
def test_what_only_looks_right_is_found_and_named(
    text: str, start: int, message: str, replacement: str | None
) -> None:
    (match,) = find_look_alikes(text)

    assert (match.start, match.message) == (start, message)
    assert match.replacement == (replacement or "good")


@pytest.mark.parametrize(
    "text",
    [
        "Größe, naïve, 漢字",
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440",
        "the PDF\u0430 \u0438\u0437 \u043e\u0442\u0447\u0451\u0442\u0430",
        "10 k\u03a9 and \u0394T, 5 \u00b5m, x\u03bf",
        "vitesse\u00a0: 10\u00a0km, \u00ab\u00a0mot\u00a0\u00bb et grand\u00a0mot",
        "v\u00a0Praze, a\u00a0ty",
        "10\u00a0lines",
        "Dr\u00a0Smith of New\u00a0York",
        "Anna\u202f\u00c5berg",
        "\u6f22\u3000\u5b57",
    ],
)
def test_what_a_script_or_its_typography_needs_is_left_alone(text: str) -> None:
    assert list(find_look_alikes(text)) == []


def test_each_occurrence_is_found() -> None:
    found = find_look_alikes("Summ\u0430ry, Summ\u0430ry of\u00a0this and of\u00a0that")

    assert [match.start for match in found] == [0, 9, 19, 31]
