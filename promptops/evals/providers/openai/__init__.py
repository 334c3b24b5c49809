"""Asks any address that speaks OpenAI's API: chat completions, or another of it where told so."""

from __future__ import annotations

from promptops.errors import UsageError
from promptops.evals.providers import Provider
from promptops.evals.providers.registry import provider
from promptops.model.config import ModelProfile
from promptops.model.distribution import install_command


@provider("openai")
def openai(profile: ModelProfile, key: str | None) -> Provider:
    """Raises UsageError where the package that speaks it is missing."""
    try:
        from promptops.evals.providers.openai.asking import OpenAI
    except ImportError as error:
        raise UsageError(
            f"calling a model needs the package `openai`, version 3 or later: {error}",
            hint=install_command("live"),
        ) from None
    return OpenAI(profile, key)
