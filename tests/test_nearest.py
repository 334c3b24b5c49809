"""The known name that a mistyped one probably means."""

from __future__ import annotations

from promptops.suggestions import (
    MAX_NAME_CHARS,
    MAX_PROMPT_LOOKUPS,
    LimitedLookups,
    did_you_mean,
    nearest_name,
    nearest_names,
)


def test_the_nearest_name_is_a_hint_and_a_far_one_is_none() -> None:
    assert did_you_mean("mesages", ["messages", "model"]) == "did you mean `messages`?"
    assert did_you_mean("xyz", ["messages"]) is None


def test_a_name_in_another_case_is_found_although_no_letter_is_the_same() -> None:
    assert did_you_mean("JSON", ["text", "json"]) == "did you mean `json`?"


def test_what_is_too_long_to_be_a_typing_error_has_no_nearest_name() -> None:
    name = "a" * MAX_NAME_CHARS

    assert nearest_name(name, [f"{name}b"]) == f"{name}b"
    assert nearest_name(f"{name}a", [f"{name}b"]) is None


def test_only_the_first_known_names_are_compared() -> None:
    assert nearest_name("plane", ["x" * 20, "plan"], max_chars=24) == "plan"
    assert nearest_name("plane", ["x" * 20, "plan"], max_chars=23) is None


def test_of_many_similar_names_the_nearest_is_found() -> None:
    known = [f"input_number_{n}" for n in range(600)]

    assert nearest_name("input_numbr_457", known) == "input_number_457"
    assert nearest_name("imput_number_12", known) == "input_number_12"
    assert nearest_name("something_else", known) is None


def test_only_the_first_words_of_a_prompt_are_looked_for() -> None:
    words = [f"wrd{n}" for n in range(MAX_PROMPT_LOOKUPS + 5)]

    found = nearest_names(words, [f"word{n}" for n in range(MAX_PROMPT_LOOKUPS + 5)])

    assert found == {f"wrd{n}": f"word{n}" for n in range(MAX_PROMPT_LOOKUPS)}


def test_the_names_of_one_prompt_are_looked_up_for_a_limited_number_of_names() -> None:
    lookups, known = LimitedLookups(), ["plan"]

    found = [lookups.did_you_mean(f"pl{n}n", known) for n in range(MAX_PROMPT_LOOKUPS + 1)]

    assert found[0] == lookups.did_you_mean("pl0n", known) == "did you mean `plan`?"
    assert found[-1] is None
