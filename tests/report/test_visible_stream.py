"""Text of a model is safe on a terminal and in a log of CI, wherever the stream is cut."""

from __future__ import annotations

import pytest

from promptops.report.answer_text import VisibleStream, visible_text

CASES = {
    "plain": ("One line.\nAnother\tone.\n", "One line.\nAnother\tone.\n"),
    "a terminal's command": ("\x1b[2Jgone\x07", "\\x1b[2Jgone\\x07"),
    "a carriage return": ("real\rfake", "real\\rfake"),
    "CRLF": ("one\r\ntwo\r\n", "one\ntwo\n"),
    "bidi": ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
    "invisible": ("a\u200bb\U000e0041c", "a\\u200bb\\U000e0041c"),
    "emoji": ("\u26a0\ufe0f \U0001f468\u200d\U0001f469", "\u26a0\ufe0f \U0001f468\u200d\U0001f469"),
    "a joiner alone": ("a\ufe0f\u200db", "a\\ufe0f\\u200db"),
    "two joiners": ("\u26a0\ufe0f\ufe0f", "\u26a0\ufe0f\\ufe0f"),
    "GitHub's command": ("::error::x\n  ::set-env::y\n", "\\x3a:error::x\n  \\x3a:set-env::y\n"),
    "colons in a line": ("a::b\nstd::move\n:x\n", "a::b\nstd::move\n:x\n"),
    "Azure's command": ("x ##vso[task]\n##[error]\n", "x #\\x23vso[task]\n#\\x23[error]\n"),
    "headings": ("# One\n## Two\n### Three", "# One\n## Two\n### Three"),
    "colon at the end": ("list:\n:", "list:\n:"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "shown"), CASES.values(), ids=CASES)
def test_a_whole_text_is_made_visible(text, shown):
    assert visible_text(text) == shown


@pytest.mark.parametrize(("text", "shown"), CASES.values(), ids=CASES)
def test_it_is_the_same_wherever_the_stream_is_cut(text, shown):
    cuts = [[*text]]
    for one in range(len(text)):
        cuts += [[text[:one], text[one:two], text[two:]] for two in range(one, len(text))]
    for cut in cuts:
        stream = VisibleStream()

        assert "".join([*map(stream.add, cut), stream.end()]) == shown, cut


def test_text_waits_only_where_it_has_to():
    stream = VisibleStream()

    added = [
        stream.add(piece) for piece in ("Hello", " world", "\n", "  ", "x", "#", " y", ":", ":")
    ]

    assert added == ["Hello", " world", "\n", "", "  x", "", "# y", ":", ":"]


@pytest.mark.parametrize(
    ("text", "at_start"), [("", True), ("a", False), ("a\n", True), ("a\n#", False)]
)
def test_it_is_known_whether_a_line_is_open(text, at_start):
    stream = VisibleStream()
    stream.add(text)
    stream.end()

    assert stream.at_line_start is at_start
