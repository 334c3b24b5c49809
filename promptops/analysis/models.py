"""Known models: limits, prices, retirement, accepted parameters.

The table is the file `models.json`, rebuilt by `scripts/update_models.py`. It is read on first use
and never fetched. Each retirement date has the index of its source, which has a page and the day of
the copy of that page; `disputed` are different dates of other sources, and `vertex` is the date on
Vertex AI.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from promptops.model.prompt import provider_name
from promptops.patterns import lazy_pattern
from promptops.records import field, record, replace
from promptops.suggestions import MAX_CATALOG_CHARS, nearest_name

_TABLE = Path(__file__).with_name("models.json")
_PROVIDERS = {
    "gemini": "google",
    "vertex": "google",
    "vertexai": "google",
    "x-ai": "xai",
    "grok": "xai",
    "aws": "amazon",
    "bedrock": "amazon",
    "llama": "meta",
    "mistralai": "mistral",
}
_VERTEX = frozenset(("vertex", "vertexai"))
NAMES_ELSEWHERE = {"claude": "anthropic", "google_genai": "gemini", "googleai": "gemini"}
"""What other tools call a provider; promptops has no models and no API by these names."""

_SERVERS = frozenset(
    ("azure", "azure_openai", "litellm", "llamacpp", "ollama", "openrouter", "vertex_ai", "vllm")
)
# Prefixes and suffixes of ids: a region, the word `models/`, the owner of a fine-tuned model.
_AROUND = lazy_pattern(
    r"(?:models/|ft:|(?:us|eu|apac|au|jp|ca|sa|us-gov|global)\.)([^:]+(?::\d+)?).*"
)


@record(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A known model; None for unknown facts.

    Attributes:
        provider: As the table names it: openai, anthropic, google, mistral, deepseek, xai, groq,
            meta, cohere or amazon.
        id: The canonical id, or the requested one.
        context_window: Tokens of prompt and answer together.
        max_output: Tokens of an answer.
        input_usd, output_usd, cached_usd: US dollars for a million tokens; `cached_usd` for input
            read from the provider's cache. If a price has steps, the first one.
        retires_on: The day from which requests fail, as `YYYY-MM-DD`; may be past.
        retirement_source: The page that announced it.
        retirement_as_of: The day of the copy of that page, as `YYYY-MM-DD`.
        successor: The id that the provider recommends instead.
        floating: The id refers to newer models over time, so a release does not pin the model.
        ranges: Lowest and highest accepted value, by neutral parameter name. Equal values
            mean that only the default is accepted. `thinking_budget` is in tokens.
        unsupported: Parameters the model refuses.
        refused_efforts: Values of `reasoning_effort` that the model refuses.
        lacks: Features that the model does not have: `images`, `tools`, `output_schema`,
            `forced_tools` (`tool_choice: required` or a name), `begun_answer` (a last message of
            the assistant, which the model continues), `thinking_budget`. Others are unknown.
            Features that it does not have together: `sampling_with_effort` (a `temperature` or
            `top_p` beside a `reasoning_effort` other than `none`), `sampling_by_default` (beside
            none), `chat_tools_with_effort` and `chat_tools_by_default` (the same for tools in
            chat completions), `tools_with_json` (tools beside `output.format: json`).
    """

    provider: str
    id: str
    context_window: int | None = None
    max_output: int | None = None
    input_usd: float | None = None
    output_usd: float | None = None
    cached_usd: float | None = None
    retires_on: str | None = None
    retirement_source: str | None = None
    retirement_as_of: str | None = None
    successor: str | None = None
    floating: bool = False
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unsupported: frozenset[str] = frozenset()
    refused_efforts: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()


def find(provider: str, model: str) -> ModelFacts | None:
    """The facts of a model by any of its ids, or None when it is not in the table.

    On Vertex AI the models of Google have other retirement dates than in the Gemini API.
    """
    models = _models(canonical_provider(provider), provider_name(provider) in _VERTEX)
    around = _AROUND.fullmatch(model)
    return models.get(model) or (models.get(around[1]) if around else None)


def known(provider: str) -> Mapping[str, ModelFacts]:
    """The models of a provider by all their ids; none for a provider that is not in the table."""
    return _models(canonical_provider(provider), provider_name(provider) in _VERTEX)


def nearest(model: str, provider: str | None = None) -> str | None:
    """The known id that is most like one, of a provider or of all; None when none is like it."""
    name = canonical_provider(provider) if provider else None
    owners = [owner for owner in _table()["providers"] if name in (None, owner)]
    known = sorted({known for owner in owners for known in _models(owner, False)})
    return nearest_name(model, known, 0.8, MAX_CATALOG_CHARS)


def covers(provider: str) -> bool:
    """Whether the table has models of a provider; for other providers no model is unknown."""
    return canonical_provider(provider) in _table()["providers"]


def providers() -> frozenset[str]:
    """The names of providers that the table knows, with their other names."""
    return frozenset((*_table()["providers"], *_PROVIDERS))


def is_well_known(provider: str) -> bool:
    """Whether a name is that of a provider in the table, or of a common kind of server."""
    return covers(provider) or provider_name(provider) in {*_SERVERS, *NAMES_ELSEWHERE}


def owner(model: str) -> str | None:
    """The first provider in the table that has a model with this id; None for an unknown id."""
    return next((name for name in _table()["providers"] if model in _models(name, False)), None)


def canonical_provider(provider: str) -> str:
    """The table's name of a provider: `gemini` and `vertex` are `google`."""
    name = provider_name(provider)
    return _PROVIDERS.get(name, name)


def has_deployments(provider: str | None) -> bool:
    """Whether the ids of a provider's models are names that its customers chose, as on Azure."""
    return provider_name(provider).startswith("azure")


@cache
def _table() -> Mapping[str, Any]:
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


@cache
def _models(provider: str, on_vertex: bool) -> Mapping[str, ModelFacts]:
    """The models of a provider by id; none of a provider that the table does not know."""
    common = _table()["providers"].get(provider, {})
    models: dict[str, ModelFacts] = {}
    for row in common.get("models", ()):
        facts = _facts(provider, {**row, **_retirement(row, on_vertex)}, common)
        for model in row.get("ids", ()):
            models[model] = replace(facts, id=model)
        for model in row.get("floating", ()):
            models[model] = replace(facts, id=model, floating=True)
    return models


def _retirement(row: Mapping[str, Any], on_vertex: bool) -> Mapping[str, Any]:
    """The date, the index of its source and the successor."""
    where: Mapping[str, Any] = row.get("vertex", {}) if on_vertex else row
    return {key: where.get(key) for key in ("retires", "source", "successor")}


def _facts(provider: str, row: Mapping[str, Any], common: Mapping[str, Any]) -> ModelFacts:
    ranges = {**common["ranges"], **row.get("ranges", {})}
    source = _table()["sources"][row["source"]] if row["source"] is not None else {}
    return ModelFacts(
        provider=provider,
        id="",
        context_window=row.get("context"),
        max_output=row.get("output"),
        input_usd=row.get("in"),
        output_usd=row.get("out"),
        cached_usd=row.get("cached"),
        retires_on=row["retires"],
        retirement_source=source.get("page"),
        retirement_as_of=source.get("as_of"),
        successor=row["successor"],
        ranges={name: (low, high) for name, (low, high) in ranges.items()},
        unsupported=frozenset((*common["unsupported"], *row.get("unsupported", ()))),
        refused_efforts=frozenset(row.get("no_efforts", ())),
        lacks=frozenset(row.get("lacks", ())),
    )


def input_cost_usd(
    tokens: int, provider: str | None, model: str | None, price: Mapping[str, float] | None = None
) -> float | None:
    """US dollars for some tokens of input; None if the price of the model is not known.

    Args:
        price: From the profile: `input` in USD per million tokens; overrides the table.
    """
    per_million = (price or {}).get("input")
    if per_million is None:
        facts = find(provider or "", model or "")
        per_million = facts.input_usd if facts is not None else None
    return None if per_million is None else tokens * per_million / 1_000_000
