"""Calls servers with an OpenAI-compatible API: chat completions, or another API if configured."""

from __future__ import annotations

from promptops.errors import UsageError
from promptops.evals.providers import Provider
from promptops.evals.providers.registry import provider
from promptops.model.config import ModelProfile
from promptops.model.distribution import install_command


@provider("openai")
def openai(profile: ModelProfile, key: str | None) -> Provider:
    """Raises UsageError if the `openai` package is missing."""
    try:
        from promptops.evals.providers.openai.client import OpenAI
    except ImportError as error:
        raise UsageError(
            f"calling a model needs the package `openai`, version 3 or later: {error}",
            hint=install_command("live"),
        ) from None
    return OpenAI(profile, key)
