"""The known name that a mistyped one probably means."""

from __future__ import annotations

from promptops.nearest import MAX_NAME_CHARS, did_you_mean, nearest_name


def test_the_nearest_name_is_a_hint_and_a_far_one_is_none() -> None:
    assert did_you_mean("mesages", ["messages", "model"]) == "did you mean `messages`?"
    assert did_you_mean("xyz", ["messages"]) is None


def test_what_is_too_long_to_be_a_typing_error_has_no_nearest_name() -> None:
    name = "a" * MAX_NAME_CHARS

    assert nearest_name(name, [f"{name}b"]) == f"{name}b"
    assert nearest_name(f"{name}a", [f"{name}b"]) is None


def test_only_the_first_known_names_are_compared() -> None:
    assert nearest_name("plane", ["x" * 20, "plan"], max_chars=24) == "plan"
    assert nearest_name("plane", ["x" * 20, "plan"], max_chars=23) is None
