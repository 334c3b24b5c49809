"""Rebuild promptops/analysis/models.json, the table of known models.

Run it in an environment of its own, with `genai-prices` (prices, names), `litellm` (limits,
retirement dates and their sources; the script reads its data file and does not import it) and
`anthropic` (retirement dates):

    python scripts/update_models.py promptops/analysis/models.json

The table has facts, no text. Facts that no package has are in the tables below and, for
retirement dates, in `model_retirements.json`. Providers: those of PROVIDERS.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from genai_prices import data as prices  # type: ignore[import-not-found]
from model_limits import (
    refused_combinations,
    refused_efforts,
    refused_features,
    refused_params,
    thinking_budget,
)
from model_retirements import Retirement, Source, in_litellm, retirements, written_ids

# Our name of a provider: (name in genai-prices, names in litellm, prefix of its ids there).
PROVIDERS = {
    "openai": ("openai", ("openai", "text-completion-openai"), ""),
    "anthropic": ("anthropic", ("anthropic",), ""),
    "google": ("google", ("gemini",), "gemini/"),
    "mistral": ("mistral", ("mistral",), "mistral/"),
    "deepseek": ("deepseek", ("deepseek",), "deepseek/"),
    "xai": ("x-ai", ("xai",), "xai/"),
    "groq": ("groq", ("groq",), "groq/"),
    "meta": ("meta", ("meta_llama",), "meta_llama/"),
    "cohere": ("cohere", ("cohere", "cohere_chat"), ""),
    "amazon": ("aws", ("bedrock", "bedrock_converse"), ""),
}

# The parameters that each provider's reference documents; models have further limits.
RANGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "openai": {
        "temperature": (0, 2),
        "top_p": (0, 1),
        "frequency_penalty": (-2, 2),
        "presence_penalty": (-2, 2),
    },
    "anthropic": {"temperature": (0, 1), "top_p": (0, 1)},
    "google": {"temperature": (0, 2), "top_p": (0, 1)},
    "mistral": {"temperature": (0, 1.5), "top_p": (0, 1)},
    "deepseek": {"temperature": (0, 2), "top_p": (0, 1)},
    "xai": {"temperature": (0, 2), "top_p": (0, 1)},
    "groq": {"temperature": (0, 2), "top_p": (0, 1)},
    "meta": {"top_p": (0, 1)},
    "cohere": {"temperature": (0, 1), "top_p": (0.01, 0.99)},
    "amazon": {"temperature": (0, 1), "top_p": (0, 1)},
}
UNSUPPORTED = {
    "anthropic": ("frequency_penalty", "presence_penalty", "seed"),
    "amazon": ("frequency_penalty", "presence_penalty", "seed"),
}
# If sampling is fixed, only the default is accepted.
FIXED = {"temperature": (1, 1), "top_p": (0.99, 1)}
FIXED_OPENAI = {
    "temperature": (1, 1),
    "top_p": (1, 1),
    "frequency_penalty": (0, 0),
    "presence_penalty": (0, 0),
}
REASONS_ONLY = re.compile(r"(o[134](-(mini|pro|preview))?|gpt-5(-(mini|nano|pro))?)(-\d{4}-.*)?")

NO_TEXT = re.compile(
    r"image|audio|tts|realtime|transcri|embed|whisper|live|moderation|^ft:|sora|veo|imagen|lyria"
    r"|robotics|speech|voice|ocr|guard|rerank|parse|translate|computer-use|sonic|canvas|reel|orpheus"
    r"|/\d|dall-e|omni-mod|learnlm|aqa|allam|^claude-((opus|sonnet)-4|v1)$|free$|extended$|high$"
    r"|^gpt-(5-\d(?!\d)|35)|^gpt-\d-\d-|^gpt-3.5-0"  # how other sellers spell OpenAI's
)
AMAZON_OWN = re.compile(r"(amazon\.(nova|titan-text)|anthropic\.|meta\.llama|mistral\.|deepseek\.)")
REGION = re.compile(r"(us|eu|apac|au|jp|ca|sa|me|af|us-gov|global)\.")
# From 4.6 on Anthropic's names have no date, but each still names one snapshot.
UNDATED_AND_FIXED = re.compile(r"claude-[a-z]+-(4-[6-9]|[5-9].*)")
DATED = re.compile(r"(-\d{4}-\d{2}-\d{2}|-\d{8}|-\d{4}|-\d{2}-\d{4}|-preview-\d{2}-\d{2}|-00\d)$")


def main() -> None:
    parser = argparse.ArgumentParser(description="Rebuild the table of known models.")
    parser.add_argument("target", type=Path)
    parser.add_argument("--made", type=date.fromisoformat, default=datetime.now(tz=UTC).date())
    arguments = parser.parse_args()
    arguments.target.write_text(dumped(table(arguments.made)), encoding="utf-8")


def table(made: date) -> dict[str, Any]:
    sources: list[Source] = []
    providers = {name: provider(name, sources) for name in PROVIDERS}
    return {
        "made": made.isoformat(),
        "sources": [{k: v for k, v in asdict(each).items() if v} for each in sources],
        "providers": providers,
    }


def dumped(value: dict[str, Any]) -> str:
    """One model per line, so that diffs of the table are readable."""
    sources = ",\n".join(json.dumps(each, separators=(",", ":")) for each in value["sources"])
    lines = [f'{{"made":"{value["made"]}","sources":[', sources, '],"providers":{']
    blocks = []
    for name, facts in value["providers"].items():
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in facts["models"])
        rest = {key: item for key, item in facts.items() if key != "models"}
        start = json.dumps(rest, separators=(",", ":"))[:-1]
        blocks.append(f'"{name}":{start},"models":[\n{rows}]}}')
    return "\n".join(lines) + "\n" + ",\n".join(blocks) + "}}\n"


def provider(name: str, sources: list[Source]) -> dict[str, Any]:
    """Models of a provider, one row per set of facts: `ids` are fixed, `floating` ones change."""
    limits: dict[str, Mapping[str, Any]] = {}
    for model, facts in limits_of(name):
        if facts.get("deprecation_date") or model not in limits:
            limits[model] = facts
    ids = sorted({*limits, *priced_ids(name), *written_ids(name)})
    rows: dict[str, dict[str, Any]] = {}
    for model in ids:
        facts = facts_of(name, model, limits.get(model, {}), sources)
        key = json.dumps([family(model), facts], sort_keys=True)
        row = rows.setdefault(key, {"ids": [], "floating": [], **facts})
        row["floating" if floats(model, ids) else "ids"].append(model)
    models = [{key: item for key, item in row.items() if item != []} for row in rows.values()]
    return {"ranges": RANGES[name], "unsupported": UNSUPPORTED.get(name, ()), "models": models}


@cache
def litellm() -> Mapping[str, Mapping[str, Any]]:
    spec = find_spec("litellm")
    if not spec or not spec.origin:
        raise SystemExit("litellm is not installed")
    path = Path(spec.origin).with_name("model_prices_and_context_window_backup.json")
    found: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def limits_of(name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    _, theirs, prefix = PROVIDERS[name]
    for model, facts in litellm().items():
        known = facts.get("litellm_provider") in theirs and facts.get("max_input_tokens")
        if known and facts.get("mode") in ("chat", "completion", "responses"):
            short = model.removeprefix(prefix).removeprefix(f"{theirs[0]}/")
            if is_text(name, short):
                yield short, facts


def priced_ids(name: str) -> Iterator[str]:
    for info in priced(name).models:
        clauses = getattr(info.match, "or_", [info.match])
        for model in (clause.equals for clause in clauses if hasattr(clause, "equals")):
            if is_text(name, model) and price_of(name, model).get("in") and "/" not in model:
                yield model


def is_text(name: str, model: str) -> bool:
    if name == "amazon" and (REGION.match(model) or not AMAZON_OWN.match(model)):
        return False
    if "claude" in model and name not in ("anthropic", "amazon"):
        return False
    return not NO_TEXT.search(model)


def facts_of(
    name: str, model: str, limits: Mapping[str, Any], sources: list[Source]
) -> dict[str, Any]:
    info = info_of(name, model)
    # One package has the context window, the other the part of it that is left for input.
    context = max(limits.get("max_input_tokens") or 0, (info and info.context_window) or 0)
    facts = {
        "context": context or None,
        "output": limits.get("max_output_tokens"),
        **price_of(name, model, limits),
        **retirement_of(name, model, limits, sources),
        "vertex": vertex_retirement(name, model, sources),
        "ranges": own_ranges(name, model, limits),
        "unsupported": refused_params(name, model, limits),
        "lacks": [*refused_features(name, limits), *refused_combinations(name, model)],
        "no_efforts": refused_efforts(name, model, limits),
    }
    return {key: value for key, value in facts.items() if value not in (None, (), {}, [])}


def price_of(name: str, model: str, limits: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """US dollars per million tokens, below the first step of a stepped price."""
    info = info_of(name, model)
    if info:
        price = info.get_prices(datetime.now(tz=UTC))
        found = {
            "in": base(price.input_mtok),
            "out": base(price.output_mtok),
            "cached": base(price.cache_read_mtok),
        }
        if found["in"] is not None:
            return found
    per_token = {"in": "input_cost_per_token", "out": "output_cost_per_token"}
    return {key: millions((limits or {}).get(cost)) for key, cost in per_token.items()}


def base(price: Any) -> float | None:
    value = getattr(price, "base", price)
    return None if value is None else number(float(value))


def millions(price: float | None) -> float | None:
    return number(round(price * 1_000_000, 6)) if price else None


def number(value: float) -> float:
    return int(value) if value == int(value) else value


def info_of(name: str, model: str) -> Any:
    return next((info for info in priced(name).models if info.match.is_match(model)), None)


def priced(name: str) -> Any:
    return next(known for known in prices.providers if known.id == PROVIDERS[name][0])


def retirement_of(
    name: str, model: str, limits: Mapping[str, Any], sources: list[Source]
) -> dict[str, Any]:
    """The date with its source, and the different dates that other sources have."""
    found = retirements(name, model, limits)
    if not found:
        return {}
    first, *others = [dated(each, sources) for each in found]
    different = [each for each in others if each["retires"] != first["retires"]]
    return {**first, "disputed": different} if different else first


def vertex_retirement(name: str, model: str, sources: list[Source]) -> dict[str, Any] | None:
    """The date on Vertex AI, which has a schedule of its own."""
    facts = litellm().get(model, {}) if name == "google" else {}
    if facts.get("litellm_provider") != "vertex_ai-language-models":
        return None
    found = list(in_litellm("vertex", facts))
    return dated(found[0], sources) if found else None


def dated(retirement: Retirement, sources: list[Source]) -> dict[str, Any]:
    if retirement.source not in sources:
        sources.append(retirement.source)
    found = {"retires": retirement.day, "source": sources.index(retirement.source)}
    return {**found, "successor": retirement.successor} if retirement.successor else found


def own_ranges(name: str, model: str, limits: Mapping[str, Any]) -> Mapping[str, Any]:
    if name == "openai" and REASONS_ONLY.fullmatch(model):
        return FIXED_OPENAI
    if name == "google" and thinking_budget(model):
        return {"thinking_budget": thinking_budget(model)}
    return FIXED if limits.get("supports_sampling_params") is False else {}


def family(model: str) -> str:
    """A name without its date and without `-latest`."""
    return DATED.sub("", model).removesuffix("-latest")


def floats(model: str, ids: list[str]) -> bool:
    """Whether the name is floating: it ends in `-latest`, or also exists with a date."""
    if model.endswith("-latest") or model == "chat-latest":
        return True
    if UNDATED_AND_FIXED.fullmatch(model):
        return False
    return any(other != model and DATED.sub("", other) == model for other in ids)


if __name__ == "__main__":
    main()
