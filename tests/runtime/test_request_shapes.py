"""The requests of many prompts in the formats of OpenAI, Anthropic and Gemini.

`request_shapes/` has the prompts and, in `golden/`, their requests. To add one, add a prompt file
with a test case and run this file with `UPDATE_GOLDEN=1`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.runtime.request_shapes.requests import FORMATS, GOLDEN, all_requests, as_json
from tests.runtime.request_shapes.sdk_types import validate

pytestmark = pytest.mark.xdist_group("request_shapes")


def test_every_request_is_that_of_its_golden_file() -> None:
    found = {f"{id_.replace('/', '.')}.json": _written(id_) for id_ in all_requests()}
    if os.environ.get("UPDATE_GOLDEN"):
        _write(found)

    expected = {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.json")}

    assert found == expected


@pytest.mark.parametrize("name", FORMATS)
def test_every_request_has_the_types_of_the_providers_sdk(name: str) -> None:
    refused = {id_: _refusal(name, arguments) for id_, arguments in _arguments(name).items()}

    assert {id_: said for id_, said in refused.items() if said} == {}


@pytest.mark.parametrize("name", FORMATS)
def test_at_least_forty_prompts_have_a_request_in_each_format(name: str) -> None:
    assert len(_arguments(name)) >= 40


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("openai", {"seeds": 7}),
        ("openai", {"messages": [{"role": "user", "content": [{"type": "text", "txt": "a"}]}]}),
        ("responses", {"stop": "END"}),
        ("anthropic", {"temperature": 0.2}),
        ("anthropic", {"messages": [{"role": "user", "content": [{"type": "text", "txt": "a"}]}]}),
        ("gemini", {"config": {"reasoning_effort": "low"}}),
        ("gemini", {"contents": [{"role": "user", "parts": [{"txt": "a"}]}]}),
    ],
)
def test_the_types_refuse_an_unknown_field(name: str, change: dict[str, Any]) -> None:
    arguments = {**_arguments(name)["shapes/system"], **change}

    with pytest.raises(ValidationError):
        validate(name, arguments)


def _arguments(name: str) -> dict[str, dict[str, Any]]:
    found = {id_: each.arguments[name] for id_, each in all_requests().items()}
    return {id_: each for id_, each in found.items() if isinstance(each, dict)}


def _refusal(name: str, arguments: dict[str, Any]) -> str:
    try:
        validate(name, arguments)
    except ValidationError as error:
        return str(error)
    return ""


def _written(id_: str) -> str:
    requests = as_json(all_requests()[id_].arguments)
    return json.dumps(requests, ensure_ascii=False, indent=2) + "\n"


def _write(found: dict[str, str]) -> None:
    GOLDEN.mkdir(exist_ok=True)
    for path in GOLDEN.glob("*.json"):
        path.unlink()
    for name, text in found.items():
        Path(GOLDEN / name).write_text(text, encoding="utf-8")
