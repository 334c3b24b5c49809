"""Offers of profiles, providers and models."""

from __future__ import annotations

from lsprotocol.types import CompletionItemKind as Kind

from promptops.analysis import models
from promptops.lsp.offers.offer import Offer
from promptops.model.config import Config


def profile_offers(config: Config) -> list[Offer]:
    """The profiles of the configuration."""
    return [
        Offer(label=each.name, kind=Kind.Constant, detail=f"{each.provider} {each.id}", rank=2)
        for each in config.models.values()
    ]


def provider_offers() -> list[Offer]:
    """The providers that the table of models knows."""
    return [Offer(label=name, kind=Kind.Constant) for name in sorted(models.providers())]


def model_offers(provider: str) -> list[Offer]:
    """The models of a provider that the table knows; none without a provider."""
    found = models.known(provider) if provider else {}
    return [
        Offer(label=name, kind=Kind.Constant, detail=_retirement(each.retires_on))
        for name, each in found.items()
    ]


def _retirement(date: str | None) -> str:
    return f"retires on {date}" if date else ""
