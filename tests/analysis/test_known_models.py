from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from promptops.analysis import models
from promptops.analysis.models import ModelFacts, covers, find, nearest, table_date

TABLE = Path(models.__file__).with_name("models.json")
PROVIDERS = (
    *("openai", "anthropic", "google", "mistral", "deepseek", "xai", "groq", "meta", "cohere"),
    "amazon",
)


def every_model() -> list[ModelFacts]:
    return [facts for name in PROVIDERS for facts in models._models(name).values()]


def test_a_dated_model_has_its_facts() -> None:
    assert find("openai", "gpt-4o-mini-2024-07-18") == ModelFacts(
        provider="openai",
        id="gpt-4o-mini-2024-07-18",
        context_window=128_000,
        max_output=16_384,
        input_usd=0.15,
        output_usd=0.6,
        cached_usd=0.075,
        retires_on="2027-01-14",
        retirement_source="https://developers.openai.com/api/docs/deprecations",
        successor="gpt-6-luna",
        floating=False,
        ranges={
            "temperature": (0, 2),
            "top_p": (0, 1),
            "frequency_penalty": (-2, 2),
            "presence_penalty": (-2, 2),
        },
        unsupported=frozenset({"reasoning_effort"}),
    )


@pytest.mark.parametrize(
    ("provider", "model", "floating"),
    [
        ("openai", "gpt-4o", True),
        ("openai", "gpt-4o-2024-08-06", False),
        ("openai", "gpt-5-chat-latest", True),
        ("anthropic", "claude-haiku-4-5", True),
        ("anthropic", "claude-haiku-4-5-20251001", False),
        ("anthropic", "claude-opus-4-6", False),
        ("mistral", "mistral-large-latest", True),
        ("google", "gemini-2.5-pro", False),
    ],
)
def test_a_name_that_moves_on_is_told_from_one_that_stays(
    provider: str, model: str, floating: bool
) -> None:
    facts = find(provider, model)

    assert facts is not None
    assert facts.floating is floating


@pytest.mark.parametrize(
    ("provider", "model", "day"),
    [
        ("openai", "text-davinci-003", "2024-01-04"),
        ("openai", "gpt-4-32k", "2025-06-06"),
        ("openai", "o3", "2026-12-11"),
        ("anthropic", "claude-3-opus-20240229", "2026-01-05"),
        ("anthropic", "claude-opus-4-6", None),
    ],
)
def test_a_retired_model_has_its_day_and_where_it_was_announced(
    provider: str, model: str, day: str | None
) -> None:
    facts = find(provider, model)

    assert facts is not None
    assert facts.retires_on == day
    assert (facts.retirement_source is None) is (day is None)


def test_a_model_with_fixed_sampling_takes_only_the_default() -> None:
    reasoning, sampling = find("openai", "gpt-5-mini"), find("anthropic", "claude-haiku-4-5")

    assert reasoning is not None
    assert sampling is not None
    assert (reasoning.ranges["temperature"], sampling.ranges["temperature"]) == ((1, 1), (0, 1))
    assert sampling.unsupported == {"frequency_penalty", "presence_penalty", "seed"}


@pytest.mark.parametrize(
    ("provider", "asked", "found"),
    [
        ("gemini", "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("bedrock", "us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("AWS", "amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::a1B2", "gpt-4o-mini-2024-07-18"),
    ],
)
def test_what_stands_around_an_id_is_no_part_of_it(provider: str, asked: str, found: str) -> None:
    facts = find(provider, asked)

    assert facts is not None
    assert facts.id == found


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-4o-mni"), ("openai", ""), ("acme", "gpt-4o"), ("anthropic", "gpt-4o")],
)
def test_an_unknown_model_has_no_facts(provider: str, model: str) -> None:
    assert find(provider, model) is None


@pytest.mark.parametrize(
    ("asked", "provider", "near"),
    [
        ("gpt-4o-mni", None, "gpt-4o-mini"),
        ("claude-opus-4.5", "anthropic", "claude-opus-4-5"),
        ("gpt-4o-mni", "anthropic", None),
        ("house-model", None, None),
    ],
)
def test_the_nearest_id_is_offered_when_one_is_near(
    asked: str, provider: str | None, near: str | None
) -> None:
    assert nearest(asked, provider) == near


def test_the_table_speaks_of_the_main_providers_only() -> None:
    asked = (*PROVIDERS, "gemini", "OpenAI", "ollama", "")

    assert [covers(provider) for provider in asked] == [True] * 12 + [False] * 2


def test_the_table_is_small_dated_and_sound() -> None:
    facts = every_model()

    assert TABLE.stat().st_size < 60_000
    assert date.fromisoformat(table_date()) >= date(2026, 11, 24)
    assert {one.provider for one in facts} == set(PROVIDERS)
    assert [one.id for one in facts if one.retires_on and not is_day(one.retires_on)] == []
    assert [one.id for one in facts if (one.output_usd or 0) < 0 or (one.input_usd or 0) < 0] == []
    assert [one.id for one in facts if any(low > high for low, high in one.ranges.values())] == []


def is_day(text: str) -> bool:
    return bool(re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", text)) and bool(date.fromisoformat(text))
