"""CFG021."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.models import is_well_known
from promptops.catalog.catalog import Catalog, profile_place
from promptops.lint import Problem, Severity, rule
from promptops.model.config import ModelProfile
from promptops.model.prompt import provider_name
from promptops.runtime.request.api_limits import APIS

_CALLED = frozenset((*(api.provider for api in APIS.values()), "echo"))


@rule("CFG021", severity=Severity.WARNING)
def uncallable_provider(catalog: Catalog) -> Iterator[Problem]:
    """A profile of a known provider can be called.

    `run`, `test --record` and all other commands that request answers fail for a profile of a
    provider that promptops has no client for, such as Azure, Mistral or Bedrock. Most of them have
    an OpenAI-compatible API: set its address as `base_url`. `claude` and `google` are other names
    of `anthropic` and `gemini`.

    An application that renders the prompts can call any provider with a client of its own. If
    nothing else uses the profile, ignore the rule: `[lint] ignore = ["CFG021"]`. A private name,
    which promptops does not know, is not reported.

    Bad:
        --- promptops.toml
        [models.team]
        provider = "azure"
        id = "our-deployment"

    Bad:
        --- promptops.toml
        [models.claude]
        provider = "claude"
        id = "claude-opus-5"

    Good:
        --- promptops.toml
        [models.team]
        provider = "azure"
        id = "our-deployment"
        base_url = "https://gateway.acme.example/openai/v1"
        api_key_env = "AZURE_OPENAI_API_KEY"

    Good:
        --- promptops.toml
        [models.own]
        provider = "acme"
        id = "acme-7b"
    """
    for name, profile in catalog.config.models.items():
        if _may_be_uncallable(profile):
            # Plug-ins can have these names, too.
            from promptops.evals.providers.registry import uncallable

            found = uncallable(profile)
            if found is not None:
                message, hint = found
                yield Problem(
                    message,
                    at=profile_place(catalog, name, "provider", profile.provider),
                    hint=hint,
                )


def _may_be_uncallable(profile: ModelProfile) -> bool:
    name = provider_name(profile.provider)
    return profile.base_url is None and name not in _CALLED and is_well_known(name)
