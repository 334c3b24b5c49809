"""Calls Claude models, and servers with an Anthropic-compatible API: the Messages API."""

from __future__ import annotations

from promptops.errors import UsageError
from promptops.evals.providers import Provider
from promptops.evals.providers.registry import provider
from promptops.model.config import ModelProfile
from promptops.model.distribution import install_command


@provider("anthropic")
def anthropic(profile: ModelProfile, key: str | None) -> Provider:
    """Raises UsageError if the `anthropic` package is missing."""
    try:
        from promptops.evals.providers.anthropic.client import Anthropic
    except ImportError as error:
        raise UsageError(
            f"calling `{profile.name}` needs the package `anthropic`, version 2.14 or later: "
            f"{error}",
            hint=install_command("anthropic"),
        ) from None
    return Anthropic(profile, key)
