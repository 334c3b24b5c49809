"""CFG018 and CFG004: fields that the model of a prompt refuses, by the table of known models."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from promptops.lint.examples import files, findings
from promptops.lint.registry import built_in

Lines = Callable[[str, str], list[str]]

CODE = "CFG018"
IMAGE = """\
messages:
  - role: user
    content:
      - {text: What is this?}
      - {image: {url: "https://acme.example/a.png"}}
"""
TOOLS = """\
tools: [{name: find_order, description: Finds an order., parameters: {type: object}}]
"""
BEGUN = """\
messages:
  - {role: user, content: Return JSON.}
  - {role: assistant, content: "{"}
"""


def model(provider: str, id_: str, more: str = "") -> str:
    return f"model:\n  provider: {provider}\n  id: {id_}\n{more}"


def claude(id_: str, options: str = "") -> str:
    more = f"  provider_options: {{anthropic: {{thinking: {options}}}}}\n" if options else ""
    return model("anthropic", id_, f"  params: {{max_output_tokens: 4000}}\n{more}")


ONLY_NONE = "accepts tools in chat completions only with `reasoning_effort: none` ask.prompt.yaml"


@pytest.mark.parametrize(
    ("id_", "more", "place"),
    [
        ("gpt-5.2", "params: {reasoning_effort: low}", None),
        ("gpt-5.4", "params: {reasoning_effort: none}", None),
        ("gpt-5.4", "params: {reasoning_effort: low}", "4:30-33"),
        ("gpt-5.4", "params: {}", None),  # its default is `none`
        ("gpt-5.6-terra", "params: {}", "5:8-86"),
        ("gpt-5.6-terra", "params: {reasoning_effort: none}", None),
        ("gpt-5.6-terra", "provider_options: {openai: {reasoning_effort: none}}", None),
        ("gpt-5.6-terra", "provider_options: {openai: {api: responses}}", None),
        ("gpt-7", "params: {reasoning_effort: low}", None),
    ],
)
def test_tools_of_chat_completions_beside_reasoning_are_reported_for_the_models_that_refuse_them(
    found: Lines, id_: str, more: str, place: str | None
) -> None:
    lines = [] if place is None else [f"openai/{id_} {ONLY_NONE}:{place}"]

    assert found(CODE, model("openai", id_, f"  {more}\n") + TOOLS) == lines


def test_a_gateway_may_send_tools_to_another_api_than_chat_completions(found: Lines) -> None:
    profile = '[models.fast]\nprovider = "openai"\nid = "gpt-5.6"\n'
    address = 'base_url = "https://gateway.acme.example/v1"\n'
    prompt = f"--- prompts/ask.prompt.yaml\nformat: promptops/1\nmodel: {{profile: fast}}\n{TOOLS}"
    user = "messages:\n  - {role: user, content: Say hello.}\n"

    here = found(CODE, f"--- promptops.toml\n{profile}{prompt}{user}")
    there = found(CODE, f"--- promptops.toml\n{profile}{address}{prompt}{user}")

    assert (here, there) == ([f"openai/gpt-5.6 {ONLY_NONE}:3:8-86"], [])


@pytest.mark.parametrize(
    ("id_", "params", "refused"),
    [
        ("gpt-5.1", "temperature: 0.2", False),
        ("gpt-5.1", "temperature: 0.2, reasoning_effort: none", False),
        ("gpt-5.1", "temperature: 0.2, reasoning_effort: low", True),
        ("gpt-5.4-mini-2026-03-17", "temperature: 1, reasoning_effort: low", False),
        ("gpt-5.5", "temperature: 0.2", True),
        ("gpt-5.6", "temperature: 0.2", True),
        ("gpt-5.6", "temperature: 0.2, reasoning_effort: none", False),
        ("gpt-6-luna", "temperature: 0.2, reasoning_effort: low", False),  # not known
    ],
)
def test_a_temperature_beside_reasoning_is_reported_for_the_models_that_refuse_it(
    found: Lines, id_: str, params: str, refused: bool
) -> None:
    message = "accepts `temperature` only with `reasoning_effort: none` ask.prompt.yaml:4:25-28"

    lines = found("CFG004", model("openai", id_, f"  params: {{{params}}}\n"))

    assert lines == ([f"openai/{id_} {message}"] if refused else [])


@pytest.mark.parametrize(
    ("id_", "refused"),
    [
        ("o3", True),
        ("o4-mini-2025-04-16", True),
        ("gpt-5-mini", True),
        ("o3-mini", False),
        ("gpt-4.1", False),
        ("gpt-5.5", False),
    ],
)
def test_stop_is_reported_for_the_models_that_refuse_it(
    found: Lines, id_: str, refused: bool
) -> None:
    lines = found("CFG004", model("openai", id_, "  params: {stop: [END]}\n"))

    assert lines == (
        [f"openai/{id_} does not accept `stop` ask.prompt.yaml:4:18-23"] if refused else []
    )


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (
            model("openai", "o3-mini-2025-01-31") + IMAGE,
            ["openai/o3-mini-2025-01-31 does not accept images ask.prompt.yaml:8:9-53"],
        ),
        (model("openai", "gpt-5.4-mini-2026-03-17") + IMAGE, []),
        (model("acme", "o3-mini-2025-01-31") + IMAGE, []),
        (
            model("openai", "o3-deep-research") + TOOLS,
            ["openai/o3-deep-research does not accept tools ask.prompt.yaml:4:8-86"],
        ),
        (model("openai", "o3-deep-research"), []),
        (
            model("openai", "gpt-4-turbo") + "output: {format: json, schema: {type: object}}\n",
            ["openai/gpt-4-turbo does not accept the schema of an answer ask.prompt.yaml:4:32-46"],
        ),
        (model("openai", "gpt-4-turbo") + "output: {format: json}\n", []),
        (
            claude("claude-opus-5-5") + TOOLS + "tool_choice: required\n",
            ["anthropic/claude-opus-5-5 can't be required to call a tool ask.prompt.yaml:6:14-22"],
        ),
        (claude("claude-opus-5-5") + TOOLS + "tool_choice: auto\n", []),
        (claude("claude-opus-4-5") + TOOLS + "tool_choice: {name: find_order}\n", []),
        (
            claude("claude-opus-5") + BEGUN,
            [
                "anthropic/claude-opus-5 does not continue a last message of the assistant"
                " ask.prompt.yaml:7:12-21"
            ],
        ),
        (claude("claude-opus-4-5") + BEGUN, []),
        (model("google", "gemini-3.8-flash") + BEGUN, []),  # no model of Google does: CFG017
        (
            model("google", "gemini-2.5-flash") + TOOLS + "output: {format: json}\n",
            [
                "google/gemini-2.5-flash does not accept tools together with `format: json`"
                " ask.prompt.yaml:5:9-23"
            ],
        ),
        (model("google", "gemini-2.5-flash") + "output: {format: json}\n", []),
        (model("google", "gemini-3.5-flash") + TOOLS + "output: {format: json}\n", []),
    ],
)
def test_a_feature_that_the_model_does_not_have_is_reported_at_its_place(
    found: Lines, block: str, expected: list[str]
) -> None:
    assert found(CODE, block) == expected


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (
            claude("claude-opus-5", "{type: enabled, budget_tokens: 2048}"),
            "anthropic/claude-opus-5 accepts no thinking budget: set `reasoning_effort`"
            " ask.prompt.yaml:5:75-79",
        ),
        (
            claude("claude-haiku-4-5", "{type: enabled, budget_tokens: 512}"),
            "anthropic/claude-haiku-4-5 accepts no thinking budget below 1,024 tokens"
            " ask.prompt.yaml:5:75-78",
        ),
        (
            claude("claude-haiku-4-5", "{type: enabled, budget_tokens: 4000}"),
            "anthropic/claude-haiku-4-5 requires a thinking budget below `max_output_tokens`"
            " (4,000) ask.prompt.yaml:5:75-79",
        ),
        (
            model("google", "gemini-2.5-pro")
            + "  provider_options: {google: {thinking_config: {thinking_budget: 64}}}\n",
            "google/gemini-2.5-pro accepts thinking budgets from 128 to 32,768 tokens, not 64"
            " ask.prompt.yaml:4:66-68",
        ),
    ],
)
def test_a_thinking_budget_outside_the_limits_of_the_model_is_reported(
    found: Lines, block: str, expected: str
) -> None:
    assert found(CODE, block) == [expected]


@pytest.mark.parametrize(
    "block",
    [
        claude("claude-haiku-4-5", "{type: enabled, budget_tokens: 2048}"),
        claude("claude-opus-5", "{type: adaptive}"),
        model("google", "gemini-2.5-pro")
        + "  provider_options: {google: {thinking_config: {thinking_budget: -1}}}\n",
    ],
)
def test_a_thinking_budget_within_the_limits_is_not_reported(found: Lines, block: str) -> None:
    assert found(CODE, block) == []


def test_an_image_for_the_model_of_a_profile_is_reported_at_the_image(found: Lines) -> None:
    block = (
        '--- promptops.toml\n[models.old]\nprovider = "openai"\nid = "o3-mini"\n'
        f"--- prompts/ask.prompt.yaml\nformat: promptops/1\nmodel: {{profile: old}}\n{IMAGE}"
    )

    assert found(CODE, block) == ["openai/o3-mini does not accept images ask.prompt.yaml:7:9-53"]


@pytest.mark.parametrize(
    ("provider", "id_", "effort", "expected"),
    [
        ("openai", "o3", "none", "use low or medium or high"),
        ("openai", "gpt-5.4-mini", "minimal", "use none or low or medium or high or xhigh"),
        ("anthropic", "claude-haiku-4-5", "low", "use none"),
        ("google", "gemini-2.5-pro", "none", "use minimal or low or medium or high or xhigh"),
        ("google", "gemini-3.8-flash", "xhigh", "use none or low or medium or high"),
    ],
)
def test_a_reasoning_effort_that_the_model_refuses_is_reported_with_those_it_accepts(
    provider: str, id_: str, effort: str, expected: str
) -> None:
    block = model(provider, id_, f"  params: {{reasoning_effort: {effort}}}\n")

    reported = findings(built_in()["CFG004"], files(block))

    assert [(each.message, each.hint) for each in reported] == [
        (f"{provider}/{id_} does not accept `reasoning_effort: {effort}`", expected)
    ]
