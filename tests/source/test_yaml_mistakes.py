"""Common mistakes in YAML: the whole message, its place and what to write; and their neighbours."""

from __future__ import annotations

import pytest

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.source.document import read
from promptops.source.lines import Lines
from promptops.source.yaml_nodes import compose, loader, python_loader
from tests.hanging import ends_soon

SYSTEM = "messages:\n  - role: system\n    content: |\n      You sort tickets.\n"
USER = "  - role: user\n    content: Hi\n"
ITEM = "messages:\n  - {role: system, content: a}\n"
LESS = "this line is indented less than the text block above it"

MISTAKES = {
    "a quote that is closed by that of another value": (
        'description: "Help\nowners: ["@acme/shop"]\n',
        "1:14-1:15 a quote that is never closed",
        "close it",
    ),
    "an apostrophe within single quotes": (
        "description: 'The customer's order'\n",
        "1:28-1:29 text after the closing quote",
        "write the quote twice: '', or use double quotes",
    ),
    "a quotation within double quotes": (
        'description: "The "best" order"\n',
        "1:20-1:21 text after the closing quote",
        'write \\" within the text, or use single quotes',
    ),
    "a word directly after a quotation of two lines": (
        'description: "one\n  two"three\n',
        "2:7-2:8 text after the closing quote",
        'write \\" within the text, or use single quotes',
    ),
    "a word directly after a quotation on its own line": (
        'key:\n  "a"b\n',
        "2:6-2:7 text after the closing quote",
        'write \\" within the text, or use single quotes',
    ),
    "a tab within a block": (
        "messages:\n  - role: user\n    content: |\n      {% if a %}\n\tHi\n",
        "5:1-5:2 a tab instead of spaces",
        "indent with spaces",
    ),
    "a sentence dedented to the key": (
        f"{SYSTEM}    Be terse.\n{USER}",
        f"5:5-5:14 {LESS}",
        "indent it by 2 more spaces, like line 4, or write `key: value`",
    ),
    "a sentence in the first column": (
        f"{SYSTEM}Be terse.\n      More.\n{USER}",
        f"5:1-5:10 {LESS}",
        "indent it by 6 more spaces, like line 4, or write `key: value`",
    ),
    "a sentence with a colon": (
        f"{SYSTEM}  Note: be terse.\n{USER}",
        f"5:3-5:18 {LESS}",
        "indent it by 4 more spaces, like line 4",
    ),
    "a tag of Jinja": (
        f"{SYSTEM}    {{% if a %}}\n      b\n    {{% endif %}}\n{USER}",
        f"5:5-5:15 {LESS}",
        "indent it by 2 more spaces, like line 4",
    ),
    "a bullet": (
        f"{SYSTEM}    - be terse\n{USER}",
        f"5:5-5:15 {LESS}",
        "indent it by 2 more spaces, like line 4",
    ),
    "a mention": (
        f"{SYSTEM}     @support\n{USER}",
        f"5:6-5:14 {LESS}",
        "indent it by 1 more space, like line 4",
    ),
    "a brace of a JSON example": (
        f'{SYSTEM}      {{\n        "a": 1\n    }}\n{USER}',
        f"7:5-7:6 {LESS}",
        "indent it by 2 more spaces, like line 4",
    ),
    "content one column to the left": (
        "messages:\n  - role: user\n   content: Hi\n",
        "3:4-3:11 `content` is indented less than `role` above it",
        "indent it by 4 spaces, like `role`",
    ),
    "content one column to the right": (
        "messages:\n  - role: user\n     content: Hi\n",
        "3:6-3:13 `content` is indented more than `role` above it",
        "indent it by 4 spaces, like `role`; quote a text of several lines",
    ),
    "a block one column to the right": (
        "messages:\n  - role: user\n     content: |\n       Hi\n",
        "3:6-3:13 `content` is indented more than `role` above it",
        "indent it by 4 spaces, like `role`; quote a text of several lines",
    ),
    "a key after a block, one column to the left": (
        "messages:\n  - content: |\n      Hi\n   role: user\n",
        "4:4-4:8 `role` is indented less than `content` above it",
        "indent it by 4 spaces, like `content`; a line of the text above needs more",
    ),
    "a key of the file with a space before it": (
        "format: promptops/1\n title: a\n",
        "2:2-2:7 `title` is indented more than `format` above it",
        "begin it in column 1, like `format`; quote a text of several lines",
    ),
    "an item one column to the right": (
        "messages:\n  - role: user\n   - role: user\n",
        "3:4-3:5 this `-` is not aligned with the one in line 2",
        "indent it by 2 spaces",
    ),
    "the first key of the file indented": (
        " format: promptops/1\ntitle: a\n",
        "2:1-2:2 the indentation does not match the lines above",
        "begin each key of the file in column 1",
    ),
    "a long blank line at the beginning of a block": (
        "a: |\n      \n  Hi\n",
        "2:1-2:7 a line with more spaces than the indentation of the text below it",
        "remove the spaces",
    ),
    "a mapping in braces that is not closed": (
        "inputs:\n  a: {type: string, maxLength: 10\n  b: {type: string}\n",
        "2:6-2:7 `{` is never closed",
        "add `}`",
    ),
    "a mapping in braces that the file's end leaves open": (
        "messages:\n  - {role: user, content: Hi\n",
        "2:5-2:6 `{` is never closed",
        "add `}`",
    ),
    "a list in brackets that is not closed": (
        "owners: [a, b\ntitle: c\n",
        "1:9-1:10 `[` is never closed",
        "add `]`",
    ),
    "the wrong bracket": ("a: [b, c}\n", "1:9-1:10 `}` inside an open `[`", "write `]`"),
    "the wrong bracket after a quote": (
        'tags: ["a"}\n',
        "1:11-1:12 `}` inside an open `[`",
        "write `]`",
    ),
    "the wrong bracket after a quote within braces": (
        '{a: "x"]\n',
        "1:8-1:9 `]` inside an open `{`",
        "write `}`",
    ),
    "a list that the file's end leaves open after a quote": (
        'tags: ["a"',
        "1:7-1:8 `[` is never closed",
        "add `]`",
    ),
    "a missing comma": (
        "a: {role: user content: Hi}\n",
        "1:16-1:23 a `,` is missing within `{`",
        "add `,`, or quote the text",
    ),
    "a missing comma over several lines": (
        "a: {\n  b: 1\n  c: 2\n}\n",
        "3:3-3:4 a `,` is missing within `{`",
        "add `,`, or quote the text",
    ),
    "curly quotes around a colon": (
        "title: “a: b”\n",
        "1:8-1:9 a curly quote does not quote a value",
        """write a straight quote, " or '""",
    ),
    "Markdown emphasis without quotes": (
        "title: *bold*\n",
        "1:8-1:9 a value can't begin with `*`",
        "quote it",
    ),
    "an item after the keys of a mapping": (
        "messages:\n  system:\n    content: a\n  - role: user\n",
        "4:3-4:4 an item of a list among the keys of a mapping",
        "write `- ` before each item, or before none",
    ),
    "a no-break space as indentation": (
        "messages:\n\u00a0 - role: user\n    content: Hi\n",
        "2:1-2:2 U+00A0 NO-BREAK SPACE instead of a space",
        "write ordinary spaces",
    ),
    "a no-break space after a key": (
        "messages:\n  - role:\u00a0user\n    content: Hi\n",
        "2:10-2:11 U+00A0 NO-BREAK SPACE instead of a space",
        "write ordinary spaces",
    ),
    "a tab before the text of a block": (
        "a: |\n\t  Hi\n",
        "2:1-2:2 a tab instead of spaces",
        "indent with spaces",
    ),
    "an item without its dash": (
        f"{ITEM}    role: user\n    content: Hi\n",
        "3:5-3:9 `role` is not an item of the list",
        "write `- role:`, or indent it like the keys of the item above",
    ),
    "an item without a space after its dash": (
        f"{ITEM}  -role: user\n    content: Hi\n",
        "3:3-3:4 a `-` without a space after it",
        "write a space after it",
    ),
    "an item without a space after its colon": (
        f"{ITEM}  - role:user\n    content: Hi\n",
        "3:9-3:10 a `:` without a space after it",
        "write `role: `",
    ),
    "a path of Windows in double quotes": (
        'title: "C:\\data"\n',
        "1:11-1:12 a backslash in double quotes begins an escape",
        "write it twice, or use single quotes",
    ),
    "neighbour: a colon in a text": (
        "a: b: c\n",
        "1:5-1:6 `: ` in a text without quotes",
        "quote it, or use |",
    ),
    "neighbour: a colon in the second line of a text": (
        "a: some text\n  with a note: b\n",
        "2:14-2:15 `: ` in a text without quotes",
        "quote it, or use |",
    ),
    "neighbour: a colon in a value after a block": (
        "a: |\n  Hi\nb: c: d\n",
        "3:5-3:6 `: ` in a text without quotes",
        "quote it, or use |",
    ),
    "neighbour: an odd character in a value after a block": (
        "a: |\n  Hi\nb: @c\n",
        "3:4-3:5 a value can't begin with `@`",
        "quote it",
    ),
    "neighbour: an open bracket after a block": (
        "a: |\n  Hi\nb: [c\n",
        "3:4-3:5 `[` is never closed",
        "add `]`",
    ),
    "neighbour: an unquoted template after a block": (
        "a: |\n  Hi\nb: {{ c }} d\n",
        "3:4-3:13 a template without quotes is a mapping to YAML",
        "quote it, or use |",
    ),
}


@pytest.mark.parametrize("load", [loader(), python_loader()], ids=["libyaml", "python"])
@pytest.mark.parametrize(("text", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_common_mistake_in_yaml_names_what_to_write_at_its_place(
    load: object, text: str, message: str, hint: str
) -> None:
    assert said(compose(Lines("a", text), load)) == (message, hint)


def test_a_tab_as_the_first_character_of_a_block_names_both_ways_to_write_it() -> None:
    found = compose(Lines("a", "a:\n  b: |\n    \tHi\n"), loader())

    assert said(found) == (
        "3:5-3:6 a tab at the beginning of a text block",
        "use spaces, or write `|2` to set the indentation of the text",
    )
    assert read("a", b"a:\n  b: |2\n    \tHi\n").value == {"a": {"b": "\tHi\n"}}


@pytest.mark.parametrize(
    "text",
    [
        f"{SYSTEM}\n\n{USER}",
        f"{SYSTEM}# a comment\n{USER}",
        "a: |\n    Hi\nb: [“c”, {d: “e”}]\n",
        "a: {b: it's, c: 'd}'}\n",
        "a: some\n  long text\n  over: lines\n".replace(": lines", " lines"),
    ],
)
def test_valid_yaml_that_looks_like_a_mistake_is_read(text: str) -> None:
    assert read("a", text.encode()).problems == ()


def said(found: object) -> tuple[str, str | None]:
    assert isinstance(found, Problem)
    assert isinstance(found.at, Place)
    at = found.at
    place = f"{at.line}:{at.column}-{at.end_line}:{at.end_column}"
    return f"{place} {found.message}", found.hint


@pytest.mark.parametrize(
    "text",
    [
        "a: [b, " + r'"\"' * 200_000,
        "a: [b, " + "'" * 300_001,
        "a: {b c: " + "- " * 200_000,
        "a: |\n" + "  x: |\n" * 100_000 + " y\n",
        "a: b\n" + "- " * 200_000 + "c: d\n",
        "a: |\n" + " " * 200_000 + "\n" + " \n" * 100_000 + "  x\n",
    ],
    ids=lambda _: "",
)
def test_a_hostile_mistake_in_yaml_is_refused_in_moments(text: str) -> None:
    with ends_soon():
        read("a", text.encode())
