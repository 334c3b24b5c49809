"""Reading a prompt file: values, problems and places."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.source.document import MAX_BYTES, Document, read, read_any
from promptops.source.lines import Lines
from promptops.source.shape import check_shape
from promptops.source.yaml_nodes import bounds, compose, loader, python_loader, walk
from tests.hanging import ends_soon
from tests.tiers import examples, fast_spread


def told(document: Document) -> list[tuple[str, str, str]]:
    """Code, span and message of each problem, in order."""
    return [
        (problem.code, f"{at.line}:{at.column}-{at.end_line}:{at.end_column}", problem.message)
        for problem in document.problems
        for at in [problem.at]
        if isinstance(at, Place)
    ]


def span(place: Place) -> str:
    return f"{place.line}:{place.column}-{place.end_line}:{place.end_column}"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("+12", 12),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("1.10", 1.1),
        ("1.2.3", "1.2.3"),
        ("~", None),
        ("null", None),
        ("Null", None),
        ("", None),
        ("nULL", "nULL"),
        ("12:30", "12:30"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("<<", "<<"),
        ("'10'", "10"),
        ('"true"', "true"),
        ("-", ["only in a list"]),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(written: str, value: object) -> None:
    if written == "-":
        assert read("a", b"a:\n  -\n").value == {"a": [None]}
        return

    document = read("a", f"a: {written}\n".encode())

    assert (document.value, document.problems) == ({"a": value}, ())
    assert type(document.value["a"]) is type(value)


@pytest.mark.parametrize("written", [".inf", "-.INF", ".nan", "1e999", "9" * 400])
def test_a_number_that_json_can_not_hold_is_a_problem_at_its_place(written: str) -> None:
    document = read("a", f"a: [1, {written}]\n".encode())

    assert document.problems == (
        Problem(
            "a number that JSON does not allow",
            at=Place("a", 1, 8, 1, 8 + len(written)),
            hint="write a finite number, or quote it",
            code="SCH001",
        ),
    )


def test_keys_are_text_whatever_they_look_like() -> None:
    document = read("a", b"1: a\ntrue: b\nnull: c\n2024-01-01: d\n")

    assert document.value == {"1": "a", "true": "b", "null": "c", "2024-01-01": "d"}


HOSTILE: list[tuple[str, bytes, list[tuple[str, str, str]]]] = [
    ("empty", b"", [("SCH001", "1:1-1:1", "the file is empty")]),
    ("comment only", b"# x\n", [("SCH001", "1:1-1:2", "the file is empty")]),
    ("null", b"~\n", [("SCH001", "1:1-1:2", "the file is empty")]),
    ("list", b"- a\n", [("SCH001", "1:1-1:4", "the file is not a mapping")]),
    ("text", b"hello\n", [("SCH001", "1:1-1:6", "the file is not a mapping")]),
    ("NUL", b"a: b\nc: x\x00y\n", [("SCH001", "2:5-2:6", "a NUL character")]),
    ("escape", b"a: \x1b[31m\n", [("SCH001", "1:4-1:5", "the control character U+001B")]),
    ("not UTF-8", b"a: \xc3\xa9\xff\n", [("SCH001", "1:5-1:6", "the file is not UTF-8")]),
    (
        "UTF-16",
        "a: b\n".encode("utf-16"),
        [("SCH001", "1:1-1:2", "the file is not UTF-8")],
    ),
    (
        "byte order mark",
        b"\xef\xbb\xbfa: b\n",
        [("SCH001", "1:1-1:1", "the file begins with a byte order mark")],
    ),
    (
        "two documents",
        b"a: 1\n---\nb: 2\n",
        [("SCH001", "2:1-2:2", "a second document")],
    ),
    ("tab indentation", b"a:\n\tb: 1\n", [("SCH001", "2:1-2:2", "a tab instead of spaces")]),
    ("tab after a colon", b"a:\tb\n", [("SCH001", "1:3-1:4", "a tab instead of spaces")]),
    ("tag", b"a: !!python/object:os.system x\n",
     [("SCH001", "1:4-1:29", "the tag `!!python/object:os.system`")]),
    ("local tag", b"a: !secret x\n", [("SCH001", "1:4-1:11", "the tag `!secret`")]),
    ("lone tag", b"a: ! x\n", [("SCH001", "1:4-1:5", "the tag `!`")]),
    ("tag on a mapping", b"a: !m\n  b: 1\n", [("SCH001", "1:4-1:6", "the tag `!m`")]),
    ("tag on a key", b"!k a: 1\n", [("SCH001", "1:1-1:3", "the tag `!k`")]),
    (
        "duplicate keys",
        b"a: 1\nb: {c: 1, c: 2, c: 3}\n'a': 2\n",
        [
            ("SCH003", "2:11-2:12", "duplicate key `c` in one mapping"),
            ("SCH003", "2:17-2:18", "duplicate key `c` in one mapping"),
            ("SCH003", "3:1-3:4", "duplicate key `a` in one mapping"),
        ],
    ),
    ("merge key", b"a: {<<: {b: 1}}\n", [("SCH010", "1:5-1:7", "a merge key")]),
    (
        "anchor and alias",
        b"a: &x 1\nb: [*x, *x]\n",
        [
            ("SCH010", "1:4-1:6", "the anchor `&x`"),
            ("SCH010", "2:5-2:7", "the alias `*x`"),
            ("SCH010", "2:9-2:11", "the alias `*x`"),
        ],
    ),
    ("tagged anchor", b"a: !t &x 1\n",
     [("SCH010", "1:7-1:9", "the anchor `&x`"), ("SCH001", "1:4-1:6", "the tag `!t`")]),
    ("alias to nothing", b"a: *x\n", [("SCH010", "1:4-1:5", "an alias without an anchor")]),
    ("key that is a list", b"? [a]\n: b\n", [("SCH001", "1:3-1:6", "a key that is not text")]),
    ("colon in a text", b"a: b: c\n", [("SCH001", "1:5-1:6", "`: ` in a text without quotes")]),
    ("at sign", b"owners: [@acme/x]\n",
     [("SCH001", "1:10-1:11", "a value can't begin with `@`")]),
    ("open quote", b"a: 'x\nb: 1\n", [("SCH001", "1:4-1:5", "a quote that is never closed")]),
    ("open bracket", b"a: [1, 2\n",
     [("SCH001", "1:4-1:5", "`[` is never closed")]),
    ("no colon", b"a: 1\nbud # c\n\nd: 1\n", [("SCH001", "2:1-2:4", "a key without `:`")]),
    ("no colon at the end", b"a: 1\nb\n", [("SCH001", "2:1-2:2", "a key without `:`")]),
    ("half a pair", b'a: "\\ud83d"\n',
     [("SCH001", "1:4-1:5", "an escape that is not a character")]),
    ("beyond Unicode", b'"\\U00110000": 1\n',
     [("SCH001", "1:1-1:2", "an escape that is not a character")]),
    ("directive", b"# c\n%YAML 1.3\n---\na: 1\n",
     [("SCH001", "2:1-2:10", "a YAML directive")]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "problems"), [row[1:] for row in HOSTILE], ids=lambda _: "")
def test_a_hostile_file_is_told_at_its_place(
    data: bytes, problems: list[tuple[str, str, str]]
) -> None:
    assert told(read("a", data)) == problems


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("content: {{ x }}", "2:10-2:17"),
        ("content: {{ x }} and more", "2:10-2:26"),
        ("content: {{ a }}{{ b }}", "2:10-2:24"),
        ("content: {{ user['name'] }}", "2:10-2:28"),
        ("content: {% if x %}a{% endif %}", "2:10-2:32"),
        ("content: {# hello #} you", "2:10-2:25"),
        ("a:\n  - {{ x }} y", "3:5-3:14"),
    ],
)
def test_an_unquoted_template_is_told_at_its_braces(line: str, place: str) -> None:
    document = read("a", f"format: promptops/1\n{line}\nz: 1\n".encode())

    assert [span(problem.at) for problem in document.problems] == [place]  # type: ignore[arg-type]
    assert [problem.hint for problem in document.problems] == ["quote it, or use |"]


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 10_000,
        b"{a: " * 10_000,
        b"- " * 10_000,
        b"? " * 10_000,
        "\n".join(" " * depth + "a:" for depth in range(1000)).encode(),
        b"a: " + b"[" * 60 + b"]" * 60 + b"\n",
        b"[" * 500_000,
        b"&a [" * 10_000,
        b"!t " * 10_000,
    ],
)
def test_deep_nesting_is_a_problem_and_never_a_crash(data: bytes) -> None:
    document = read("a", data)

    assert document.value is None
    assert {problem.code for problem in document.problems} == {"SCH001"}


def test_fifty_levels_are_read() -> None:
    document = read("a", b"a: " + b"[" * 49 + b"]" * 49 + b"\n")

    assert document.problems == ()


@pytest.mark.parametrize(
    "data",
    fast_spread(
        [
            "".join(f"k{number}: 1\n" for number in [*range(30_000)] * 2).encode(),
            b"".join(b"# c\nk%d: 1\n" % number for number in range(30_000)),
            b"a: [&x 1, " + b"[],  " * 50_000 + b"]\n",
            b"a: b\n" + b"- " * 500 + b"x" * 900_000 + b"\n",
            b"- " * 400_000 + b"{{",
            b"a: " + b"b: " * 300_000,
            b"a: '" + b"'' " * 300_000,
            b'a: "' + b"\\x41" * 200_000 + b'"\n',
            b"\t" * 900_000,
            b"a: |\n" + b" \n" * 400_000,
        ],
        3,
    ),
    ids=lambda _: "",
)
def test_a_large_hostile_file_takes_no_more_than_moments(data: bytes) -> None:
    with ends_soon():
        document = read("a", data)
        check_shape(document)
        len(document.comments)
        document.template("/a").locate(0)


def test_a_file_of_over_a_megabyte_is_not_read() -> None:
    document = read("a", b"a: " + b"x" * MAX_BYTES)

    assert told(document) == [("SCH001", "1:1-1:1", "the file is larger than 1 MB")]


def test_an_expansion_bomb_is_refused_without_expanding_it() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 12):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        levels.append(f"a{level}: &a{level} [{aliases}]")

    with ends_soon():
        document = read("a", "\n".join(levels).encode())

    assert document.value is None
    assert {problem.code for problem in document.problems} == {"SCH010"}


def test_a_value_that_holds_itself_is_refused() -> None:
    document = read("a", b"a: &a [*a]\n")

    assert document.value is None
    assert {problem.code for problem in document.problems} == {"SCH010"}


def test_aliases_are_told_and_the_rest_is_still_read() -> None:
    assert read("a", b"a: &x [1]\nb: *x\nc: d\n").value == {"a": [1], "b": [1], "c": "d"}


def test_a_byte_order_mark_is_told_and_shifts_no_column() -> None:
    document = read("a", b"\xef\xbb\xbfa: b\n")

    assert (document.value, span(document.place("/a"))) == ({"a": "b"}, "1:4-1:5")


def test_tabs_in_texts_and_comments_are_nobodys_business() -> None:
    document = read("a", b"a: |\n  x\ty\n  \tz\nb: 'p\tq'  #\tr\n")

    assert (document.value, document.problems) == ({"a": "x\ty\n\tz\n", "b": "p\tq"}, ())


def test_ampersands_and_stars_in_texts_are_no_anchors() -> None:
    document = read("a", b"a: R&D &co\nb: |\n  *bold* &x\nc: '&y'\n")

    assert (document.value, document.problems) == (
        {"a": "R&D &co", "b": "*bold* &x\n", "c": "&y"},
        (),
    )


@pytest.mark.parametrize("char", ["\x85", "\u2028", "\u2029", "\ufeff"])
def test_only_line_feeds_end_a_line(char: str) -> None:
    document = read("a", f"a: |\n  x{char}y\nb: 'p{char}q'\n".encode())

    assert (document.value, document.problems) == ({"a": f"x{char}y\n", "b": f"p{char}q"}, ())
    assert span(document.place("/b")) == "3:4-3:9"


def test_the_first_of_equal_keys_counts_and_the_others_point_to_it() -> None:
    document = read("a", b"a: 1\na: 2\n")

    assert document.value == {"a": 1}
    assert [related.place for related in document.problems[0].related] == [Place("a", 1, 1, 1, 2)]


PLACES = b"""\
# comment
format: promptops/1
model: {profile: fast, params: {temperature: 0.2}}
empty:
quoted: "a \\
  b"
messages:
  - role: system   # who
    content: |
      Hello
      you

  - {role: user, content: 'x'}
-last: [1,
  2]
a/b: {~c: 1}
"""


@pytest.mark.parametrize(
    ("pointer", "value", "key"),
    [
        ("", "2:1-2:20", "2:1-2:20"),
        ("/format", "2:9-2:20", "2:1-2:7"),
        ("/model", "3:8-3:51", "3:1-3:6"),
        ("/model/params/temperature", "3:46-3:49", "3:33-3:44"),
        ("/empty", "4:1-4:6", "4:1-4:6"),
        ("/quoted", "5:9-6:5", "5:1-5:7"),
        ("/messages", "8:3-8:25", "7:1-7:9"),
        ("/messages/0", "8:5-8:25", "8:5-8:25"),
        ("/messages/0/role", "8:11-8:17", "8:5-8:9"),
        ("/messages/0/content", "9:14-11:10", "9:5-9:12"),
        ("/messages/1", "13:5-13:31", "13:5-13:31"),
        ("/messages/1/content", "13:27-13:30", "13:18-13:25"),
        ("/messages/7/role", "8:3-8:25", "8:3-8:25"),
        ("/messages/x", "8:3-8:25", "8:3-8:25"),
        ("/nowhere/at/all", "2:1-2:20", "2:1-2:20"),
        ("/format/below", "2:9-2:20", "2:9-2:20"),
        ("/-last", "14:8-14:11", "14:1-14:6"),
        ("/-last/1", "15:3-15:4", "15:3-15:4"),
        ("/a~1b/~0c", "16:11-16:12", "16:7-16:9"),
    ],
)
def test_pointers_lead_to_places(pointer: str, value: str, key: str) -> None:
    document = read("a", PLACES)

    assert (span(document.place(pointer)), span(document.place(pointer, True))) == (value, key)


def test_columns_count_characters_and_carriage_returns_count_nothing() -> None:
    document = read("a", "é😀: 😀x\r\nb: 'y'\r\nc: |\r\n  p\r\n  q\r\n".encode())

    assert document.value == {"é😀": "😀x", "b": "y", "c": "p\nq\n"}
    assert [span(document.place(pointer)) for pointer in ("/é😀", "/b", "/c")] == [
        "1:5-1:7",
        "2:4-2:7",
        "3:4-5:4",
    ]


def test_an_unreadable_document_still_has_a_place_and_empty_texts() -> None:
    document = read("a", b"[")

    assert (document.place("/x"), document.template("/x").value) == (Place("a"), "")
    assert (document.style("/x"), list(document.scalars()), document.comments) == ("", [], ())


def test_styles_are_told() -> None:
    document = read("a", b"a: x\nb: 'x'\nc: \"x\"\nd: |-\n  x\ne: >\n  x\nf: [x\n  y]\n")

    assert [document.style(f"/{key}") for key in "abcdef"] == [
        "plain",
        "single",
        "double",
        "literal",
        "folded",
        "",
    ]
    assert [document.spans_lines(pointer) for pointer in ("/a", "/d", "/f/0")] == [
        False,
        True,
        True,
    ]


def test_every_scalar_is_listed_with_its_pointer() -> None:
    document = read("a", b"a: [1, {b: x}]\n'c/d':\n")

    assert list(document.scalars()) == [
        ("/a", "key", "a"),
        ("/a/0", "value", "1"),
        ("/a/1/b", "key", "b"),
        ("/a/1/b", "value", "x"),
        ("/c~1d", "key", "c/d"),
        ("/c~1d", "value", ""),
    ]


def test_a_root_that_is_a_list_is_read_where_it_may_be_one() -> None:
    assert read_any("a", b"- a\n- b: 1\n").value == ["a", {"b": 1}]


@pytest.mark.parametrize("data", [row[1] for row in HOSTILE if b"\t" not in row[1]] + [PLACES])
def test_the_composer_in_python_finds_the_same(data: bytes) -> None:
    try:
        lines = Lines("a", data.decode().removeprefix("\ufeff"))
    except UnicodeDecodeError:
        return
    if "\0" in lines.text or "\x1b" in lines.text:
        return

    with_c, without = compose(lines, loader()), compose(lines, python_loader())

    assert _shown(with_c, lines) == _shown(without, lines)


def _shown(root: object, lines: Lines) -> object:
    if not hasattr(root, "id"):
        return root
    return [(pointer, node.id, bounds(node, lines)) for pointer, _, node in walk(root)]


def test_questions_in_brackets_are_text_for_both_composers() -> None:
    lines = Lines("a", "a: {b: How do I?, c: {d: why?}}\n")

    assert [
        [node.value for _, _, node in walk(compose(lines, load)) if node.id == "scalar"]
        for load in (loader(), python_loader())
    ] == [["How do I?", "why?"]] * 2


def test_importing_the_reader_imports_no_yaml() -> None:
    import subprocess

    code = "import sys, promptops.source.document; print('yaml' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert done.stdout == "False\n"


_SCRAPS = st.sampled_from(
    ["a", "b: ", ": ", "- ", "\n", "  ", "|", ">-", "'", '"', "{{ x }}", "[", "]", "{", "}", ","]
)
_ODD_SCRAPS = st.sampled_from(
    ["&x ", "*x", "!t ", "<<", "#", " # c", "\t", "\r\n", "\x85", "\u2028", "é", "😀", "? ", "|2\n"]
)
_RARE_SCRAPS = st.sampled_from(
    ["---\n", "...\n", "%", "\\", "\ufeff", "@", "~", "1", "-", "!!str "]
)


@settings(max_examples=examples(400), deadline=None)
@given(scraps=st.lists(_SCRAPS | _ODD_SCRAPS | _RARE_SCRAPS, max_size=25))
def test_nothing_that_looks_like_yaml_makes_the_reader_raise(scraps: list[str]) -> None:
    document = read_any("a", "".join(scraps).encode())

    for pointer, kind, text in document.scalars():
        located = document.template(pointer, key=kind == "key")
        for offset in range(len(text) + 1):
            line, column = located.locate(min(offset, len(located.value)))
            assert (line >= 1, column >= 1) == (True, True)
        assert document.place(pointer).path == "a"
    assert all(isinstance(problem.at, Place) for problem in document.problems)
    assert len(document.comments) <= document.text.count("#")


@settings(max_examples=examples(100), deadline=None)
@given(data=st.binary(max_size=60))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    document = read("a", data)

    assert document.problems or isinstance(document.value, dict)
