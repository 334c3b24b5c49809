"""CFG020."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog, profile_place
from promptops.lint import Problem, Severity, rule
from promptops.lint.prompt_model import other_owner, provider_for


@rule("CFG020", severity=Severity.ERROR)
def foreign_model(catalog: Catalog) -> Iterator[Problem]:
    """The model of a profile is not one of another provider.

    Without `base_url`, the request goes to the provider's own address. OpenAI, Anthropic and Google
    have only their own models there. An id that promptops does not know is not reported, and
    nothing is reported for a profile with a `base_url`: a gateway has models of many providers, and
    a server of your own has the ids that you chose.

    If the address of a gateway is only in the environment (`OPENAI_BASE_URL`), write it into the
    profile.

    Bad:
        --- promptops.toml
        [models.claude]
        provider = "openai"
        id = "claude-opus-5"

    Good:
        --- promptops.toml
        [models.claude]
        provider = "anthropic"
        id = "claude-opus-5"

    Good:
        --- promptops.toml
        [models.claude]
        provider = "openai"
        id = "claude-opus-5"
        base_url = "https://gateway.acme.example/v1"
    """
    for name, profile in catalog.config.models.items():
        other = other_owner(profile.provider, profile.id) if profile.base_url is None else None
        if other is not None:
            message = f"`{profile.id}` is a model of {other}, not of {profile.provider}"
            place = profile_place(catalog, name, "id", profile.id)
            hint = f'write `provider = "{provider_for(other)}"`, or set the `base_url` of a gateway'
            yield Problem(message, at=place, hint=hint)
