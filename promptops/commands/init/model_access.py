"""Check what calls of the configured models need: API keys, and the packages of clients."""

from __future__ import annotations

import os
from collections.abc import Iterator

from promptops.evals.providers import COMPATIBLE
from promptops.evals.providers.client_packages import CLIENT_PACKAGES, has_client
from promptops.evals.providers.endpoint import key_variable
from promptops.model.config import Config, ModelProfile
from promptops.model.distribution import install_command
from promptops.workspace.diagnosis import Diagnosis


def check_models(config: Config) -> Iterator[Diagnosis]:
    """Whether the key of each profile is set, whose value is never shown, and its client is there.

    Nothing is imported, and no model is called.
    """
    for profile in config.models.values():
        yield from _key(profile)
        yield from _client(profile)


def key_variables(config: Config) -> tuple[str, ...]:
    """The environment variables with the API keys of all profiles; that of OpenAI without any."""
    found = dict.fromkeys(key_variable(profile) for profile in config.models.values())
    return tuple(name for name in found if name) or ("OPENAI_API_KEY",)


def client_extras(config: Config) -> tuple[str, ...]:
    """The extras that install the clients of all profiles."""
    known = (CLIENT_PACKAGES.get(profile.provider) for profile in config.models.values())
    extras = dict.fromkeys(package.extra for package in known if package)
    others = any(profile.provider not in CLIENT_PACKAGES for profile in config.models.values())
    compatible = CLIENT_PACKAGES[COMPATIBLE].extra
    return tuple(extras | ({compatible: None} if others or not extras else {}))


def _key(profile: ModelProfile) -> Iterator[Diagnosis]:
    variable = key_variable(profile)
    if variable is None:
        return
    if os.environ.get(variable):
        yield Diagnosis(f"key of {profile.name}", "ok", f"{variable} is set")
    else:
        hint = f"export {variable}=…; needed only to call the model"
        yield Diagnosis(f"key of {profile.name}", "note", f"{variable} is not set", hint)


def _client(profile: ModelProfile) -> Iterator[Diagnosis]:
    """A note if the client of a built-in provider is not installed."""
    package = CLIENT_PACKAGES.get(profile.provider)
    if package is not None and not has_client(profile.provider):
        hint = f"{install_command(package.extra)}; needed only to call the model"
        message = f"the package `{package.name}` is not installed"
        yield Diagnosis(f"client of {profile.name}", "note", message, hint)
