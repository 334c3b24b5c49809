"""What is known of the models that prompts name: limits, prices, retirement, accepted parameters.

The table lies beside this file and is rebuilt by `scripts/update_models.py`. It is read when first
asked, and never fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from promptops.nearest import MAX_CATALOG_CHARS, nearest_name
from promptops.patterns import lazy_pattern
from promptops.records import field, record

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
# What stands around an id: a region, the word `models/`, a fine-tuned model's owner.
_AROUND = lazy_pattern(
    r"(?:models/|ft:|(?:us|eu|apac|au|jp|ca|sa|us-gov|global)\.)([^:]+(?::\d+)?).*"
)


@record(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A known model. None where a fact is not known.

    Attributes:
        provider: In the table's name: openai, anthropic, google, mistral, deepseek, xai, groq,
            meta, cohere or amazon.
        id: The canonical id, or the one that was asked for.
        context_window: Tokens of prompt and answer together.
        max_output: Tokens of an answer.
        input_usd, output_usd, cached_usd: US dollars for a million tokens; `cached_usd` for input
            read from the provider's cache. Where a price has steps, the first one.
        retires_on: The day from which requests fail, as `YYYY-MM-DD`; may be past.
        retirement_source: The page that announced it.
        successor: The id the provider recommends in its place.
        floating: The name moves on to newer models, so that a release does not hold it still.
        ranges: Least and greatest value accepted, by parameter in neutral names. Equal ends mean
            that only the default is accepted.
        unsupported: Parameters the model refuses.
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
    successor: str | None = None
    floating: bool = False
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    unsupported: frozenset[str] = frozenset()


def find(provider: str, model: str) -> ModelFacts | None:
    """The facts of a model by any of its ids, or None when it is not in the table."""
    models = _models(canonical_provider(provider))
    around = _AROUND.fullmatch(model)
    return models.get(model) or (models.get(around[1]) if around else None)


def nearest(model: str, provider: str | None = None) -> str | None:
    """The known id that is most like one, of a provider or of all; None when none is like it."""
    name = canonical_provider(provider) if provider else None
    owners = [owner for owner in _table()["providers"] if name in (None, owner)]
    known = sorted({known for owner in owners for known in _models(owner)})
    return nearest_name(model, known, 0.8, MAX_CATALOG_CHARS)


def covers(provider: str) -> bool:
    """Whether the table speaks of a provider: of others no model is unknown."""
    return canonical_provider(provider) in _table()["providers"]


def providers() -> frozenset[str]:
    """The names of providers that the table knows, with their other names."""
    return frozenset((*_table()["providers"], *_PROVIDERS))


def canonical_provider(provider: str) -> str:
    """The table's name of a provider: `gemini` and `vertex` are `google`."""
    lower = provider.lower()
    return _PROVIDERS.get(lower, lower)


def made() -> str:
    """The day the table was made, as `YYYY-MM-DD`."""
    return str(_table()["made"])


@cache
def _table() -> Mapping[str, Any]:
    table: dict[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


@cache
def _models(provider: str) -> Mapping[str, ModelFacts]:
    """The models of a provider by id; none of a provider that the table does not know."""
    facts = _table()["providers"].get(provider, {})
    models: dict[str, ModelFacts] = {}
    for row in facts.get("models", ()):
        for model in row.get("ids", ()):
            models[model] = _facts(provider, model, row, facts, floating=False)
        for model in row.get("floating", ()):
            models[model] = _facts(provider, model, row, facts, floating=True)
    return models


def _facts(
    provider: str, model: str, row: Mapping[str, Any], common: Mapping[str, Any], *, floating: bool
) -> ModelFacts:
    ranges = {**common["ranges"], **row.get("ranges", {})}
    sources = _table()["sources"]
    return ModelFacts(
        provider=provider,
        id=model,
        context_window=row.get("context"),
        max_output=row.get("output"),
        input_usd=row.get("in"),
        output_usd=row.get("out"),
        cached_usd=row.get("cached"),
        retires_on=row.get("retires"),
        retirement_source=sources[row["source"]] if "source" in row else None,
        successor=row.get("successor"),
        floating=floating,
        ranges={name: (low, high) for name, (low, high) in ranges.items()},
        unsupported=frozenset((*common["unsupported"], *row.get("unsupported", ()))),
    )
