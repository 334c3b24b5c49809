"""`openai()`, `responses()`, `anthropic()` and `gemini()` of a rendered request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptops.analysis.models import canonical_provider, providers
from promptops.bundles.build import bundle_of
from promptops.errors import InputError, UsageError
from promptops.model.prompt import Output, Request, RequestSettings
from promptops.runtime.request.answers import AnswerError, Answers
from promptops.runtime.request.api_limits import APIS, apis_of
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.rendered import RenderedRequest
from promptops.workspace.workspace import workspace
from tests.runtime.request_shapes.requests import ROOT, all_requests, repository_of
from tests.tiers import examples

HELLO = ({"role": "user", "content": "Say hello."},)
LIMIT = {"max_output_tokens": 60}


def _rendered(provider: str | None, **fixed: Any) -> RenderedRequest:
    model = {} if provider is None else {"provider": provider, "id": "m"}
    given = {"model": model, "params": LIMIT, **fixed}
    return RenderedRequest(messages=HELLO, prompt="ask", version=None, inputs={}, _fixed=given)


@pytest.mark.parametrize(
    ("provider", "methods"),
    [
        (None, {"openai", "responses", "anthropic", "gemini"}),
        ("acme", {"openai", "responses", "anthropic", "gemini"}),
        ("mistral", {"openai", "responses", "anthropic", "gemini"}),
        ("openai", {"openai", "responses"}),
        ("OpenAI", {"openai", "responses"}),
        ("anthropic", {"anthropic"}),
        ("google", {"gemini"}),
        ("gemini", {"gemini"}),
        ("vertex", {"gemini", "anthropic"}),
    ],
)
def test_a_provider_has_the_methods_of_its_apis(provider: str | None, methods: set[str]) -> None:
    assert {name for name in APIS if not _error(_rendered(provider), name)} == methods


@pytest.mark.parametrize("name", APIS)
def test_a_profile_with_its_own_address_has_every_method(name: str) -> None:
    assert _error(_rendered("anthropic", any_api=True), name) == ""


def test_the_prompts_of_a_gateway_keep_openais_format() -> None:
    """The profile names Anthropic, and has a `base_url`."""
    requests = all_requests()["shapes/own-server"].arguments

    assert requests["openai"] == {
        "model": "claude-opus-5",
        "messages": [{"role": "user", "content": "Name a colour."}],
        "max_completion_tokens": 50,
    }
    assert isinstance(requests["anthropic"], dict)


@pytest.mark.xdist_group("request_shapes")
def test_a_bundle_keeps_that_a_prompt_has_a_gateway_and_fits_its_schema() -> None:
    schema = jsonschema_rs.validator_for(
        json.loads((ROOT / "schemas" / "bundle.schema.json").read_text(encoding="utf-8"))
    )

    with repository_of("anthropic") as root, workspace(root) as opened:
        lines = [json.loads(line) for line in bundle_of(opened).splitlines()]

    assert [error.message for line in lines for error in schema.iter_errors(line)] == []
    assert [line["id"] for line in lines if line.get("model", {}).get("any_api")] == [
        "shapes/own-server"
    ]


def test_the_address_of_a_profile_is_not_part_of_the_digest() -> None:
    request = Request(messages=HELLO, model={"provider": "anthropic", "id": "m"})
    own = Request(messages=HELLO, model={"provider": "anthropic", "id": "m"}, any_api=True)

    assert request_digest(request) == request_digest(own)


def test_the_error_names_the_field_the_provider_and_the_prompt() -> None:
    request = _rendered("anthropic", params={**LIMIT, "seed": 7, "top_p": 0.5})

    with pytest.raises(InputError) as raised:
        request.anthropic()

    assert str(raised.value) == (
        "ask: anthropic can't express `seed`, at /params/seed\n  tip: remove it"
    )
    assert [each.message for each in raised.value.others] == [
        "anthropic can't express `top_p`: API version 2026-10-21 removed it, at /params/top_p"
    ]


def test_the_error_for_another_providers_method_names_the_right_one() -> None:
    with pytest.raises(UsageError) as raised:
        _rendered("anthropic").openai()

    assert str(raised.value) == (
        "ask: `openai()` does not create requests for the provider `anthropic`\n"
        "  tip: call `request.anthropic()`; for a server with another API, set its `base_url` in "
        "the profile"
    )


def test_without_a_provider_chat_completions_have_every_field() -> None:
    request = _rendered(None, params={"seed": 7, "stop": "END"})

    assert request.openai()["stop"] == "END"


@pytest.mark.parametrize("provider", [None, "acme"])
@pytest.mark.parametrize("name", ["stop", "seed", "frequency_penalty", "presence_penalty"])
def test_a_parameter_without_a_field_in_the_responses_api_is_an_error_of_any_server(
    provider: str | None, name: str
) -> None:
    with pytest.raises(InputError) as raised:
        _rendered(provider, params={name: 1}).responses()

    assert str(raised.value) == (
        f"ask: the Responses API can't express `{name}`: chat completions have it,"
        f" at /params/{name}\n  tip: remove it"
    )


def test_audio_is_an_error_of_the_responses_api_and_parts_that_a_server_adds_are_not() -> None:
    audio = {"type": "audio", "url": "data:audio/wav;base64,UklGRg=="}
    own = {"type": "video_url", "video_url": {"url": "https://acme.example/a.mp4"}}
    heard, seen = (
        RenderedRequest(
            messages=({"role": "user", "content": [part]},),
            prompt="ask",
            version=None,
            inputs={},
            _fixed={"model": {"provider": "acme", "id": "m"}},
        )
        for part in (audio, own)
    )

    with pytest.raises(InputError, match="the Responses API can't express audio parts, at /mess"):
        heard.responses()
    assert seen.responses()["input"][0]["content"] == [own]


@pytest.mark.parametrize("provider", [None, "openai"])
def test_the_settings_of_a_prompt_are_checked_with_its_first_request_only(
    provider: str | None,
) -> None:
    settings = RequestSettings(_rendered(provider)._fixed)
    rendered = RenderedRequest(
        messages=HELLO, prompt="ask", version=None, inputs={}, _fixed=settings
    )

    first, second, third = (_called(rendered.openai) for _ in range(3))

    assert second == third
    assert len(second) <= 14
    assert "unsupported_settings" not in second
    assert rendered.openai() == _rendered(provider).openai()
    assert first != second


def test_a_later_request_of_a_checked_prompt_is_still_checked() -> None:
    settings = RequestSettings(_rendered("openai")._fixed)
    fine, wrong = (
        RenderedRequest(messages=messages, prompt="ask", version=None, inputs={}, _fixed=settings)
        for messages in (HELLO, ({"role": "user", "parts": [{"text": "hi"}]},))
    )

    fine.openai()

    with pytest.raises(InputError, match="can't express a message with `parts`"):
        wrong.openai()


def _called(function: Callable[[], Any]) -> list[str]:
    """The names of the functions of `runtime/request` that a call runs."""
    names: list[str] = []

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and "promptops/runtime/request" in frame.f_code.co_filename:
            names.append(frame.f_code.co_name)

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return names


def test_every_name_of_a_provider_has_the_same_apis() -> None:
    """The table of formats has the same other names as the table of models."""
    vertex = {"vertex", "vertexai"}  # they also serve Claude
    names = {name for name in providers() if apis_of(canonical_provider(name))} - vertex

    assert {name: apis_of(name) for name in names} == {
        name: apis_of(canonical_provider(name)) for name in names
    }


CLAUDE = {"role": "assistant", "type": "message", "stop_reason": "end_turn"}
RED = '{"colour": "red"}'


@pytest.mark.parametrize(
    "answer",
    [
        {**CLAUDE, "content": [{"type": "text", "text": RED}]},
        {
            **CLAUDE,
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"},
                {"type": "text", "text": '{"colour": '},
                {"type": "text", "text": '"red"}'},
            ],
        },
        {**CLAUDE, "stop_reason": "stop_sequence", "content": [{"type": "text", "text": RED}]},
        {"candidates": [{"content": {"parts": [{"text": RED}]}, "finishReason": "STOP"}]},
        {"candidates": [{"content": {"parts": [{"text": RED}]}, "finish_reason": "STOP"}]},
        {
            "candidates": [
                {
                    "content": {"parts": [{"text": "Hm.", "thought": True}, {"text": RED}]},
                    "finishReason": "STOP",
                }
            ]
        },
    ],
)
def test_parse_reads_answers_of_anthropic_and_gemini(answer: dict[str, Any]) -> None:
    assert _answers().parse(answer) == {"colour": "red"}


@pytest.mark.parametrize(
    ("answer", "message", "hint"),
    [
        (
            {**CLAUDE, "stop_reason": "max_tokens", "content": [{"type": "text", "text": "{"}]},
            "the answer is incomplete: it ended with 'max_tokens'",
            "increase `max_output_tokens`",
        ),
        (
            {**CLAUDE, "stop_reason": "refusal", "content": []},
            "the answer is incomplete: it ended with 'refusal'",
            None,
        ),
        (
            {"candidates": [{"content": {"parts": [{"text": "{"}]}, "finishReason": "MAX_TOKENS"}]},
            "the answer is incomplete: it ended with 'MAX_TOKENS'",
            "increase `max_output_tokens`",
        ),
        (
            {"candidates": [{"finishReason": "SAFETY"}]},
            "the answer is incomplete: it ended with 'SAFETY'",
            None,
        ),
        (
            {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
            "the answer is incomplete: it ended with 'PROHIBITED_CONTENT'",
            None,
        ),
        (
            {"output": [], "incomplete_details": {"reason": "max_output_tokens"}},
            "the answer is incomplete: it ended with 'max_output_tokens'",
            "increase `max_output_tokens`",
        ),
    ],
)
def test_parse_refuses_an_answer_that_is_not_complete(
    answer: dict[str, Any], message: str, hint: str | None
) -> None:
    with pytest.raises(AnswerError) as raised:
        _answers().parse(answer)

    assert (raised.value.message, raised.value.hint) == (message, hint)


@pytest.mark.parametrize(
    "answer", [{"content": []}, {"candidates": []}, {"role": "assistant"}, [], 7, None]
)
def test_parse_refuses_what_is_not_an_answer(answer: Any) -> None:
    with pytest.raises(InputError, match="is not a model's answer"):
        _answers().parse(answer)


def test_rendering_imports_no_request_format() -> None:
    program = (
        "import sys\n"
        "from promptops.runtime.request import rendered, render\n"
        "formats = ('openai', 'anthropic', 'gemini', 'unsupported', 'api_limits',"
        " 'media', 'provider_schemas', 'answer_text')\n"
        "print([n for n in formats if f'promptops.runtime.request.{n}' in sys.modules])\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout == b"[]\n"


_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=3)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
_CALL = st.fixed_dictionaries(
    {}, optional={"id": _JSON, "name": _JSON, "arguments": _JSON, "function": _JSON}
)
_PART = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text", "image", "audio", "document", "image_url"]) | _JSON,
        "text": _JSON,
        "url": st.sampled_from(["data:,a", "data:image/png;base64,A", "http://["]) | _JSON,
        "data": _JSON,
        "image_url": _JSON,
        "detail": _JSON,
        "title": _JSON,
    },
)
_MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["system", "user", "assistant", "tool", "model"]) | _JSON,
        "content": st.text(max_size=3) | st.lists(_PART | _JSON, max_size=3) | _JSON,
        "tool_calls": st.lists(_CALL | _JSON, max_size=2) | _JSON,
        "tool_call_id": _JSON,
        "parts": _JSON,
        "name": _JSON,
    },
)


@settings(max_examples=examples(300))
@given(st.lists(_MESSAGE, max_size=4), st.sampled_from(["anthropic", "gemini"]))
def test_no_conversation_of_a_caller_ends_in_another_error(
    conversation: list[dict[str, Any]], name: str
) -> None:
    request = RenderedRequest(
        messages=tuple(conversation),
        prompt="ask",
        version=None,
        inputs={},
        _fixed={"params": LIMIT},
    )

    with suppress(InputError):
        assert getattr(request, name)()["max_tokens" if name == "anthropic" else "contents"]


def _answers() -> Answers:
    return Answers("ask", Output(format="json", schema={"type": "object", "required": ["colour"]}))


def _error(request: RenderedRequest, name: str) -> str:
    try:
        getattr(request, name)()
    except UsageError as error:
        return str(error)
    return ""
