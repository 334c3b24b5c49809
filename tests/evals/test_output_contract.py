"""Every answer that a case looks at must be what the prompt's `output` promises."""

from dataclasses import replace
from typing import Any

import pytest

from promptops.evals.judge_answer import judge_answer, record_of_answer
from promptops.evals.result import Judgement
from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.prompt import Output, Request
from promptops.runtime.request.answers import AnswerError, Answers
from tests.evals.answers import case_of, prompt_of

SCHEMA = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"enum": ["bug", "other"]}},
}
JSON = Output(format="json", schema=SCHEMA)
CALL = {"name": "find", "arguments": {}}


def verdicts(
    answer: Answer, output: Output, evaluation: dict[str, Any] | None = None
) -> list[Judgement]:
    prompt = replace(prompt_of(**(evaluation or {})), output=output)
    case = case_of({"output": [{"type": "max-chars", "value": 1_000}]})
    record = record_of_answer(answer, Request(messages=()), case, prompt)
    return list(judge_answer(record, case, prompt))[1:]


def verdict(status: Any, reason: str, at: str = "/output/schema") -> Judgement:
    degree = 1.0 if status == "passed" else 0.0
    return Judgement(
        type="output", status=status, must=True, reason=reason, place=Place(at), degree=degree
    )


@pytest.mark.parametrize(
    ("answer", "output", "expected"),
    [
        (
            Answer(text='{"kind": "bug"}'),
            JSON,
            verdict("passed", "the answer matches the output schema"),
        ),
        (
            Answer(text='{"kind": "bgu"}'),
            JSON,
            verdict(
                "failed",
                'the answer does not fit the output schema: "bgu" is not one of "bug" or "other"'
                ", at /kind",
            ),
        ),
        (
            Answer(text='```json\n{"kind": "bug"}\n```'),
            JSON,
            verdict("failed", "the answer is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ),
        (
            Answer(text='{"kind": "bug"}', finish_reason="length"),
            JSON,
            verdict(
                "failed",
                "the answer is incomplete: it ended with 'length': increase `max_output_tokens`",
            ),
        ),
        (
            Answer(text="[]"),
            Output(format="json"),
            verdict("passed", "the answer matches the output format", "/output/format"),
        ),
        (
            Answer(text="NaN"),
            Output(format="json"),
            verdict(
                "failed", "the answer is not JSON: `NaN` is not a JSON number", "/output/format"
            ),
        ),
        (
            Answer(text="{}", tool_calls=(CALL,), finish_reason="tool_calls"),
            JSON,
            verdict(
                "failed",
                'the answer does not fit the output schema: "kind" is a required property',
            ),
        ),
        (
            Answer(text=""),
            JSON,
            verdict("failed", "the answer is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ),
        (
            Answer(text="{}"),
            Output(format="json", schema={"type": "sting"}),
            verdict(
                "error",
                'the schema can\'t be used: "sting" is not valid under any of the schemas listed '
                "in the 'anyOf' keyword",
            ),
        ),
    ],
    ids=str,
)
def test_an_answer_must_fit_the_output_of_its_prompt(
    answer: Answer, output: Output, expected: Judgement
) -> None:
    assert verdicts(answer, output) == [expected]


@pytest.mark.parametrize(
    ("answer", "output", "evaluation"),
    [
        (Answer(text="anything"), Output(), {}),
        (Answer(text="anything"), Output(format="markdown"), {}),
        (Answer(text="anything"), JSON, {"output": False}),
        (Answer(text=" \n", tool_calls=(CALL,), finish_reason="tool_calls"), JSON, {}),
    ],
    ids=["text", "markdown", "switched off", "only tool calls"],
)
def test_without_a_promise_there_is_no_output_contract(
    answer: Answer, output: Output, evaluation: dict[str, Any]
) -> None:
    assert verdicts(answer, output, evaluation) == []


@pytest.mark.parametrize(
    "text", ['{"kind": "bug"}', '{"kind": 1}', "[]", "no", "", "1e999", "[" * 100_000]
)
def test_the_contract_and_the_applications_parse_agree(text: str) -> None:
    (found,) = verdicts(Answer(text=text), JSON)

    assert (found.status == "passed") == _parses(text)


def _parses(text: str) -> bool:
    try:
        Answers("p", JSON).parse(text)
    except AnswerError:
        return False
    return True
