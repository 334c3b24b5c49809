"""`.prompt.yml` files of GitHub Models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.exported import (
    ExportedFile,
    ExportSubject,
    NotExported,
    PlainHistory,
    fixed_inputs,
    plain_turns,
    turns_left_out,
)
from promptops.formats.prompt_file import yaml_file
from promptops.formats.writers.langfuse import with_braces
from promptops.model.prompt import Case

NAME = "github-models"
MARKS = "`ID.prompt.yml`: messages with `{{name}}`, test data, evaluators"
TAKES_CASE = True

_ROLES = ("system", "user", "assistant")
_PARAMETERS = {"temperature": "temperature", "top_p": "topP", "max_output_tokens": "maxTokens"}
_EVALUATORS = {"contains": "contains", "equals": "equals", "starts-with": "startsWith"}


def files(subjects: Sequence[ExportSubject]) -> Iterator[ExportedFile | Loss]:
    """A file for each prompt whose messages only print inputs."""
    for subject in subjects:
        losses = list(fixed_inputs(subject))
        try:
            value = _value(subject, losses)
        except NotExported as error:
            yield error.loss
            continue
        yield from losses
        yield subject.file(f"{subject.prompt.id}.prompt.yml", yaml_file(value))


def _value(subject: ExportSubject, losses: list[Loss]) -> dict[str, Any]:
    prompt = subject.prompt
    value: dict[str, Any] = {"name": prompt.title or prompt.id}
    if prompt.description:
        value["description"] = prompt.description
    if prompt.model.id:
        value["model"] = f"{prompt.model.provider}/{prompt.model.id}"
    params = {}
    for name, given in prompt.model.params.items():
        if name in _PARAMETERS:
            params[_PARAMETERS[name]] = given
        else:
            message = f"the parameter `{name}` is not exported"
            losses.append(subject.lost("EXP108", message, f"/model/params/{name}"))
    losses += subject.without_provider_options()
    if params:
        value["modelParameters"] = params
    value |= _output(subject)
    value["messages"] = [_message(subject, turn) for turn in plain_turns(subject)]
    value |= _tests(subject, losses)
    losses += (
        *subject.without_tools(),
        *subject.without_input_schema(),
        *subject.without_message_keys("cache", "name"),
        *subject.without("owners", "tags", "metadata", "budget"),
        *subject.without_scores(),
    )
    return value


def _message(subject: ExportSubject, turn: Any) -> dict[str, Any]:
    if isinstance(turn, PlainHistory):
        raise subject.refused("this format has no conversations", hint=subject.case_hint)
    if turn.role not in _ROLES:
        raise subject.refused(f"this format has no role `{turn.role}`")
    return {"role": turn.role, "content": with_braces(subject, turn.pieces)}


def _output(subject: ExportSubject) -> dict[str, Any]:
    output = subject.prompt.output
    if output.format != "json":
        return {}
    if output.schema is None:
        return {"responseFormat": "json_object"}
    named = {"name": output.name or "answer", "strict": output.strict, "schema": output.schema}
    return {"responseFormat": "json_schema", "jsonSchema": json.dumps(named, ensure_ascii=False)}


def _tests(subject: ExportSubject, losses: list[Loss]) -> dict[str, Any]:
    rows = []
    for case in subject.prompt.cases:
        if case.turns:
            losses.append(turns_left_out(case))
            continue
        rows.append(_row(case, losses))
        if case.on_answers or case.rendered:
            message = f"the assertions of the case `{case.name}` are not exported"
            losses.append(Loss(code="EXP106", message=message, place=case.locate(case.at, False)))
    given = subject.prompt.evaluation.get("assertions", ())
    evaluators = [found for one in given if (found := _evaluator(one)) is not None]
    if len(evaluators) < len(given):
        message = "assertions other than of texts are not exported"
        losses.append(subject.lost("EXP106", message, "/evaluation/assertions"))
    return {
        **({"testData": rows} if rows else {}),
        **({"evaluators": evaluators} if evaluators else {}),
    }


def _row(case: Case, losses: list[Loss]) -> dict[str, Any]:
    """The inputs of a case, and the expected answer, which is a variable there as well."""
    row = case.own_inputs
    if case.expected is None:
        return row
    if "expected" in row:
        message = f"`expected` of the case `{case.name}` is not exported: an input has this name"
        losses.append(Loss(code="EXP101", message=message, place=case.locate(case.at, False)))
        return row
    return {**row, "expected": case.expected}


def _evaluator(assertion: Mapping[str, Any]) -> dict[str, Any] | None:
    name = _EVALUATORS.get(str(assertion.get("type")))
    value = assertion.get("value")
    if name is None or not isinstance(value, str) or len(assertion) > 2:
        return None
    return {"name": f"{name} {value}"[:60], "string": {name: value}}
