"""Counting tokens as a model does, and never where that is not known."""

import sys

import pytest

from promptops.analysis import exact_tokens
from promptops.analysis.exact_tokens import counter, encoding

TEXTS = (
    "hello world",
    "tiktoken is great!",
    "antidisestablishmentarianism",
    "2 + 2 = 4",
    "お誕生日おめでとう",
)


@pytest.fixture
def installed():
    pytest.importorskip("splintr", reason="splintr-rs, the extra `tokens`, is not installed")


@pytest.mark.parametrize(
    ("model", "counts"),
    [
        ("gpt-4-0613", (2, 6, 6, 7, 9)),
        ("gpt-4o-2024-08-06", (2, 6, 6, 7, 8)),
        ("gpt-oss-120b", (2, 6, 6, 7, 8)),
        ("llama-3.3-70b-versatile", (2, 5, 6, 7, 9)),
    ],
)
def test_the_counts_are_those_that_the_makers_published(installed, model, counts):
    found = counter(None, model)

    assert found is not None
    assert tuple(map(found.count, TEXTS)) == counts


@pytest.mark.parametrize(
    "model", ["gpt-4", "gpt-5.4-mini-2026-03-17", "llama3-8b-8192", "qwen3-8b"]
)
def test_any_text_is_counted_and_the_empty_one_has_none(installed, model):
    found = counter(None, model)

    assert found is not None
    assert found.count("") == 0
    assert found.count("half a pair: \ud800, a NUL: \0") > 0
    assert found.count("<|endoftext|>") > 1, "what spells a special token is text"


def test_an_encoding_is_loaded_once(installed):
    assert counter("openai", "gpt-5") is counter("openai", "gpt-4.1-mini")


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-5.4-mini-2026-03-17", "o200k_base"),
        ("gpt-5", "o200k_base"),
        ("gpt-4.1-nano", "o200k_base"),
        ("gpt-4.5-preview", "o200k_base"),
        ("chatgpt-4o-latest", "o200k_base"),
        ("ft:gpt-4o-mini-2024-07-18:acme::x1", "o200k_base"),
        ("openai/o3-mini", "o200k_base"),
        ("o1", "o200k_base"),
        ("o4-mini-deep-research", "o200k_base"),
        ("openai/gpt-oss-20b", "o200k_harmony"),
        ("gpt-4", "cl100k_base"),
        ("gpt-4-turbo-2024-04-09", "cl100k_base"),
        ("gpt-3.5-turbo-16k", "cl100k_base"),
        ("ft:gpt-3.5-turbo:acme::x1", "cl100k_base"),
        ("meta-llama/Meta-Llama-3-8B-Instruct", "llama3"),
        ("Llama-3.3-70B-Instruct", "llama3"),
        ("us.meta.llama3-1-405b-instruct-v1:0", "llama3"),
        ("deepseek-ai/DeepSeek-V3", "deepseek_v3"),
        ("deepseek-r1-0528", "deepseek_v3"),
        ("open-mixtral-8x7b", "mistral_v1"),
        ("mistral.mistral-7b-instruct-v0:2", "mistral_v1"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "mistral_v2"),
        ("open-mistral-nemo", "mistral_v3"),
        ("Qwen/Qwen3-30B-A3B", "qwen3"),
        ("qwen2.5-0.5b-instruct", "qwen3"),
    ],
)
def test_the_encoding_of_a_model_is_found_by_its_id(model, name):
    assert encoding(None, model) == name


@pytest.mark.parametrize(
    "model",
    [
        *("", "claude-opus-5", "anthropic.claude-v2:1", "gemini-3.8-flash", "gemma-3-27b-it"),
        *("gpt-6-sol", "gpt-40", "gpt-4omni", "gpt-55", "o10", "o4", "my-gpt-4o", "gpt-daybreak"),
        *("Llama-4-Scout-17B-16E-Instruct-FP8", "llama2-70b-4096", "llama-3.1-nemotron-70b"),
        *("deepseek-r1-distill-llama-70b", "deepseek-chat", "deepseek-v3.2", "deepseek.v3-v1:0"),
        *("mistral-large-2407", "mistral-7b", "qwen/qwen3.8-27b", "qwen3-max", "grok-4"),
        *("text-davinci-003", "davinci", "command-r", "amazon.nova-pro-v1:0"),
    ],
)
def test_a_model_whose_tokens_are_not_public_or_not_certain_has_none(model):
    assert (encoding(None, model), counter(None, model)) == (None, None)


def test_what_a_deployment_is_called_says_nothing():
    assert encoding("openai", "gpt-4") == "cl100k_base"
    assert (encoding("azure", "gpt-4"), encoding("Azure_OpenAI", "gpt-4")) == (None, None)


def test_without_a_model_there_is_none():
    assert (counter(None, None), counter("openai", None)) == (None, None)


def test_without_the_package_there_is_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "splintr", None)
    exact_tokens._loaded.cache_clear()

    assert counter("openai", "gpt-4o") is None
    exact_tokens._loaded.cache_clear()
