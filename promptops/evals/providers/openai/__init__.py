"""Calls servers with an OpenAI-compatible API: chat completions, or another API if configured."""

from __future__ import annotations

from promptops.evals.providers import Provider
from promptops.evals.providers.registry import missing_client, provider
from promptops.model.config import ModelProfile


@provider("openai")
def openai(profile: ModelProfile, key: str | None) -> Provider:
    """Raises UsageError if the `openai` package is missing."""
    try:
        from promptops.evals.providers.openai.client import OpenAI

        return OpenAI(profile, key)
    except ImportError as error:
        raise missing_client(profile, "openai", error) from None
