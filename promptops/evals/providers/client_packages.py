"""The packages with the clients of the built-in providers, and the extras that install them."""

from __future__ import annotations

from collections.abc import Mapping

from promptops.errors import UsageError
from promptops.evals.providers import COMPATIBLE
from promptops.model.config import ModelProfile
from promptops.model.distribution import install_command
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class ClientPackage:
    """A package with a provider's client.

    Attributes:
        name: Of the distribution.
        module: That is imported.
        version: The earliest tested one.
        extra: Of promptops, which installs it.
    """

    name: str
    module: str
    version: str
    extra: str


CLIENT_PACKAGES: Mapping[str, ClientPackage] = {
    COMPATIBLE: ClientPackage(name="openai", module="openai", version="3", extra="live"),
    "anthropic": ClientPackage(
        name="anthropic", module="anthropic", version="2.14", extra="anthropic"
    ),
    "gemini": ClientPackage(
        name="google-genai", module="google.genai", version="3.6", extra="gemini"
    ),
}
"""By the names of the providers."""


def missing_client(profile: ModelProfile, provider: str, error: ImportError) -> UsageError:
    """The error for a client that can't be imported, with the command that installs it."""
    package = CLIENT_PACKAGES[provider]
    return UsageError(
        f"calling `{profile.name}` needs the package `{package.name}`, "
        f"version {package.version} or later: {error}",
        hint=install_command(package.extra),
    )


def has_client(provider: str) -> bool:
    """Whether the package of a provider is installed; it is not imported."""
    from importlib.util import find_spec

    try:
        return find_spec(CLIENT_PACKAGES[provider].module) is not None
    except ModuleNotFoundError:  # of the package around the module
        return False
