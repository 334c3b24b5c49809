"""The providers there are: each one a file or folder beside this, found by being there.

Another package offers one by an entry point `promptops.providers`: a name, and what makes the
provider from a profile and its key.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from urllib.parse import urlsplit

from promptops.errors import InputError, UsageError
from promptops.evals.providers import Provider
from promptops.evals.providers.guarded import guarded
from promptops.model.config import ModelProfile

GROUP = "promptops.providers"
COMPATIBLE = "openai"
"""Who asks an address that no provider is known for."""

Factory = Callable[[ModelProfile, str | None], Provider]

_FOUND: dict[str, Factory] = {}


def provider(name: str) -> Callable[[Factory], Factory]:
    """Make a provider of a function from a profile and its key, which is None where none is set."""

    def register(factory: Factory) -> Factory:
        _FOUND[name] = factory
        return factory

    return register


@cache
def built_in() -> Mapping[str, Factory]:
    """All providers of this package by name, in the order of their names."""
    package = import_module("promptops.evals.providers")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"promptops.evals.providers.{module.name}")
    return dict(sorted(_FOUND.items()))


def provider_of(
    profile: ModelProfile, environment: Mapping[str, str], *, plugins: bool = True
) -> Provider:
    """Who is asked for a profile; the key comes from the environment and from nowhere else.

    Raises UsageError where there is none of that name, its address is none or its key is not set,
    and InputError, with its name, for a plugin that does not work.
    """
    _refuse_no_address(profile)
    factory = _factory(profile, plugins)
    key = _key(profile, environment)
    return guarded(factory(profile, key), profile, key)


def _refuse_no_address(profile: ModelProfile) -> None:
    try:
        urlsplit(profile.base_url or "")
    except ValueError:
        where = f"models.{profile.name}.base_url"
        raise UsageError("that is no address", where=where) from None


def _factory(profile: ModelProfile, plugins: bool) -> Factory:
    name = profile.provider
    found = built_in().get(name) or (_plugin(name) if plugins else None)
    if found is None and profile.base_url is not None:
        found = built_in()[COMPATIBLE]
    if found is None:
        near = get_close_matches(name, built_in(), n=1)
        raise UsageError(
            f"there is no provider `{name}`",
            where=f"models.{profile.name}",
            hint=f"did you mean `{near[0]}`?"
            if near
            else "give its profile the `base_url` of a server that speaks OpenAI's API",
        )
    return found


def _plugin(name: str) -> Factory | None:
    from importlib.metadata import entry_points

    offers = list(entry_points(group=GROUP, name=name))
    if not offers:
        return None
    if len(offers) > 1:
        values = " and ".join(sorted(offer.value for offer in offers))
        raise InputError(f"two packages offer the provider `{name}`: {values}")
    try:
        factory: Factory = offers[0].load()
    except (Exception, SystemExit) as error:
        raise InputError(
            f"the plugin `{name}` can't be imported: {error}",
            where=offers[0].value,
            hint="mend or uninstall it",
        ) from error
    return factory


def _key(profile: ModelProfile, environment: Mapping[str, str]) -> str | None:
    variable = profile.api_key_env
    if variable is None and profile.provider == COMPATIBLE and profile.base_url is None:
        variable = "OPENAI_API_KEY"  # only for its own address: no other one gets it unasked
    if variable is None:
        return None
    key = environment.get(variable, "").strip()
    if not key:
        raise UsageError(
            f"the key of `{profile.name}` is not set",
            where=variable,
            hint=f"export {variable}=…",
        )
    if not (key.isascii() and key.isprintable()):
        raise UsageError(
            f"the key of `{profile.name}` holds characters that no key has",
            where=variable,
            hint="copy it again, as one line",
        )
    return key
