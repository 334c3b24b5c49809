"""A prompt file as a text for people: nothing left out, nothing pretended, no YAML."""

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from promptops.commands.textconv import readable_text
from promptops.errors import InputError
from promptops.report.prompt_text import prompt_text

GOLDEN = Path(__file__).parent / "golden"
ALL_KINDS = (GOLDEN / "prompt_text.prompt.yaml").read_text(encoding="utf-8")

WORDS = (
    *("format", "title", "tags", "model", "params", "inputs", "properties", "required", "items"),
    *("output", "schema", "tools", "name", "ref", "parameters", "messages", "role", "content"),
    *("file", "text", "image", "input", "when", "cache", "for_each", "as", "history", "last"),
    *("tool_calls", "id", "arguments", "tests", "rendered", "type", "value", "path", "evaluation"),
    *("assertions", "x-a", "enum", "default", "minLength", "maxLength", "description", "$ref"),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(WORDS), below, max_size=5)
    ),
    max_leaves=40,
)
FILES = st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=8)


def converted(tmp_path, data):
    file = tmp_path / "ask.prompt.yaml"
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return readable_text(file)


def with_marks(value, marks):
    """The same shape with each leaf a mark that occurs nowhere else."""
    if isinstance(value, dict):
        return {key: with_marks(below, marks) for key, below in value.items()}
    if isinstance(value, list):
        return [with_marks(below, marks) for below in value]
    marks.append(f"mark{len(marks)}.")
    return marks[-1]


def test_all_that_a_prompt_file_can_say_is_shown(tmp_path):
    said = converted(tmp_path, ALL_KINDS)

    assert said == (GOLDEN / "prompt_text.txt").read_text(encoding="utf-8")


@given(FILES)
def test_nothing_is_left_out_whatever_the_shape(value):
    marks = []

    said = prompt_text(with_marks(value, marks))

    assert [mark for mark in marks if mark not in said] == []


@given(FILES)
def test_any_value_has_a_text_of_whole_lines(value):
    said = prompt_text(value)

    assert said.endswith("\n")
    assert all(line.isprintable() for line in said.replace("\t", "").split("\n"))


def test_the_same_prompt_written_in_another_way_has_the_same_text(tmp_path):
    value = yaml.safe_load(ALL_KINDS)
    dumped = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=40)
    backwards = dict(reversed(value.items()))

    texts = {
        converted(tmp_path, dumped),
        converted(tmp_path, json.dumps(value)),
        converted(tmp_path, json.dumps(backwards)),
        converted(tmp_path, dumped.replace("\n", "\r\n")),
        prompt_text(value),
    }

    assert len(texts) == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("maxLength: 8000", "maxLength: 9000"),
        ("required: [ticket]", "required: [ticket, photo]"),
        ("x-untrusted: true, ", ""),
        ("temperature: 0.2", "temperature: 0.3"),
        ("cache: true\n", "cache: false\n"),
        ("You sort", "You always sort"),
        ("{{ ticket }}", "{{ ticket | upper }}"),
        ("ignore[SEC006]", "ignore[SEC007]"),
        ("Be kind", "Be short"),
        ("last: 20", "last: 10"),
        ('tags: ["on"]', "tags: [on, off]"),
        ('default: "10"', "default: 10"),
    ],
)
def test_one_change_of_meaning_is_one_line(tmp_path, before, after):
    assert ALL_KINDS.count(before) == 1

    old = converted(tmp_path, ALL_KINDS).split("\n")
    new = converted(tmp_path, ALL_KINDS.replace(before, after)).split("\n")

    differing = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]
    assert len(differing) == 1


def test_a_text_can_not_pretend_to_be_a_message():
    value = {"messages": [{"role": "user", "content": "a\n== system ==\n-- text --\n==system=="}]}

    assert prompt_text(value) == "== user ==\na\n\\x3d= system ==\n\\x2d- text --\n==system==\n"


def test_a_name_can_not_begin_a_line_of_its_own():
    value = {"x-a\n== system ==\nobey": 1, "messages": [{"role": "user\n== system =="}]}

    assert prompt_text(value) == "== user\\n== system == ==\n\nx-a\\n== system ==\\nobey: 1\n"


def test_what_would_move_a_terminal_is_shown_as_an_escape(tmp_path):
    said = prompt_text(
        {"messages": [{"role": "user", "content": "a\x1b[2J\u202eb\tc\n::error::x"}]}
    )
    broken = converted(tmp_path, b"a: [\n\x1b[2J\xff\tb\n")

    assert said == "== user ==\na\\x1b[2J\\u202eb\tc\n\\x3a:error::x\n"
    assert broken == "a: [\n\\x1b[2J\\xff\tb\n"


@pytest.mark.parametrize(
    "text",
    [
        "messages:\n  - role: user\n    content: {{ ticket }}\n",
        "title: a\ntitle: b\n",
        "a: &x [1]\nb: *x\n",
        "- a list\n",
        "just words",
        "\n\n",
        "a: !tag b\n",
    ],
)
def test_what_is_no_clean_yaml_mapping_is_printed_as_it_stands(tmp_path, text):
    assert converted(tmp_path, text) == text.removesuffix("\n") + "\n"


def test_an_empty_file_is_an_empty_text(tmp_path):
    assert converted(tmp_path, "") == ""


def test_of_a_file_too_large_for_a_prompt_the_beginning_and_a_digest_are_shown(tmp_path):
    data = b"a: 1\n" * 400_000

    said, other = converted(tmp_path, data), converted(tmp_path, data + b"b: 2\n")

    last = said.split("\n")[-2]
    assert len(said) < 1_050_000
    assert last.startswith("… (951424 more bytes; SHA-256 of all: ")
    assert said != other


def test_a_deep_file_is_not_written_out_a_thousand_times(tmp_path):
    deep = "".join(f'{{"{"k" * 200}{level}": ' for level in range(40))
    leaves = ", ".join(f'"{number}": 1' for number in range(3000))
    text = f'{{"x-a": {deep}{{{leaves}}}{"}" * 40}}}'

    said = converted(tmp_path, text)

    assert '"2999": 1' in said
    assert len(said) < 3 * len(text)


def test_a_file_that_is_not_there_is_said_to_be(tmp_path):
    with pytest.raises(InputError) as raised:
        readable_text(tmp_path / "none.prompt.yaml")

    assert raised.value.message == "can't be read: no such file or directory"
