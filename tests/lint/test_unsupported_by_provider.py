"""CFG017: what the request format of a prompt's provider can't express."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.lint.engine import lint_prompt
from promptops.lint.examples import DAY
from promptops.lint.registry import built_in
from promptops.lint.subject import PromptFacts
from promptops.workspace.workspace import workspace
from tests.runtime.request_shapes.requests import all_requests, repository_of

Lines = Callable[[str, str], list[str]]

CODE = "CFG017"
GEMINI = "model: {provider: google, id: gemini-3.5-flash}\n"
CLAUDE = """\
model:
  provider: anthropic
  id: claude-sonnet-4-6
  params: {max_output_tokens: 60}
"""


@pytest.mark.xdist_group("request_shapes")
@pytest.mark.parametrize("provider", ["openai", "anthropic", "gemini"])
def test_lint_reports_exactly_the_fields_for_which_an_application_gets_an_error(
    provider: str,
) -> None:
    with repository_of(provider) as root, workspace(root) as opened:
        reported = {
            loaded.prompt.id: {
                finding.code
                for finding in lint_prompt(
                    PromptFacts(opened.catalog, loaded, DAY), [built_in()[CODE]]
                )
            }
            for loaded in opened.catalog.prompts()
            if loaded.prompt is not None and loaded.prompt.model.profile not in (None, "gateway")
        }

    # The messages of a caller have no place in the file.
    ids = {id_ for id_ in reported if not id_.startswith("shapes/history-")}
    assert {id_ for id_ in ids if reported[id_]} == {
        id_ for id_ in ids if isinstance(all_requests()[id_].arguments[provider], str)
    }


def test_a_parameter_is_reported_at_its_value(found: Lines) -> None:
    block = CLAUDE.replace("60", "60, temperature: 0.2")

    assert found(CODE, block) == [
        "anthropic can't express `temperature`: API version 2026-10-21 removed it"
        " ask.prompt.yaml:4:48-51"
    ]


def test_a_parameter_of_a_profile_is_reported_at_the_profile(found: Lines) -> None:
    block = (
        "--- promptops.toml\n"
        '[models.fast]\nprovider = "anthropic"\nid = "claude-sonnet-4-6"\n'
        "params = {top_p = 0.9, max_output_tokens = 60}\n"
        "--- prompts/ask.prompt.yaml\n"
        "format: promptops/1\nmodel: {profile: fast}\n"
        "messages:\n  - {role: user, content: Say hello.}\n"
    )

    assert found(CODE, block) == [
        "anthropic can't express `top_p`: API version 2026-10-21 removed it ask.prompt.yaml:2:18-22"
    ]


def test_a_missing_limit_is_reported_at_the_profile(found: Lines) -> None:
    block = (
        '--- promptops.toml\n[models.fast]\nprovider = "anthropic"\nid = "claude-sonnet-4-6"\n'
        "--- prompts/ask.prompt.yaml\n"
        "format: promptops/1\nmodel: {profile: fast}\n"
        "messages:\n  - {role: user, content: Say hello.}\n"
    )

    assert found(CODE, block) == [
        "`max_output_tokens` is missing: anthropic requires it ask.prompt.yaml:2:18-22"
    ]


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        ("anthropic", ["anthropic can't express `seed` ask.prompt.yaml:2:18-22"]),
        ("gemini", ["gemini can't express `parallel_tool_calls: false` ask.prompt.yaml:2:18-22"]),
        ("openai", []),
        ("google", []),  # called in OpenAI's format at an address of its own
        ("acme", []),
    ],
)
def test_a_server_of_ones_own_is_checked_if_it_is_called_in_the_format_of_its_provider(
    found: Lines, provider: str, expected: list[str]
) -> None:
    block = (
        f"--- promptops.toml\n"
        f'[models.fast]\nprovider = "{provider}"\nid = "m-1"\n'
        'base_url = "https://gateway.acme.example/v1"\n'
        "params = {seed = 7, parallel_tool_calls = false, max_output_tokens = 9}\n"
        "--- prompts/ask.prompt.yaml\n"
        "format: promptops/1\nmodel: {profile: fast}\n"
        "messages:\n  - {role: user, content: Say hello.}\n"
    )

    assert found(CODE, block) == expected


@pytest.mark.parametrize("written", ["seed: 7", "temperature: 0.2", "top_p: 1", "temperature: 7"])
@pytest.mark.parametrize("model", ["claude-sonnet-4-6", "claude-opus-5", "claude-new"])
def test_a_parameter_that_no_model_of_the_provider_accepts_is_reported_once(
    all_said: Callable[[str], list[str]], model: str, written: str
) -> None:
    block = CLAUDE.replace("60", f"60, {written}").replace("claude-sonnet-4-6", model)

    codes = [line.partition(" ")[0] for line in all_said(block)]

    assert [code for code in codes if code in ("CFG004", CODE)] == [CODE]


def test_a_gateway_is_checked_for_what_the_model_refuses(found: Lines) -> None:
    block = (
        '--- promptops.toml\n[models.fast]\nprovider = "google"\nid = "gemini-3.5-flash-lite"\n'
        'base_url = "https://gateway.acme.example/v1"\nparams = {temperature = 0.2}\n'
        "--- prompts/ask.prompt.yaml\n"
        "format: promptops/1\nmodel: {profile: fast}\n"
        "messages:\n  - {role: user, content: Say hello.}\n"
    )

    assert found("CFG004", block) == [
        "google/gemini-3.5-flash-lite accepts only 1 for `temperature` ask.prompt.yaml:2:18-22"
    ]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (
            "model: {provider: anthropic, id: claude-sonnet-4-6}\n",
            "`max_output_tokens` is missing: anthropic requires it ask.prompt.yaml:1:8-52",
        ),
        (
            f"{CLAUDE}messages:\n  - role: user\n    content:\n      - {{text: Hear this.}}\n"
            '      - {audio: {url: "https://acme.example/a.wav"}}\n',
            "anthropic can't express audio parts ask.prompt.yaml:9:9-53",
        ),
        (
            f"{GEMINI}messages:\n  - {{role: user, name: ada, content: Say hello.}}\n",
            "gemini can't express the `name` of a message ask.prompt.yaml:3:24-27",
        ),
        (
            f"{GEMINI}tools: [{{name: 2fa, description: The code.}}]\n",
            "gemini can't express the tool name `2fa`: it must begin with a letter"
            " ask.prompt.yaml:2:16-19",
        ),
        (
            f"{GEMINI}output:\n  format: json\n  schema:\n    type: object\n    properties:\n"
            "      price: {allOf: [{type: number}]}\n",
            "gemini can't express `allOf` in a schema ask.prompt.yaml:7:22-38",
        ),
        (
            f"{GEMINI}tools:\n  - name: pay\n    description: Pays.\n    strict: true\n"
            "    parameters: {type: object, properties: {sum: {not: {type: string}}}}\n",
            "gemini can't express `not` in a schema ask.prompt.yaml:6:56-70",
        ),
        (
            f"{GEMINI}tools: [{{name: pay, description: Pays., parameters: {{type: string}}}}]\n",
            "gemini can't express parameters of a tool that are not an object"
            " ask.prompt.yaml:2:53-67",
        ),
        (
            f"{CLAUDE}output:\n  format: json\n  schema:\n    type: object\n"
            "    properties: {below: {type: array, items: {$ref: '#'}}}\n",
            "anthropic can't express a `$ref` that leads back to itself ask.prompt.yaml:9:53-56",
        ),
        (
            f"{CLAUDE}tools:\n  - name: pay\n    description: Pays.\n    strict: true\n"
            "    parameters: {type: object, additionalProperties: true}\n",
            "anthropic can't express an object with any keys in a schema ask.prompt.yaml:9:54-58",
        ),
        (
            f"{GEMINI}messages:\n  - {{role: user, content: Say hello.}}\n"
            "  - {role: system, content: Be brief.}\n",
            "gemini can't express a system message that is not at the top ask.prompt.yaml:4:12-18",
        ),
        (
            f"{GEMINI}messages:\n  - {{role: system, content: Say hello.}}\n",
            "gemini requires a user message ask.prompt.yaml:3:3-40",
        ),
        (
            f"{CLAUDE}messages:\n  - {{role: system, content: Say hello.}}\n",
            "anthropic requires a user message ask.prompt.yaml:6:3-40",
        ),
        (
            f"{GEMINI}messages:\n  - {{role: user, content: Say hello.}}\n"
            "  - {role: assistant, content: Hel}\n",
            "gemini can't express a last message of the assistant ask.prompt.yaml:4:12-21",
        ),
        (
            f"{CLAUDE}messages:\n  - {{role: user, content: Hi.}}\n"
            "  - {role: assistant, content: Hi.}\n  - {role: system, content: Be brief.}\n"
            "  - {role: user, content: Say hello.}\n",
            "anthropic can't express a system message that follows no user message"
            " ask.prompt.yaml:8:12-18",
        ),
        (
            "model:\n  provider: openai\n  id: gpt-5.4-mini-2026-03-17\n  params: {seed: 7}\n"
            "  provider_options: {openai: {api: responses}}\n",
            "openai's Responses API can't express `seed`: chat completions have it"
            " ask.prompt.yaml:4:18-19",
        ),
    ],
)
def test_each_field_is_reported_at_its_place(found: Lines, block: str, expected: str) -> None:
    assert found(CODE, block) == [expected]


@pytest.mark.parametrize("address", ["", 'base_url = "https://gateway.acme.example/v1"\n'])
@pytest.mark.parametrize("provider", ["acme", "azure"])
def test_a_compatible_server_is_checked_for_what_the_responses_api_has_no_field_for(
    found: Lines, provider: str, address: str
) -> None:
    block = (
        f'--- promptops.toml\n[models.fast]\nprovider = "{provider}"\nid = "m"\n{address}'
        "--- prompts/ask.prompt.yaml\nformat: promptops/1\nmodel:\n  profile: fast\n"
        "  params: {stop: END, temperature: 0.2}\n  provider_options: {openai: {api: API}}\n"
        "messages:\n  - {role: user, name: ada, content: Say hello.}\n"
    )

    assert found(CODE, block.replace("API", "responses")) == [
        "the Responses API can't express `stop`: chat completions have it ask.prompt.yaml:4:18-21"
    ]
    assert found(CODE, block.replace("API", "chat")) == []


INPUTS = """\
inputs:
  properties:
    brief: {type: boolean, default: true}
    lines: {type: array, maxItems: 3, default: []}
"""
CALL = "tool_calls: [{id: a, name: find, arguments: {}}]"


@pytest.mark.parametrize(
    "messages",
    [
        "{role: system, content: Hi.}|{history: lines}",
        "{role: user, content: Hi.}|{role: assistant, content: Hel}|{history: lines}",
        "{history: lines}|{role: system, content: Hi.}|{role: user, content: Hi.}",
        "{role: user, content: Hi.}|{role: system, content: Hi., when: brief}",
        "{role: user, content: Hi.}|{role: assistant, content: Hi., when: brief}",
        "{role: system, content: Hi.}"
        "|{for_each: lines, as: line, messages: [{role: user, content: '{{ line }}'}]}",
        f"{{role: user, content: Hi., when: brief}}|{{role: assistant, when: brief, {CALL}}}"
        "|{role: tool, content: x, tool_call_id: a}|{role: user, content: Hi.}",
    ],
)
@pytest.mark.parametrize("model", [GEMINI, CLAUDE], ids=["gemini", "anthropic"])
def test_an_order_that_some_request_can_have_is_not_reported(
    found: Lines, model: str, messages: str
) -> None:
    listed = "".join(f"  - {each}\n" for each in messages.split("|"))

    assert found(CODE, f"{model}{INPUTS}messages:\n{listed}tests: []\n") == []


@pytest.mark.parametrize("provider", ["acme", "mistral", "vertex"])
def test_a_provider_that_may_use_several_formats_is_not_checked(
    found: Lines, provider: str
) -> None:
    assert found(CODE, f"model: {{provider: {provider}, id: large, params: {{seed: 7}}}}\n") == []
