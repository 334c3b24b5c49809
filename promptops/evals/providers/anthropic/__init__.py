"""Calls Claude models, and servers with an Anthropic-compatible API: the Messages API."""

from __future__ import annotations

from promptops.evals.providers import Provider
from promptops.evals.providers.registry import missing_client, provider
from promptops.model.config import ModelProfile


@provider("anthropic")
def anthropic(profile: ModelProfile, key: str | None) -> Provider:
    """Raises UsageError if the `anthropic` package is missing."""
    try:
        from promptops.evals.providers.anthropic.client import Anthropic

        return Anthropic(profile, key)
    except ImportError as error:
        raise missing_client(profile, "anthropic", error) from None
