"""What an application's traceback and log show of an error that promptops raises."""

from __future__ import annotations

import pickle
import traceback

import pytest

import promptops
from promptops.errors import InputError, PromptopsError, UsageError

WHOLE = "prompts/a.prompt.yaml:3:1: `x` is not a key\n  tip: known here: `y`"


def last_line(error: BaseException) -> str:
    return "".join(traceback.format_exception_only(error))


def test_a_traceback_shows_the_place_and_the_hint():
    error = InputError(
        "`x` is not a key", where="prompts/a.prompt.yaml:3:1", hint="known here: `y`"
    )

    assert last_line(error) == f"promptops.errors.InputError: {WHOLE}\n"
    assert str(pickle.loads(pickle.dumps(error))) == WHOLE


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PromptopsError("nothing works"), "nothing works"),
        (PromptopsError("nothing works", where="a"), "a: nothing works"),
        (UsageError("nothing works", hint="do it"), "nothing works\n  tip: do it"),
    ],
)
def test_what_is_not_known_leaves_no_trace(error, expected):
    assert (str(error), error.message) == (expected, "nothing works")


def test_a_source_that_is_not_there_is_named_in_the_traceback_of_an_application(tmp_path):
    with pytest.raises(PromptopsError) as refused:
        promptops.load("v1.0.0", source=str(tmp_path / "nowhere"))

    error = refused.value
    assert error.where is not None
    assert error.hint is not None
    assert last_line(error).endswith(f"{error.where}: {error.message}\n  tip: {error.hint}\n")
