"""The lines about an answer: model, tokens, cost and time, and what is unusual about it."""

from __future__ import annotations

from typing import Any

import pytest

from promptops.commands.run.report import problem_lines, usage_line, write_text
from promptops.model.answer import Answer, Usage
from promptops.model.prompt_run import ModelAnswer, PromptRun
from promptops.records import replace

USAGE = Usage(input=1412, output=96, cached=1024)


def _answer(text: str = "Hello.", *, answer: Answer | None = None, **said: Any) -> ModelAnswer:
    got = answer or Answer(text=text, model="m-1-2026", usage=USAGE)
    known = {"profile": "fast", "provider": "acme", "model": "m-1", "text": text, "answer": got}
    times = {"duration_s": 1.4249, "first_text_s": 0.3849, "cost_usd": 0.0125}
    return ModelAnswer(**{**known, **times, **said})


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            {},
            "fast (m-1-2026): 1,412 tokens in (1,024 cached), 96 out, $0.0125, 1.42 s, "
            "first text after 0.38 s",
        ),
        (
            {"cost_usd": 0.000018, "first_text_s": None, "duration_s": 12.34},
            "fast (m-1-2026): 1,412 tokens in (1,024 cached), 96 out, $0.000018, 12.3 s",
        ),
        (
            {"answer": Answer(text="", usage=Usage(input=1)), "cost_usd": 0.0},
            "fast (m-1): 1 token in, 0 out, $0, 1.42 s, first text after 0.38 s",
        ),
        (
            {"answer": Answer(text=""), "cost_usd": None, "first_text_s": None},
            "fast (m-1): tokens unknown, cost unknown, 1.42 s",
        ),
        (
            {"profile": "f\x1b[2J", "first_text_s": None},
            "f\\x1b[2J (m-1-2026): 1,412 tokens in (1,024 cached), 96 out, $0.0125, 1.42 s",
        ),
    ],
)
def test_the_usage_of_an_answer_is_one_line(said, line):
    assert usage_line(_answer(**said)) == line


def test_an_incomplete_answer_has_its_time_and_one_that_was_not_sent_has_none():
    incomplete = ModelAnswer(profile="fast", provider="acme", model="m-1", duration_s=2.0)
    unsent = ModelAnswer(profile="fast", provider="acme", model="m-1", problem="interrupted")

    assert usage_line(incomplete) == "fast (m-1): incomplete, cost unknown, 2.00 s"
    assert usage_line(unsent) == "fast (m-1): not sent"


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ({}, []),
        ({"problem": "broke\noff"}, ["error: broke\\noff"]),
        (
            {"answer": Answer(text="x", finish_reason="length"), "limit": 1},
            [
                "warning: the answer is cut at the limit of 1 token; raise `max_output_tokens`",
            ],
        ),
        (
            {"answer": Answer(text="x", finish_reason="content_filter")},
            ["warning: the provider's content filter stopped the answer"],
        ),
        ({"text": "", "answer": Answer(text="")}, ["warning: the answer is empty"]),
        ({"text": "", "answer": Answer(text="", tool_calls=({"name": "look"},))}, []),
    ],
)
def test_what_is_unusual_about_an_answer_is_one_line(said, lines):
    assert list(problem_lines(_answer(**said))) == lines


def test_a_report_has_the_answers_below_each_other():
    calls = ({"name": "look", "arguments": {"at": [1]}},)
    answers = (
        _answer("one\n"),
        _answer("two\x07", profile="strong"),
        _answer("", profile="tools", answer=Answer(text="", tool_calls=calls)),
    )
    run = PromptRun(
        prompt="ask",
        path="prompts/ask.prompt.yaml",
        revision="worktree",
        case=None,
        inputs={},
        answers=answers,
    )

    assert write_text(run) == (
        '--- fast\none\n--- strong\ntwo\\x07\n--- tools\n[call look {"at": [1]}]\n'
    )
    assert write_text(replace(run, answers=answers[:1])) == "one\n"
