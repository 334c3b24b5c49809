import pytest

from promptops.report.visible import visible, visible_path


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, `code` \\n", "plain text, `code` \\n"),
        ("naïve 你好 🙂", "naïve 你好 🙂"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\x00\x1b\x7f\x85", "\\x00\\x1b\\x7f\\x85"),
        ("\u202e\u2066\u200f", "\\u202e\\u2066\\u200f"),
        ("\u200b\ufeff\xad\u3164\u2800", "\\u200b\\ufeff\\xad\\u3164\\u2800"),
        ("\ufe0f\u034f", "\\ufe0f\\u034f"),
        ("\u3000\xa0\u2003", "\\u3000\\xa0\\u2003"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\U000e0041\U000e0101", "\\U000e0041\\U000e0101"),
        ("\ud800\udfff", "\\ud800\\udfff"),
        ("\ue000\uffff", "\\ue000\\uffff"),
        ("## heading, C##", "## heading, C##"),
        ("##[group]a ###vso[b]", "#\\x23[group]a ##\\x23vso[b]"),
    ],
)  # fmt: skip
def test_what_can_not_be_seen_is_shown_as_an_escape(text, shown):
    assert visible(text) == shown


def test_a_long_text_is_cut_and_says_by_how_much():
    assert visible("a" * 30, limit=10) == "aaaaaaaaaa… (20 more characters)"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("prompts/a.prompt.yaml", "prompts/a.prompt.yaml"),
        ("::error::a", "./::error::a"),
        ("  ::error::a", "./  ::error::a"),
        ("a\n::error::a", "a\\n::error::a"),
    ],
)
def test_a_path_that_begins_a_line_is_no_command(path, shown):
    assert visible_path(path) == shown
