"""CFG001."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from promptops.analysis.models import covers, find, has_deployments, nearest, owner
from promptops.catalog.catalog import Catalog
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.prompt_model import (
    PromptModel,
    id_place,
    other_owner,
    prompt_model,
    provider_for,
)
from promptops.model.config import Config
from promptops.model.prompt import Prompt, provider_name
from promptops.suggestions import nearest_name

_PROVIDERS = ("openai", "anthropic", "google", "mistral", "deepseek", "xai", "groq", "cohere")


@rule("CFG001", severity=Severity.WARNING)
def unknown_model(prompt: Prompt, config: Config, catalog: Catalog) -> Iterator[Problem]:
    """The model of a prompt is in the table of known models or has a profile.

    The provider refuses a misspelt id on the first call in production. promptops can't check
    limits, prices or retirement of an unknown model.

    Define a private model as a profile in `promptops.toml`. The id of a profile is reported only
    if it is probably a misspelt known one: once, with the number of prompts that use the profile.
    A profile with a `base_url` and an id that differs only in its numbers, such as a newer version,
    are not reported. Neither are the ids of Azure, which are names that you chose. A prompt without
    a model is not reported, because its caller chooses. A profile that does not exist is an error
    (CFG014), and so is a profile with the model of another provider (CFG020).

    Bad:
        model: {provider: openai, id: gpt-5.4-mni}

    Bad:
        --- promptops.toml
        [models.fast]
        provider = "openai"
        id = "gpt-5.4-mni"
        --- prompts/ask.prompt.yaml
        format: promptops/1
        model: {profile: fast}
        messages:
          - {role: user, content: Say hello.}

    Good:
        model: {provider: openai, id: gpt-5.4-mini-2026-03-17}

    Good:
        --- promptops.toml
        [models.own]
        provider = "acme"
        id = "acme-7b"
        --- prompts/ask.prompt.yaml
        format: promptops/1
        model: {profile: own}
        messages:
          - {role: user, content: Say hello.}
    """
    profile = prompt_model(prompt, config)
    if profile is not None and profile.profile is not None:
        yield from _misspelt(profile, catalog)
        return
    model = prompt.model
    if model.profile is None and model.provider is not None and model.id is not None:
        profiles = {
            (provider_name(profile.provider), profile.id) for profile in config.models.values()
        }
        written = (provider_name(model.provider), model.id)
        if written in profiles or find(*written) or has_deployments(model.provider):
            return
        near_owner = None if covers(model.provider) else _nearest_provider(model.provider)
        if near_owner is not None:
            message = f"the provider `{model.provider}` is not known"
            yield _unknown(prompt, "/model/provider", message, near_owner, "")
            return
        other = other_owner(model.provider, model.id)
        if other is not None:
            message = f"`{model.id}` is a model of {other}, not of {model.provider}"
            write = f"write `provider: {provider_for(other)}`"
            hint = f"{write}, or define a profile with the `base_url` of a gateway"
            yield Problem(message, at="/model/id", hint=hint)
            return
        message = f"`{model.id}` of {model.provider} is not known"
        hint = "if it is your own model, define it as a profile in promptops.toml"
        near = nearest(model.id, model.provider)
        yield _unknown(prompt, "/model/id", message, near, hint)


def _misspelt(model: PromptModel, catalog: Catalog) -> Iterator[Problem]:
    """The id of a profile, if it is probably a misspelt one."""
    own_server = model.profile is not None and model.profile.base_url is not None
    if own_server or model.facts is not None or not covers(model.provider):
        return
    near = nearest(model.id, model.provider) if owner(model.id) is None else None
    if near is not None and not _is_another_version(model.id, near):
        message = f"`{model.id}` of {model.provider} is not known"
        yield Problem(message, at=id_place(model, catalog), hint=f"did you mean `{near}`?")


def _is_another_version(written: str, known: str) -> bool:
    """Whether two ids differ only in their digits: the written one may be newer than the table."""
    letters = [re.sub(r"[\W\d_]", "", each) for each in (written, known)]
    digits = [re.sub(r"\D", "", each) for each in (written, known)]
    return letters[0] == letters[1] and digits[0] != digits[1]


def _nearest_provider(written: str) -> str | None:
    return nearest_name(written.lower(), _PROVIDERS, 0.75)


def _unknown(prompt: Prompt, at: str, message: str, near: str | None, otherwise: str) -> Problem:
    if near is None:
        return Problem(message, at=at, hint=otherwise)
    fix = Fix((Edit(prompt.locate(at, False), json.dumps(near)),))
    return Problem(message, at=at, hint=f"did you mean `{near}`?", fix=fix)
