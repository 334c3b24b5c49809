"""Rebuild promptops/analysis/models.json, the table of known models.

Run it in an environment of its own, with `genai-prices` (prices, names) and `litellm` (limits,
dates of retirement and where they were announced; its data file is read, it is not imported):

    python scripts/update_models.py promptops/analysis/models.json

Facts are taken, no text. What neither package knows stands in the tables below.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from genai_prices import data as prices  # type: ignore[import-not-found]

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

# Retired so long ago that the packages dropped the date; from the providers' deprecation pages.
_ANTHROPIC = "https://platform.claude.com/docs/en/about-claude/model-deprecations"
_OPENAI = "https://developers.openai.com/api/docs/deprecations"
RETIRED = {
    "anthropic": (
        _ANTHROPIC,
        {
            "2024-11-06": "claude-instant-1.2 claude-1.3",
            "2025-07-21": "claude-2.0 claude-2.1 claude-3-sonnet-20240229",
            "2025-10-28": "claude-3-5-sonnet-20240620 claude-3-5-sonnet-20241022"
            " claude-3-5-sonnet-latest",
            "2026-01-05": "claude-3-opus-20240229 claude-3-opus-latest",
            "2026-02-19": "claude-3-7-sonnet-20250219 claude-3-7-sonnet-latest"
            " claude-3-5-haiku-20241022 claude-3-5-haiku-latest",
            "2026-04-20": "claude-3-haiku-20240307",
            "2026-06-15": "claude-sonnet-4-20250514 claude-sonnet-4-0 claude-opus-4-20250514"
            " claude-opus-4-0",
            "2026-08-05": "claude-opus-4-1-20250805 claude-opus-4-1",
        },
    ),
    "openai": (
        _OPENAI,
        {
            "2024-01-04": "text-davinci-003 text-davinci-002 text-davinci-001 davinci curie babbage"
            " ada text-curie-001 text-ada-001",
            "2024-09-13": "gpt-3.5-turbo-0301 gpt-3.5-turbo-0613 gpt-3.5-turbo-16k-0613",
            "2024-12-06": "gpt-4-vision-preview gpt-4-1106-vision-preview",
            "2025-06-06": "gpt-4-32k gpt-4-32k-0613 gpt-4-32k-0314",
            "2025-07-14": "gpt-4.5-preview gpt-4.5-preview-2025-02-27",
            "2025-07-28": "o1-preview o1-preview-2024-09-12",
            "2025-10-27": "o1-mini o1-mini-2024-09-12",
            "2026-02-12": "codex-mini-latest",
            "2026-02-17": "chatgpt-4o-latest",
            "2026-03-26": "gpt-4-0314 gpt-4-0125-preview gpt-4-turbo-preview",
        },
    ),
}

PAGES = {
    "google": "https://ai.google.dev/gemini-api/docs/deprecations",
    "mistral": "https://docs.mistral.ai/getting-started/models/models_overview",
    "xai": "https://docs.x.ai/docs/release-notes",
    "deepseek": "https://api-docs.deepseek.com/updates",
    "amazon": "https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html",
}

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
    sources: list[str] = []
    return {
        "made": made.isoformat(),
        "sources": sources,
        "providers": {name: provider(name, sources) for name in PROVIDERS},
    }


def dumped(value: dict[str, Any]) -> str:
    """One model per line, so that diffs of the table are readable."""
    head = {"made": value["made"], "sources": value["sources"]}
    lines = [json.dumps(head, separators=(",", ":"))[:-1] + ',"providers":{']
    blocks = []
    for name, facts in value["providers"].items():
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in facts["models"])
        rest = {key: item for key, item in facts.items() if key != "models"}
        start = json.dumps(rest, separators=(",", ":"))[:-1]
        blocks.append(f'"{name}":{start},"models":[\n{rows}]}}')
    return "\n".join(lines) + "\n" + ",\n".join(blocks) + "}}\n"


def provider(name: str, sources: list[str]) -> dict[str, Any]:
    """Models of a provider, one row per set of facts: `ids` are fixed, `floating` ones change."""
    limits: dict[str, Mapping[str, Any]] = {}
    for model, facts in limits_of(name):
        if facts.get("deprecation_date") or model not in limits:
            limits[model] = facts
    ids = sorted({*limits, *priced_ids(name), *retired_ids(name)})
    rows: dict[str, dict[str, Any]] = {}
    for model in ids:
        facts = facts_of(name, model, limits.get(model, {}), sources)
        key = json.dumps([family(model), facts], sort_keys=True)
        row = rows.setdefault(key, {"ids": [], "floating": [], **facts})
        row["floating" if floats(model, ids) else "ids"].append(model)
    models = [{key: item for key, item in row.items() if item != []} for row in rows.values()]
    return {"ranges": RANGES[name], "unsupported": UNSUPPORTED.get(name, ()), "models": models}


def limits_of(name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    _, theirs, prefix = PROVIDERS[name]
    spec = find_spec("litellm")
    if not spec or not spec.origin:
        raise SystemExit("litellm is not installed")
    path = Path(spec.origin).with_name("model_prices_and_context_window_backup.json")
    for model, facts in json.loads(path.read_text(encoding="utf-8")).items():
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


def retired_ids(name: str) -> Iterator[str]:
    for models in RETIRED.get(name, ("", {}))[1].values():
        yield from models.split()


def is_text(name: str, model: str) -> bool:
    if name == "amazon" and (REGION.match(model) or not AMAZON_OWN.match(model)):
        return False
    if "claude" in model and name not in ("anthropic", "amazon"):
        return False
    return not NO_TEXT.search(model)


def facts_of(
    name: str, model: str, limits: Mapping[str, Any], sources: list[str]
) -> dict[str, Any]:
    info = info_of(name, model)
    # One package has the context window, the other the part of it that is left for input.
    context = max(limits.get("max_input_tokens") or 0, (info and info.context_window) or 0)
    facts = {
        "context": context or None,
        "output": limits.get("max_output_tokens"),
        **price_of(name, model, limits),
        **retirement_of(name, model, limits, sources),
        "ranges": own_ranges(name, model, limits),
        "unsupported": own_unsupported(name, limits),
    }
    return {key: value for key, value in facts.items() if value not in (None, (), {})}


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
    name: str, model: str, limits: Mapping[str, Any], sources: list[str]
) -> dict[str, Any]:
    """The date, and the index of the page that announced it."""
    page, days = RETIRED.get(name, (PAGES.get(name, ""), {}))
    day = next((day for day, models in days.items() if model in models.split()), None)
    if limits.get("deprecation_date"):
        day, page = limits["deprecation_date"], limits.get("deprecation_source", page)
    if not day:
        return {}
    if page not in sources:
        sources.append(page)
    found = {"retires": day, "source": sources.index(page)}
    successor = limits.get("successor_model")
    return {**found, "successor": successor.rpartition("/")[2]} if successor else found


def own_ranges(name: str, model: str, limits: Mapping[str, Any]) -> Mapping[str, Any]:
    if name == "openai" and REASONS_ONLY.fullmatch(model):
        return FIXED_OPENAI
    return FIXED if limits.get("supports_sampling_params") is False else {}


def own_unsupported(name: str, limits: Mapping[str, Any]) -> tuple[str, ...]:
    thinks = limits.get("supports_reasoning") or not limits or name != "openai"
    return () if thinks else ("reasoning_effort",)


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
