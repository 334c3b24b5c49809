"""Retirement dates for `update_models.py`, each with its source and the date of the source.

Three sources, the earlier one has precedence:

1. `model_retirements.json`, dates from the providers' pages that no package has, or has wrong;
2. the `anthropic` SDK, which warns about its own models (`DEPRECATED_MODELS`);
3. `litellm`, which names the page of each date; it has dates for Vertex AI, too.

If two sources disagree, the table has the date of the first one, and the others beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PUBLISHED = {"litellm 1.110.2": "2026-11-20", "anthropic 2.14.0": "2026-11-24"}
"""The days on which the packages were uploaded to the package index, which are not in them."""

PAGES = {
    "anthropic": "https://platform.claude.com/docs/en/about-claude/model-deprecations",
    "openai": "https://developers.openai.com/api/docs/deprecations",
    "google": "https://ai.google.dev/gemini-api/docs/deprecations",
    "vertex": "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/model-versions",
    "mistral": "https://docs.mistral.ai/models/overview",
    "xai": "https://docs.x.ai/docs/release-notes",
    "deepseek": "https://api-docs.deepseek.com/updates",
    "amazon": "https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html",
}
"""The page of a date for which a package names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a date is from.

    Attributes:
        page: The provider's announcement, or the best page there is.
        as_of: The day of the copy of that page, as `YYYY-MM-DD`: it may have changed since then.
        via: The package or repository that has the copy; "" for the page itself.
    """

    page: str
    as_of: str
    via: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """The first day on which requests fail, `YYYY-MM-DD`."""

    day: str
    source: Source
    successor: str | None = None


def retirements(provider: str, model: str, limits: Mapping[str, Any]) -> list[Retirement]:
    """What each source has about a model, the best one first; `limits` are litellm's facts."""
    found = [*_written(provider, model), *_of_sdk(provider, model), *in_litellm(provider, limits)]
    successors = [each.successor for each in found if each.successor]
    first = found[:1]
    if first and successors:
        first = [Retirement(day=first[0].day, source=first[0].source, successor=successors[0])]
    return [*first, *found[1:]]


def written_ids(provider: str) -> Iterator[str]:
    """The models of `model_retirements.json`, which the packages may not have any more."""
    for entry in _entries():
        if entry["provider"] == provider:
            for row in entry["models"]:
                yield from row["ids"].split()


def in_litellm(provider: str, limits: Mapping[str, Any]) -> Iterator[Retirement]:
    """The date in litellm's facts of a model."""
    day = limits.get("deprecation_date")
    if day:
        page = limits.get("deprecation_source") or PAGES[provider]
        successor = (limits.get("successor_model") or "").rpartition("/")[2]
        yield Retirement(day=day, source=_package("litellm", page), successor=successor or None)


def _written(provider: str, model: str) -> Iterator[Retirement]:
    for entry in _entries():
        for row in entry["models"] if entry["provider"] == provider else ():
            if model in row["ids"].split():
                via = entry.get("via", "")
                source = Source(page=entry["page"], as_of=entry["as_of"], via=via)
                yield Retirement(day=row["retires"], source=source, successor=row.get("successor"))


def _of_sdk(provider: str, model: str) -> Iterator[Retirement]:
    if provider != "anthropic" or not find_spec("anthropic"):
        return
    from anthropic.resources.messages.messages import DEPRECATED_MODELS

    written = DEPRECATED_MODELS.get(model)
    if written:
        day = datetime.strptime(re.sub(r"(?<=\d)(st|nd|rd|th)", "", written), "%B %d, %Y")
        source = _package("anthropic", PAGES["anthropic"])
        yield Retirement(day=day.date().isoformat(), source=source)


def _package(name: str, page: str) -> Source:
    via = f"{name} {version(name)}"
    if via not in PUBLISHED:
        raise SystemExit(f"add to PUBLISHED the day on which {via} was uploaded")
    return Source(page=page, as_of=PUBLISHED[via], via=via)


def _entries() -> list[dict[str, Any]]:
    path = Path(__file__).with_name("model_retirements.json")
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found
