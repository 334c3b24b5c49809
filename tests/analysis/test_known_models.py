from __future__ import annotations

import json
import re
import runpy
from datetime import date
from pathlib import Path

import pytest

from promptops.analysis import models
from promptops.analysis.models import ModelFacts, covers, find, nearest

ROOT = Path(__file__).parents[2]
TABLE = Path(models.__file__).with_name("models.json")
PROVIDERS = (
    *("openai", "anthropic", "google", "mistral", "deepseek", "xai", "groq", "meta", "cohere"),
    "amazon",
)


def every_model() -> list[ModelFacts]:
    return [facts for name in PROVIDERS for facts in models._models(name, False).values()]


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
        retirement_as_of="2026-11-20",
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
        ("anthropic", "claude-opus-4-5-20251101", "2027-01-22"),
        ("anthropic", "claude-sonnet-4-5", "2026-11-30"),
        ("anthropic", "claude-opus-4-6", None),
        ("google", "gemini-2.0-flash", "2026-06-01"),
        ("mistral", "mistral-medium-2508", "2026-08-31"),
        ("mistral", "mistral-medium-3-5", "2027-04-30"),
        ("deepseek", "deepseek-chat", "2026-07-24"),
        ("xai", "grok-4-0709", "2026-05-15"),
        ("xai", "grok-4.7", None),
    ],
)
def test_a_retired_model_has_its_day_and_where_it_was_announced(
    provider: str, model: str, day: str | None
) -> None:
    facts = find(provider, model)

    assert facts is not None
    assert facts.retires_on == day
    assert (facts.retirement_source is None) is (day is None)
    assert (facts.retirement_as_of is None) is (day is None)


@pytest.mark.parametrize(
    ("provider", "model", "day", "successor"),
    [
        ("google", "gemini-2.5-flash", "2026-12-01", "gemini-3.5-flash-lite"),
        ("gemini", "gemini-2.5-flash", "2026-12-01", "gemini-3.5-flash-lite"),
        ("vertex", "gemini-2.5-flash", "2026-10-20", "gemini-3.8-flash"),
        ("vertexai", "models/gemini-2.5-pro", "2026-10-20", "gemini-3.8-flash"),
        ("google", "gemini-2.5-pro", "2026-12-01", "gemini-3.8-flash"),
        ("vertex", "gemini-2.0-flash", None, None),
    ],
)
def test_vertex_ai_retires_the_models_of_google_on_other_days_than_the_gemini_api(
    provider: str, model: str, day: str | None, successor: str | None
) -> None:
    facts = find(provider, model)

    assert facts is not None
    assert (facts.retires_on, facts.successor) == (day, successor)


def test_every_retirement_date_has_a_page_and_the_day_of_its_copy() -> None:
    table = json.loads(TABLE.read_text("utf-8"))
    rows = [row for owner in table["providers"].values() for row in owner["models"]]
    dates = [
        each
        for row in rows
        for each in (row, row.get("vertex", {}), *row.get("disputed", ()))
        if "retires" in each
    ]
    sources = [table["sources"][each["source"]] for each in dates]

    assert {source["page"][:8] for source in sources} == {"https://"}
    assert [source for source in sources if not is_day(source["as_of"])] == []
    assert max(source["as_of"] for source in sources) <= table["made"]


def test_the_table_has_the_dates_that_are_written_down() -> None:
    entries = json.loads((ROOT / "scripts" / "model_retirements.json").read_text("utf-8"))
    written = {
        (entry["provider"], model): (row["retires"], entry["page"], entry["as_of"])
        for entry in entries
        for row in entry["models"]
        for model in row["ids"].split()
    }

    facts = {key: find(*key) for key in written}

    assert {
        key: (each.retires_on, each.retirement_source, each.retirement_as_of)
        for key, each in facts.items()
        if each is not None
    } == written


def test_sources_that_disagree_are_both_in_the_table() -> None:
    table = json.loads(TABLE.read_text("utf-8"))
    rows = [row for row in table["providers"]["anthropic"]["models"] if "disputed" in row]

    assert [(row["ids"], row["retires"], row["disputed"][0]["retires"]) for row in rows] == [
        (["claude-mythos-preview"], "2026-06-30", "2026-06-09")
    ]


def test_the_successor_of_a_model_is_a_known_model() -> None:
    facts = [one for one in every_model() if one.successor and one.provider != "amazon"]

    assert [one.id for one in facts if find(one.provider, str(one.successor)) is None] == []


@pytest.mark.parametrize(
    ("provider", "model", "lacks", "efforts"),
    [
        ("openai", "gpt-4-turbo", {"output_schema"}, set()),
        ("openai", "o3-mini", {"images"}, {"none", "minimal", "xhigh"}),
        (
            "openai",
            "gpt-5.4-mini",
            {"sampling_with_effort", "chat_tools_with_effort"},
            {"minimal"},
        ),
        ("anthropic", "claude-fable-5", {"begun_answer", "thinking_budget"}, {"none"}),
        ("anthropic", "claude-haiku-4-5", set(), {"low", "medium", "high", "xhigh"}),
        ("google", "gemini-2.5-pro", {"tools_with_json"}, {"none"}),
        ("google", "gemini-3.8-flash", set(), {"minimal", "xhigh"}),
        ("deepseek", "deepseek-v4-pro", {"images"}, set()),
    ],
)
def test_a_model_has_the_features_that_it_refuses(
    provider: str, model: str, lacks: set[str], efforts: set[str]
) -> None:
    facts = find(provider, model)

    assert facts is not None
    assert (facts.lacks, facts.refused_efforts) == (lacks, efforts)


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

    assert TABLE.stat().st_size < 64_000
    made = json.loads(TABLE.read_text("utf-8"))["made"]
    assert date.fromisoformat(made) >= date(2026, 11, 27)
    assert {one.provider for one in facts} == set(PROVIDERS)
    assert [one.id for one in facts if one.retires_on and not is_day(one.retires_on)] == []
    assert [one.id for one in facts if (one.output_usd or 0) < 0 or (one.input_usd or 0) < 0] == []
    assert [one.id for one in facts if any(low > high for low, high in one.ranges.values())] == []


def is_day(text: str) -> bool:
    return bool(re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", text)) and bool(date.fromisoformat(text))


def test_the_table_has_the_combinations_that_its_script_lists() -> None:
    rules = runpy.run_path(str(ROOT / "scripts" / "model_limits.py"))
    combinations = {"tools_with_json"} | {
        f"{feature}_{effort}"
        for feature in ("sampling", "chat_tools")
        for effort in ("with_effort", "by_default")
    }

    listed = {
        (one.provider, one.id): set(rules["refused_combinations"](one.provider, one.id))
        for one in every_model()
    }

    assert listed == {(one.provider, one.id): one.lacks & combinations for one in every_model()}
