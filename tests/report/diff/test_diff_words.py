"""How two texts differ, for a person."""

import re
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.report.differences import line_difference, lines, tokens, word_difference
from tests.hanging import ends_soon
from tests.tiers import examples, fast_spread

MARKS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
PIECES = [
    *("a", "b", "Be", "brief", "don't", "7", "3.5", " ", "  ", "\n", "\n\n", ".", ", ", "- "),
    *(
        "{{ a }}",
        "{{ b }}",
        "{% if\na %}",
        "{{",
        "}}",
        "{#",
        "你",
        "好",
        "\r\n",
        "\u200d",
        "\ud800",
    ),
]

texts = st.lists(st.sampled_from(PIECES), max_size=20).map("".join) | st.text(max_size=40)
sides = st.sampled_from(["both", "both", "both", "before", "after"])


@st.composite
def edited(draw):
    """A text before and after, of pieces that are on one side or on both."""
    parts = draw(st.lists(st.tuples(st.sampled_from(PIECES), sides), max_size=25))
    return tuple(
        "".join(piece for piece, side in parts if side in ("both", here))
        for here in ("before", "after")
    )


def marked(difference):
    return "".join(MARKS[segment.kind].format(segment.text) for segment in difference)


def without(difference, kind):
    return "".join(segment.text for segment in difference if segment.kind != kind)


@pytest.mark.parametrize("differ", [word_difference, line_difference])
@given(both=edited() | st.tuples(texts, texts))
@settings(max_examples=examples(400), deadline=None)
def test_the_parts_make_both_texts(differ, both):
    before, after = both

    difference = differ(before, after)

    assert (without(difference, "added"), without(difference, "removed")) == (before, after)


@pytest.mark.parametrize("differ", [word_difference, line_difference])
@given(both=edited() | st.tuples(texts, texts))
@settings(max_examples=examples(200), deadline=None)
def test_removed_stands_before_added_and_no_two_neighbours_are_of_one_kind(differ, both):
    difference = differ(*both)

    kinds = " ".join(segment.kind for segment in difference)
    assert all(segment.text for segment in difference)
    assert re.search(r"(\w+) \1|added removed", kinds) is None


@given(text=texts)
@settings(max_examples=examples(200), deadline=None)
def test_lines_and_tokens_are_the_whole_text(text):
    assert ("".join(lines(text)), "".join(tokens(text))) == (text, text)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", "", ""),
        ("a", "a", "a"),
        ("", "new\n", "{+new\n+}"),
        ("old\n", "", "[-old\n-]"),
        ("at most 4.", "at most 6.", "at most [-4-]{+6+}."),
        ("use 1.4.2 now", "use 1.4.3 now", "use [-1.4.2-]{+1.4.3+} now"),
        ("I don't know.", "I can't know.", "I [-don't-]{+can't+} know."),
        ("Use gpt-4o here", "Use gpt-4o-mini here", "Use gpt-4o{+-mini+} here"),
        ("Hi {{ name }}, ok", "Hi {{ n }}, ok", "Hi [-{{ name }}-]{+{{ n }}+}, ok"),
        (
            "a\n{% if\n x %}b\n",
            "a\n{% if\n y %}b\n",
            "a\n[-{% if\n x %}-]{+{% if\n y %}+}b\n",
        ),
        ("a  b c", "a b c", "a[-  -]{+ +}b c"),
        ("stop \n", "stop\n", "stop[- -]\n"),
        ("stop", "stop\n", "stop{+\n+}"),
        ("请用中文回答", "请用英文回答", "请用[-中-]{+英+}文回答"),
        ("a\nb", "a\nb\nc", "a\nb{+\nc+}"),
        ("a\nb 1", "a\nb 2\nc", "a\nb [-1-]{+2\nc+}"),
        ("one\n\ntwo\n", "one\n\nnew\n\ntwo\n", "one\n\n{+new\n\n+}two\n"),
        ("Be brief.", "Be kind. Be brief.", "{+Be kind. +}Be brief."),
        ("No. Be kind. Be brief.", "No. Be brief.", "No. [-Be kind. -]Be brief."),
    ],
)  # fmt: skip
def test_words_numbers_and_tags_are_shown_whole(before, after, shown):
    assert marked(word_difference(before, after)) == shown


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (
            "You answer questions on cooking.\n",
            "Reply with JSON and nothing else.\n",
            "[-You answer questions on cooking.\n-]{+Reply with JSON and nothing else.\n+}",
        ),
        ("short, dry and kind", "long, ornate and kind", "[-short, dry-]{+long, ornate+} and kind"),
        ("red fox ran home", "old cow ran home", "[-red fox-]{+old cow+} ran home"),
        (
            "one two three four five the six seven eight nine ten, so far so good it is",
            "1 2 3 4 5 the 6 7 8 9 10, so far so good it is",
            "[-one two three four five the six seven eight nine ten-]"
            "{+1 2 3 4 5 the 6 7 8 9 10+}, so far so good it is",
        ),
        ("Be brief.", "Be brief. " + "Cite what you read. " * 9, None),
    ],
)  # fmt: skip
def test_what_shares_little_is_shown_whole(before, after, shown):
    expected = f"Be brief.{{+{after.removeprefix(before)}+}}" if shown is None else shown

    assert marked(word_difference(before, after)) == expected


def test_a_line_is_compared_with_the_one_it_became():
    before = "Answer in English.\nNever share the key.\nCite the one passage that you used.\n"
    after = "Cite the one source that you used.\nAnswer in plain English.\n"

    assert marked(word_difference(before, after)) == (
        "[-Answer in English.\nNever share the key.\n-]"
        "Cite the one [-passage-]{+source+} that you used.\n"
        "{+Answer in plain English.\n+}"
    )


def test_lines_stay_whole_in_a_difference_by_lines():
    shown = marked(line_difference("a\nb c\nd\n", "a\nb x\nd\n"))

    assert shown == "a\n[-b c\n-]{+b x\n+}d\n"


MANY = [f"w{number}" for number in range(3000)]


@cache
def random_text(seed, *words):
    random = Random(seed)
    return "".join(" ".join(random.choices(words, k=10)) + "\n" for _ in range(18_000))


def every_second_line():
    before = random_text(1, *MANY)
    lines = before.splitlines(keepends=True)
    return before, "".join(f"x {line}" if at % 2 else line for at, line in enumerate(lines))


MEGABYTES = {
    "other words": lambda: (random_text(1, *MANY), random_text(2, *MANY)),
    "two words": lambda: (random_text(1, "a", "b"), random_text(2, "a", "b")),
    "one line": lambda: (random_text(1, *MANY).replace("\n", " "), random_text(2, *MANY)),
    "every second line": every_second_line,
    "blank lines": lambda: ("\n \n" * 300_000, "\n  \n" * 300_000),
    "open tags": lambda: ("{{" * 500_000, "{{" * 499_999 + "x"),
    "tags": lambda: ("{{ a }}" * 150_000, "{{ b }}" * 150_000),
    "letters": lambda: ("a" * 1_000_000, "b" * 1_000_000),
    "apostrophes": lambda: ("a'" * 500_000, "b'" * 500_000),
    "short lines": lambda: ("0\n1\n2\n" * 150_000, "0\n2\n1\n" * 150_000),
}


@pytest.mark.parametrize("what", fast_spread(MEGABYTES, 3))
def test_a_megabyte_that_changed_everywhere_takes_no_time(what):
    before, after = MEGABYTES[what]()
    with ends_soon():
        difference = word_difference(before, after)

    assert (without(difference, "added"), without(difference, "removed")) == (before, after)
