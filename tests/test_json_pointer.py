"""JSON pointers."""

from __future__ import annotations

import pytest

from promptops.json_pointer import NO_VALUE, child, escaped, pointer_to, tokens, value_at, with_part

VALUE = {"a": [10, {"b/c": None}], "": 1, "~": 2, "~1": 3, "0": 4}


@pytest.mark.parametrize("path", [(), ("a",), ("a/b", "~1", 0), ("", "~0", "ä b"), ("%2F",)])
def test_a_path_survives_being_written_as_a_pointer(path: tuple[str | int, ...]) -> None:
    assert tokens(pointer_to(path)) == [str(step) for step in path]


def test_tilde_and_slash_are_escaped() -> None:
    assert [escaped("a/b"), escaped("~1"), escaped(3)] == ["a~1b", "~01", "3"]


@pytest.mark.parametrize(
    ("pointer", "found"),
    [
        ("", VALUE),
        ("/a/0", 10),
        ("/a/1/b~1c", None),
        ("/", 1),
        ("/~0", 2),
        ("/~01", 3),
        ("/0", 4),
        ("/a/2", NO_VALUE),
        ("/a/0/0", NO_VALUE),
        ("/a/-", NO_VALUE),
        ("/a/00", NO_VALUE),
        ("/b", NO_VALUE),
    ],
)
def test_a_pointer_leads_to_its_value_or_nowhere(pointer: str, found: object) -> None:
    assert value_at(VALUE, pointer, NO_VALUE) is found


@pytest.mark.parametrize("step", ["²", "٣", "-1", "1e0", " 1", "9" * 5_000])
def test_only_a_plain_number_is_an_index(step: str) -> None:
    assert child(["x"] * 10, step) is None


def test_a_copy_with_another_part_shares_the_rest_and_leaves_the_original_alone() -> None:
    value = {"a": [{"b": 1}, {"b": 2}], "c": {}}

    found = with_part(value, ("a", 1, "b"), 3)

    assert found == {"a": [{"b": 1}, {"b": 3}], "c": {}}
    assert found["a"][0] is value["a"][0]
    assert value == {"a": [{"b": 1}, {"b": 2}], "c": {}}
    assert (with_part(value, (), 0), with_part({}, ("new",), 1)) == (0, {"new": 1})
