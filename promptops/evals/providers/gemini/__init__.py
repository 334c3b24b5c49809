"""Calls Gemini models: the Gemini API (`generateContent`)."""

from __future__ import annotations

from promptops.evals.providers import Provider
from promptops.evals.providers.registry import missing_client, provider
from promptops.model.config import ModelProfile


@provider("gemini")
def gemini(profile: ModelProfile, key: str | None) -> Provider:
    """Raises UsageError if the `google-genai` package is missing."""
    try:
        from promptops.evals.providers.gemini.client import Gemini

        return Gemini(profile, key)
    except ImportError as error:
        raise missing_client(profile, "gemini", error) from None
