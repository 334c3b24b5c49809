"""Answers of models as the application receives them."""

from __future__ import annotations

import pytest

import promptops
from promptops.model.prompt import Output
from promptops.runtime.request.answers import Answers


@pytest.mark.parametrize("text", ['{"n": 1e999}', '{"n": -1e999}'])
def test_a_number_that_is_too_large_is_an_error(text: str) -> None:
    answers = Answers("ask", Output(format="json", schema={"type": "object"}))

    with pytest.raises(promptops.AnswerError, match="a number that is too large") as raised:
        answers.parse(text)

    assert raised.value.text == text
