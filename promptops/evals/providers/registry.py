"""The provider registry; the modules in this folder are discovered automatically.

Another package provides one by an entry point `promptops.providers`: a name, and a function that
creates the provider from a profile and its key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from urllib.parse import urlsplit

from promptops.analysis.models import NAMES_ELSEWHERE, is_well_known
from promptops.errors import UsageError
from promptops.evals.providers import COMPATIBLE, Batches, BatchProvider, Provider
from promptops.evals.providers.endpoint import (
    ADDRESS_VARIABLE,
    Approved,
    addressed,
    key_variable,
)
from promptops.evals.providers.redaction import guarded, guarded_batches
from promptops.model.config import ModelProfile
from promptops.model.distribution import install_command
from promptops.model.prompt import provider_name
from promptops.plugins import load, offer_of, offers, registered
from promptops.records import record
from promptops.runtime.request.api_limits import apis_of
from promptops.suggestions import did_you_mean

GROUP = "promptops.providers"
Factory = Callable[[ModelProfile, str | None], Provider]

_FOUND: dict[str, Factory] = {}


def provider(name: str) -> Callable[[Factory], Factory]:
    """Register a function as a provider; it gets a profile and its key, or None."""

    def register(factory: Factory) -> Factory:
        _FOUND[name] = factory
        return factory

    return register


@cache
def built_in() -> Mapping[str, str]:
    """The modules of the providers of this package, by name; their clients take long to import."""
    return registered(import_module("promptops.evals.providers"), "provider")


def provider_of(
    approved: Approved, environment: Mapping[str, str], *, plugins: bool = True
) -> Provider:
    """The provider for an approved profile; the API key comes from the environment only.

    Raises UsageError for an unknown provider, an invalid address and a missing key; InputError,
    with its name, for a plug-in that does not work.
    """
    profile, key, found = _made(approved, environment, plugins)
    return guarded(found, profile, key)


def batches_of(approved: Approved, environment: Mapping[str, str]) -> Batches | None:
    """The batch API for an approved profile; None if its provider has none.

    Raises UsageError and InputError as `provider_of` does.
    """
    profile, key, found = _made(approved, environment, plugins=True)
    if not isinstance(found, BatchProvider):
        return None
    return guarded_batches(found.batches(), profile, key)


def refuse_uncallable(approved: Approved, environment: Mapping[str, str]) -> None:
    """Raise UsageError for an unknown provider, an invalid address or a missing key.

    Imports no client and no plug-in.
    """
    profile = _addressed(approved, environment)
    if not is_known(profile):
        raise _unknown(profile)
    _key(profile, environment)


def _made(
    approved: Approved, environment: Mapping[str, str], plugins: bool
) -> tuple[ModelProfile, str | None, Provider]:
    """The profile with its address, its key, and its provider, which is not guarded yet."""
    profile = _addressed(approved, environment)
    factory = _factory(profile, plugins)
    key = _key(profile, environment)
    return profile, key, factory(profile, key)


def _addressed(approved: Approved, environment: Mapping[str, str]) -> ModelProfile:
    """The profile with its address; raises UsageError for an invalid one."""
    profile = addressed(approved.profile, environment)
    _refuse_no_address(approved.profile.base_url, f"models.{profile.name}.base_url")
    _refuse_no_address(profile.base_url, ADDRESS_VARIABLE)
    return profile


def names() -> frozenset[str]:
    """Of all providers in lower case, including plug-ins, which are not imported."""
    return frozenset((*built_in(), *(provider_name(offer.name) for offer in offers(GROUP))))


def is_known(profile: ModelProfile) -> bool:
    """Whether there is a provider for a profile; plug-ins are not imported."""
    return profile.base_url is not None or provider_name(profile.provider) in names()


def uncallable(profile: ModelProfile) -> tuple[str, str] | None:
    """Why there is no provider for a profile, and the fix; None if there is one."""
    if is_known(profile):
        return None
    name = provider_name(profile.provider)
    # The provider that calls an API by another of its names, such as `gemini` for `google`.
    apis = apis_of(name)
    own = apis[0].provider if len(apis) == 1 else NAMES_ELSEWHERE.get(provider_name(name))
    near = did_you_mean(name, names()) if own is None and not is_well_known(name) else None
    hint = f"use `{own}`" if own else near or _COMPATIBLE_ADDRESS
    return f"there is no provider `{profile.provider}`", hint


def _refuse_no_address(address: str | None, where: str) -> None:
    try:
        urlsplit(address or "").port  # noqa: B018 (it raises for an invalid port)
    except ValueError:
        raise UsageError("this is not a valid address", where=where) from None
    if address and "://" not in address:
        raise UsageError("the address has no `http://` or `https://`", where=where, hint=_SCHEME)


_COMPATIBLE_ADDRESS = "set `base_url` in its profile to a server with an OpenAI-compatible API"
_SCHEME = "add `http://` for a server on this machine, else `https://`"


def _factory(profile: ModelProfile, plugins: bool) -> Factory:
    name = provider_name(profile.provider)
    if name not in built_in():
        found = _plugin(name) if plugins else None
        if found is not None:
            return found
        if profile.base_url is None:
            raise _unknown(profile)
        name = COMPATIBLE
    try:
        import_module(built_in()[name])
    except ImportError as error:
        raise _missing_client(profile, CLIENT_PACKAGES[name], error) from None
    return _FOUND[name]


def _missing_client(
    profile: ModelProfile, package: ClientPackage, error: ImportError
) -> UsageError:
    return UsageError(
        f"calling `{profile.name}` needs the package `{package.name}`, "
        f"version {package.version} or later: {error}",
        hint=install_command(package.extra),
    )


def _unknown(profile: ModelProfile) -> UsageError:
    message, hint = uncallable(profile) or (f"there is no provider `{profile.provider}`", None)
    return UsageError(message, where=f"models.{profile.name}", hint=hint)


def _plugin(name: str) -> Factory | None:
    offered = (each.name for each in offers(GROUP))
    written = next((each for each in offered if provider_name(each) == name), name)
    offer = offer_of(GROUP, written, "provider")
    factory: Factory | None = load(offer) if offer is not None else None
    return factory


def _key(profile: ModelProfile, environment: Mapping[str, str]) -> str | None:
    variable = key_variable(profile)
    if variable is None:
        return None
    key = environment.get(variable, "").strip()
    if not key:
        raise UsageError(
            f"the API key of `{profile.name}` is not set",
            where=variable,
            hint=f"export {variable}=…",
        )
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"the API key of `{profile.name}` contains invalid characters",
            where=variable,
            hint="copy it again, as one line",
        )
    return key


# The packages with the clients of the built-in providers, and the extras that install them.


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


def has_client(provider: str) -> bool:
    """Whether the package of a provider is installed; it is not imported."""
    from importlib.util import find_spec

    try:
        return find_spec(CLIENT_PACKAGES[provider].module) is not None
    except ModuleNotFoundError:  # of the package around the module
        return False
