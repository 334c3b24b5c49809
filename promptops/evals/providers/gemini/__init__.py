"""Calls Gemini models: the Gemini API (`generateContent`)."""

from __future__ import annotations

from promptops.errors import UsageError
from promptops.evals.providers import Provider
from promptops.evals.providers.registry import provider
from promptops.model.config import ModelProfile
from promptops.model.distribution import install_command


@provider("gemini")
def gemini(profile: ModelProfile, key: str | None) -> Provider:
    """Raises UsageError if the `google-genai` package is missing."""
    try:
        from promptops.evals.providers.gemini.client import Gemini

        return Gemini(profile, key)
    except ImportError as error:
        raise UsageError(
            f"calling `{profile.name}` needs the package `google-genai`, version 3.6 or later: "
            f"{error}",
            hint=install_command("gemini"),
        ) from None
